// The second half of the switch list (switch_list.cpp): complaints 13 to 25.
#include "cases.hpp"

#include "scenario.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <vector>

namespace {

using namespace cases;
using harness::command;
using spawnpipe::ended_by;
using spawnpipe::stop_phase;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;

// boostorg/process #357, #496
TEST_CASE("[P8][P2] switch list 13: a child that ends while it is asked to is reaped once, and says how it ended") {
  harness::leak_check nothing_left;
  const bool slow = host_os::small_pieces_are_slow();
  const int rounds = slow ? 10 : 50;
  int exited = 0;
  int killed = 0;
  // Later and later, and from the start again, until both have come first.
  const deadline limit = patience();
  for (int round = 0; (round < rounds || exited == 0 || killed == 0) && !limit.passed(); ++round) {
    auto running = start("exit", 3);
    const int late = round % rounds;
    std::this_thread::sleep_for(std::chrono::microseconds((slow ? 1000 : 10) * late * late));
    const auto sent = running.kill();
    if (!sent) CHECK(sent.error() == errc::already_exited);
    const auto status = must(running.wait(patience()));
    exited += status.code() == 3U ? 1 : 0;
    killed += harness::was_killed(status) && status.code() != 3U ? 1 : 0;
    CHECK(must(running.wait(deadline::now())) == status);
    CHECK(running.kill().failed_with(errc::already_exited));
    CHECK(exited + killed == round + 1);
  }
  CHECK(exited > 0);
  CHECK(killed > 0);
}

// execa #51; boostorg/process #454
HOST_SCENARIO(dies, "a host that dies and has a child") {
  auto running = spawnpipe::spawn(command("hang").in(null{}).out(null{}).err(null{}).end_with_host());
  EXPECT(running);
  std::printf("child %lld\n", running ? static_cast<long long>(running->id()) : -1LL);
  std::fflush(stdout);
  std::_Exit(0);
}
TEST_CASE("[P9] switch list 14: a child dies with its host, where that is asked for") {
  if (harness::broken("P9/end-with-host")) {
    // Refused, rather than promised and not kept.
    const auto refused = spawnpipe::spawn(harness::quiet(command("exit")).end_with_host());
    CHECK(refused.failed_with(errc::not_supported));
    RULE_HOLDS_OR_BROKEN("P9/end-with-host", refused.has_value());
    return;
  }
  const auto host = host_os::run_self({"--scenario", "a host that dies and has a child"});
  REQUIRE(host.output.starts_with("child "));
  const std::int64_t id = std::stoll(host.output.substr(6));
  REQUIRE(id > 0);
  CHECK(harness::gone_within(id, 5s));
}

// bazel #1437, #10245, #15095
TEST_CASE("[P5][P6] switch list 15: asked first, then killed, then known to be gone") {
  harness::leak_check nothing_left;
  auto running = start("tree", "ignore-terminate");
  const std::int64_t descendant = std::stoll(line_of(running.out()));
  const harness::end_at_exit sure(descendant);
  CHECK(line_of(running.out()) == "ready");
  const stopwatch time;
  const auto report = must(running.stop({.close_stdin = 20ms, .terminate = 50ms}));
  CHECK(time.elapsed() >= 50ms);
  RULE_HOLDS_OR_BROKEN("P6/after-leader", report.tree.gone && report.phase == stop_phase::kill);
  CHECK(report.tree.gone == !host_os::running(descendant));
}
TEST_CASE("[P5][P6] switch list 15: a child that is as stubborn as what it started, and one of them that is not") {
  harness::leak_check nothing_left;
  auto running = start("both", 1, "ignore-terminate", "both", 1, "hang", "ignore-terminate");
  std::vector<std::int64_t> descendants;
  int ready = 0;
  for (int lines = 0; lines < 4; ++lines) {  // in any order
    const std::string line = line_of(running.out());
    if (line == "ready") {
      ++ready;
    } else {
      descendants.push_back(std::stoll(line));
    }
  }
  CHECK(ready == 2);
  REQUIRE(descendants.size() == 2);
  const harness::end_at_exit sure(descendants[0]);
  const harness::end_at_exit sure_too(descendants[1]);
  const auto report = must(running.stop({.terminate = 50ms}));
  CHECK(report.phase == stop_phase::kill);
  CHECK(report.tree.gone);
  for (const std::int64_t each : descendants) CHECK_FALSE(host_os::running(each));
}

// What a child is to get as it is, and what a shell would make something else of.
constexpr std::array<std::string_view, 20> hostile = {"",          " ",          "two words",  "\"",
                                                      "\\",        "\\\"",       "ends in \\", "\"quoted\"",
                                                      "tab\there", "line\nfeed", "%PATH%",     "%",
                                                      "a&b",       "a|b>c<d",    "^caret^",    "!now!",
                                                      "$HOME",     "`id`",       "*?[a]",      "\xC3\xA9\xE2\x82\xAC"};

// boostorg/process #109, #501; golang/go #15566, #17149; SDL #16217
TEST_CASE("[P2] switch list 16: arguments arrive as they were given") {
  harness::leak_check nothing_left;
  std::vector<std::string> arguments(hostile.begin(), hostile.end());
  std::string expected;
  for (const std::string& each : arguments) expected += each + '\0';
  const auto done = must(spawnpipe::run(command("args").args(arguments), {.until = patience()}));
  CHECK(done.out == expected);
}

// CVE-2024-24576; golang/go #27199, #69939; node #52681
TEST_CASE("[P2] switch list 17: a script's arguments are no commands") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string script = harness::text_of(host_os::make_script(folder.path(), harness::child_program(), "args"));
  for (const std::string_view each : {"", "two words", "a&b", "a|b>c<d", "^caret^", "!now!", "$HOME", "`id`", "*?[a]",
                                      "'", "a;b", "(c)", "\xC3\xA9", "line\nfeed"}) {
    CAPTURE(std::string(each));
    const auto done = spawnpipe::run(spawnpipe::command(script, {std::string(each), "last"}), {.until = patience()});
    // What cannot be made safe is refused, before anything runs.
    if (!done) {
      CHECK(each.find('\n') != std::string_view::npos);
      CHECK(done.error() == errc::invalid_argument);
      continue;
    }
    CHECK(done->out == std::string(each) + '\0' + "last" + '\0');
  }
}

// reproc #19; microsoft/terminal #346
TEST_CASE("[P5][P8] switch list 18: asking a child that has ended leaves nothing behind, here or in a console") {
  harness::leak_check nothing_left;
  for (int round = 0; round < 3; ++round) {
    auto running = start("exit");
    CHECK(harness::gone_within(running.id(), 10s));
    const auto asked = running.terminate();  // its end may not have been heard of
    if (!asked) CHECK((asked.error() == errc::already_exited || asked.error() == errc::not_supported));
    CHECK(must(running.wait(patience())).success());
  }
}

// reproc #114. (Two minutes, and a year, pass in simulated/time_cases.cpp.)
TEST_CASE("[T2] switch list 19: a drain without a deadline lasts until the end comes") {
  harness::leak_check nothing_left;
  auto running = start("pieces-on-request", "at last\n");
  std::string all;
  CHECK(running.out().read_all(all, 1000, 600ms).failed_with(errc::timed_out));
  CHECK(must(running.in().write("go\n")) == 3);
  REQUIRE_OK(running.out().read_all(all, 1000, deadline::never()));
  CHECK(all == "at last\n");
}

// node #14917; libuv #2133; folly #591
TEST_CASE("[P1][G6] switch list 20: a host with much memory starts children as one with little") {
  if (host_os::small_pieces_are_slow()) SKIP_CASE("Wine's CreateProcess forks, as Windows' does not");
  harness::leak_check nothing_left;
  // Of its processor time: how long it takes is, beside others, theirs to say.
  const auto cheapest = [] {
    auto least = std::chrono::nanoseconds::max();
    for (int i = 0; i < 30; ++i) {
      const auto before = host_os::cpu_time();
      CHECK(must(spawnpipe::run(command("exit"), {.until = patience()})).success());
      least = std::min<std::chrono::nanoseconds>(least, host_os::cpu_time() - before);
    }
    return least;
  };
  const auto small = cheapest();
  const std::vector<char> much(std::size_t{1} << 29U, 'x');
  const auto large = cheapest();
  CHECK(much[much.size() / 2] == 'x');
  RULE_HOLDS_OR_BROKEN("G6/spawn-cost", large < 2 * small);
}

// duct.rs #25; uutils #6363
TEST_CASE("[T2] switch list 21: a wait with a deadline does not poll") {
  harness::leak_check nothing_left;
  auto running = start("hang");
  const auto before = host_os::cpu_time();
  const auto sleeps = host_os::times_asleep();
  CHECK(running.wait(500ms).failed_with(errc::timed_out));
  CHECK(host_os::cpu_time() - before < scaled(2ms) + host_os::cpu_time_step());
  if (sleeps) CHECK(*host_os::times_asleep() - *sleeps <= 5);
  // It is over when the child is: one that looks each 100 ms would be 50 ms late, as a rule.
  std::vector<stopwatch::clock::duration> late;
  for (int round = 0; round < 9; ++round) {
    auto next = start("hang");
    std::atomic<stopwatch::clock::rep> ended = 0;
    const auto end = [&, id = next.id()] {
      ended = stopwatch::clock::now().time_since_epoch().count();
      host_os::end_process(id);
    };
    const later killer(end, std::chrono::milliseconds(20 + 13 * round));
    CHECK(harness::was_killed(must(next.wait(patience()))));
    const stopwatch::clock::duration now = stopwatch::clock::now().time_since_epoch();
    late.push_back(now - stopwatch::clock::duration(ended));
  }
  std::sort(late.begin(), late.end());
  CHECK(late[late.size() / 2] < scaled(20ms));
}

// boostorg/process #460, #522; rust-lang/rfcs #1518
TEST_CASE("[P3] switch list 22: errors in the output, in the order in which they were written") {
  harness::leak_check nothing_left;
  const int lines = host_os::small_pieces_are_slow() ? 300 : 10'000;  // more than a pipe holds, where that is quick
  std::string expected;
  for (int i = 0; i < lines; ++i) expected += "out " + std::to_string(i) + "\nerr " + std::to_string(i) + '\n';
  const auto done = must(spawnpipe::run(command("out-err-order", lines).err(merge{}), {.until = patience()}));
  CHECK(done.out == expected);
  CHECK(done.err.empty());
}

// ninja #174, #2124, #2196. (A terminal that the host has made can be handed on: posix/switch_list_cases.cpp.)
TEST_CASE("[P3] switch list 23: colour is lost without a terminal") { SKIP_CASE("the library makes no terminals yet"); }

// reproc #42, #100
TEST_CASE("[P3][T6] switch list 24: run it, with a timeout, and give me the output") {
  harness::leak_check nothing_left;
  const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
  CHECK((done && done->success() && done->out == "text"));
  // And where the timeout fires: why, and the output so far.
  const auto late = spawnpipe::run(command("hang", "so far"), {.until = scaled(500ms)});
  CHECK((late && late->why == ended_by::deadline && late->out == "so far\n"));
}

// bitcoin #24907, #28967, #28981
HOST_SCENARIO(nothing_yet, "a host that has not used the library") {
  EXPECT(host_os::thread_count().value_or(1) == 1);
  const std::size_t before = host_os::open_descriptors().size();
  EXPECT(host_os::signal_state().find("blocked") == std::string::npos);
  const auto done = spawnpipe::run(command("exit"), {.until = patience()});
  EXPECT(done && done->success());
  EXPECT(host_os::open_descriptors().size() > before);  // what it needs it has made now, and not before
}
TEST_CASE("[G1] switch list 25: nothing happens before it is asked for") {
  PLAY_SCENARIO("a host that has not used the library");
}

}  // namespace
