// What an observer hears of real children.
#include "cases.hpp"

#include "recorder.hpp"

#include <string>
#include <vector>

namespace {

using namespace cases;
using harness::recorder;
using spawnpipe::observation;
using spawnpipe::stop_policy;

TEST_CASE("[P4][P1] an observer hears how children ended, and why one did not start") {
  harness::leak_check nothing_left;
  recorder sink;
  auto watching = must(observation::begin(sink));
  for (const std::uint32_t code : {0U, 77U}) {
    sink.said.clear();
    sink.children.clear();
    sink.times.clear();
    const auto done = must(spawnpipe::run(harness::command("exit", code), {.until = patience()}));
    CHECK(sink.count("1 spawned " + std::to_string(code) + " out err") == 1);
    CHECK(sink.count("1 exited with code " + std::to_string(code)) == 1);
    CHECK(sink.count("1 out closed after 0") == 1);
    CHECK(sink.count("1 err closed after 0") == 1);
    CHECK(sink.said.size() == 4);
    const auto ended = static_cast<std::size_t>(sink.at("1 exited with code " + std::to_string(code)));
    CHECK(sink.times.at(ended) - sink.times.front() <= done.elapsed);
  }
  sink.said.clear();
  CHECK_FALSE(spawnpipe::spawn(spawnpipe::command("/no/such/program")).has_value());
  CHECK(sink.said == recorder::lines{"0 failed /no/such/program: exec"});
  REQUIRE(sink.why);
  CHECK(*sink.why == std::errc::no_such_file_or_directory);
}

TEST_CASE("[P3][W8] and how much went through their pipes") {
  harness::leak_check nothing_left;
  recorder sink;
  auto watching = must(observation::begin(sink));
  const std::string text = pattern::make(1'000'000);
  const auto done = must(spawnpipe::run(harness::command("cat", 4096, "both"), {.input = text, .until = patience()}));
  CHECK(done.success());
  CAPTURE(sink.text());
  CHECK(sink.count("1 in closed after 1000000") == 1);
  CHECK(sink.count("1 out closed after 1000000") == 1);
  CHECK(sink.count("1 err closed after 1000000") == 1);
  CHECK(sink.count("1 exited with code 0") == 1);
}

TEST_CASE("[R1] a pipe that nobody consumes pauses, and the pause has a length") {
  harness::leak_check nothing_left;
  recorder sink;
  auto watching = must(observation::begin(sink));
  auto running = must(spawnpipe::spawn(piped({.out = 4096}, "write", 1'000'000)));
  CHECK(running.wait(patience()).failed_with(errc::output_stalled));
  std::string all;
  REQUIRE_OK(running.out().read_all(all, 2'000'000, patience()));
  REQUIRE_OK(running.wait(patience()));
  REQUIRE(sink.count("1 out closed after 1000000") == 1);
  std::vector<std::string> closed;
  std::ranges::copy_if(sink.said, std::back_inserter(closed),
                       [](const std::string& line) { return line.find(" closed after ") != line.npos; });
  const auto at = static_cast<std::size_t>(std::ranges::find(closed, "1 out closed after 1000000") - closed.begin());
  CHECK(sink.streams.at(at).pauses > 0);
  CHECK(sink.streams.at(at).paused >= 250ms);  // the time after which a wait says that output is stalled
}

TEST_CASE("[P5] and which phase of a stop ended them") {
  harness::leak_check nothing_left;
  recorder sink;
  auto watching = must(observation::begin(sink));
  auto polite = start("cat");
  const auto first = must(polite.stop(stop_policy::graceful(harness::scaled(10s)), patience()));
  CHECK(first.phase == spawnpipe::stop_phase::close_stdin);
  CHECK(sink.in_order("1 stop began", "1 stop reached close_stdin"));
  CHECK(sink.in_order("1 stop reached close_stdin", "1 exited with code 0"));
  CHECK(sink.in_order("1 exited with code 0", "1 stop ended by close_stdin"));

  auto stubborn = start("ignore-terminate");
  CHECK(line_of(stubborn.out()) == "ready");
  const auto second = must(stubborn.stop({.terminate = 50ms}, patience()));
  CHECK(second.phase == spawnpipe::stop_phase::kill);
  CHECK(sink.in_order("2 stop reached terminate", "2 stop reached kill"));
  CHECK(sink.in_order("2 stop reached kill", "2 " + to_string(second.status)));
  CHECK(sink.in_order("2 " + to_string(second.status), "2 stop ended by kill"));
  REQUIRE(sink.reports.size() == 2);
  CHECK(sink.reports[1].tree == second.tree);
}

TEST_CASE("[P9][C2] and of those that destruction ends, or a run, on a loop whose callbacks do not run meanwhile") {
  harness::leak_check nothing_left;
  recorder sink;
  auto loop = must(event_loop::create());
  auto watching = must(observation::begin(sink, loop));
  int calls = 0;
  {
    auto running = must(spawnpipe::spawn(loop, piped("hang", "up")));
    running.on_exit([&](child&, const spawnpipe::exit_status&) { ++calls; });
    CHECK(line_of(running.out()) == "up");
  }
  CHECK(calls == 0);
  CHECK(sink.in_order("1 stop reached kill", "1 stop ended by kill"));
  auto work = must(spawnpipe::run_async(loop, harness::command("hang"), {.until = 50ms},
                                        [&](const spawnpipe::completed&) { ++calls; }));
  REQUIRE_OK(loop.run(patience()));
  CHECK(calls == 1);
  CHECK(sink.in_order("2 stop reached kill", "2 stop ended by kill"));
  watching = observation();
  const auto heard = sink.said.size();
  auto unseen = must(spawnpipe::spawn(loop, harness::quiet(harness::command("exit"))));
  CHECK(must(unseen.wait(patience())).success());
  CHECK(sink.said.size() == heard);
}

TEST_CASE("[G2] a trace is written while children run, and its file is not theirs") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  const std::string file = folder / "trace.json";
  {
    auto trace = must(spawnpipe::trace_events::create(file));
    auto watching = must(observation::begin(trace.sink()));
    for (int i = 0; i < 3; ++i) {
      CHECK(must(spawnpipe::run(harness::command("exit", i), {.until = patience()})).status.code() == std::uint32_t(i));
    }
    const std::string so_far = harness::read_file(file);
    CHECK(so_far.starts_with("[\n{"));
    CHECK(so_far.find("exited with code 2") != so_far.npos);
    REQUIRE_OK(trace.close());
    const std::string all = harness::read_file(file);
    CHECK(all == so_far + "\n]\n");
  }
  const std::string path = folder / "no/such/folder/trace.json";
  CHECK(spawnpipe::trace_events::create(path).failed_with(std::errc::no_such_file_or_directory));
}

}  // namespace
