// What those who observe a loop hear: of a start, pipes and an end, in whatever way they come about.
#include "recorder.hpp"
#include "runs.hpp"
#include "simulation.hpp"

#include <memory>

namespace {

using namespace simulation;
using harness::recorder;
using lines = recorder::lines;

class observed : public on_a_loop {
 public:
  recorder sink;
  observation watching = must(observation::begin(sink, loop));
};

TEST_CASE_FIXTURE(observed, "[P4][W8] an observer hears of the start, the pipes and the end of a child") {
  auto& script = sim.next_child();
  script.used({.user = 30ms, .peak_memory = 4096});
  script.in.room_for_all();
  const auto began = sim.now();
  auto running = start();
  CHECK(sink.said == lines{"1 spawned program in out err"});
  CHECK(sink.children[0].id == script.id());
  CHECK(sink.children[0].loop == watching.loop());
  CHECK(sink.children[0].number > 0);
  sim.after(40ms, [&] {
    script.out.feed("abc");
    script.exit(exit_status::exited(7));
  });
  CHECK(must(communicate(running, {.input = "input"})).out == "abc");
  CAPTURE(sink.text());
  CHECK(sink.said.size() == 5);
  CHECK(sink.count("1 in closed after 5") == 1);
  CHECK(sink.count("1 out closed after 3") == 1);
  CHECK(sink.count("1 err closed after 0") == 1);
  CHECK(sink.in_order("1 in closed after 5", "1 exited with code 7"));
  CHECK(sink.times.back() - began == 40ms);
  REQUIRE(sink.used.size() == 1);
  CHECK(sink.used[0].user == 30ms);
  CHECK(sink.used[0].elapsed == 40ms);
}

TEST_CASE_FIXTURE(observed, "[P1] and of one that could not be started, with what spawn says") {
  auto& script = sim.next_child();
  script.fail_spawn(error{system_code(2), stage::exec, "program"});
  const auto failed = spawn(loop, command("program", {"argument"}));
  REQUIRE_FALSE(failed.has_value());
  CHECK(sink.said == lines{"0 failed argument: exec"});
  REQUIRE(sink.why);
  CHECK(sink.why->code == failed.error().code);
  CHECK(sink.why->subject == failed.error().subject);

  CHECK(spawn(loop, command("program").env("A=B", "c")).failed_with(errc::invalid_argument));
  CHECK(sink.said == lines{"0 failed argument: exec", "0 failed program: command"});
}

TEST_CASE_FIXTURE(observed, "[P5] it hears of each phase of a stop, of the end in between, and of the report") {
  const auto policy = stop_policy{.close_stdin = 100ms, .terminate = 200ms};
  auto& script = sim.next_child();
  script.ignore_terminate();
  auto running = start();
  const auto began = sim.now();
  const auto report = must(running.stop(policy));
  CAPTURE(sink.text());
  CHECK(sink.said == lines{"1 spawned program in out err", "1 stop began", "1 stop reached close_stdin",
                           "1 in closed after 0", "1 stop reached terminate", "1 stop reached kill",
                           "1 out closed after 0", "1 err closed after 0", "1 ended by signal 9 (SIGKILL)",
                           "1 stop ended by kill"});
  CHECK(sink.times[2] - began == 0ms);
  CHECK(sink.times[4] - began == 100ms);
  CHECK(sink.times[5] - began == 300ms);
  REQUIRE(sink.reports.size() == 1);
  CHECK(sink.reports[0].status == report.status);
  CHECK(sink.reports[0].phase == report.phase);
  CHECK(sink.reports[0].cut_short == report.cut_short);
  CHECK(sink.reports[0].last_signal.has_value());
  CHECK(sink.reports[0].tree == report.tree);
}

TEST_CASE_FIXTURE(observed, "[P5][T6] a stop that is cut short, replaced, or has nothing to do") {
  {
    auto& script = sim.next_child();
    script.ignore_terminate();
    auto running = start();
    CHECK(must(running.stop({.terminate = 200ms}, 50ms)).cut_short);
    CHECK(sink.count("1 stop ended by kill, cut short") == 1);
    CHECK_OK(running.stop());
    CHECK(sink.count("1 stop began") == 1);
  }
  {
    auto& script = sim.next_child();
    script.ignore_terminate();
    auto running = start();
    CHECK_OK(running.begin_stop({.terminate = 10s}));
    CHECK(running.wait(100ms).failed_with(errc::timed_out));
    CHECK_OK(running.begin_stop({.terminate = 50ms}));
    CHECK_OK(running.wait(deadline::never()));
    CHECK(sink.count("2 stop began") == 2);
    CHECK(sink.count("2 stop reached terminate") == 2);
    CHECK(sink.count("2 stop ended by kill") == 1);
  }
  {
    auto& script = sim.next_child();
    script.ignore_terminate();
    auto running = start();
    CHECK(running.stop({.terminate = 10ms, .kill = false}).failed_with(errc::timed_out));
    CHECK(sink.count("3 stop without a kill began") == 1);
    CHECK(sink.count("3 stop ended by terminate, still running") == 1);
    script.exit();
    CHECK_OK(running.wait(1s));
    CHECK(sink.count("3 exited with code 0") == 1);
  }
}

TEST_CASE_FIXTURE(observed, "[P5] a stop goes on behind the end of the process, until its tree is gone") {
  auto& script = sim.next_child();
  script.tree_lives(true);
  auto running = start();
  CHECK_OK(running.stop({.terminate = 100ms}));
  CHECK(sink.in_order("1 ended by signal 15 (SIGTERM)", "1 stop reached kill"));
  CHECK(sink.said.back() == "1 stop ended by kill");
}

TEST_CASE_FIXTURE(observed, "[P5][T6][P10] every way in which a run ends its child is a stop") {
  enum class way { deadline_came, cancelled, output_limit, stopped };
  for (const auto how : {way::deadline_came, way::cancelled, way::output_limit, way::stopped}) {
    sink.said.clear();
    sink.children.clear();
    auto& script = sim.next_child();
    interrupter interrupted;
    run_options options{.policy = {.terminate = 1s}};
    if (how == way::deadline_came) options.until = deadline(20ms);
    if (how == way::cancelled) options.cancel = interrupted;
    if (how == way::output_limit) options.capture.bytes = 2;
    sim.after(10ms, [&] {
      if (how == way::cancelled) interrupted.interrupt();
      if (how == way::output_limit) script.out.feed("too much");
    });
    int calls = 0;
    auto work = must(run_async(loop, command("program"), options, [&](const completed&) { ++calls; }));
    if (how == way::stopped) CHECK_OK(work.stop());
    CHECK_OK(loop.run(deadline::never()));
    CHECK(calls == 1);
    CAPTURE(static_cast<int>(how));
    CAPTURE(sink.text());
    const bool killed = how == way::deadline_came || how == way::stopped;
    CHECK(sink.count("1 stop began") == 1);
    CHECK(sink.count(killed ? "1 stop ended by kill" : "1 stop ended by terminate") == 1);
    CHECK(sink.count(killed ? "1 ended by signal 9 (SIGKILL)" : "1 ended by signal 15 (SIGTERM)") == 1);
    CHECK(sink.said.front() == "1 spawned program out err");
  }
}

TEST_CASE_FIXTURE(observed, "[P9][C3] destruction is told of, also in a callback, and what a detached child does") {
  {
    static_cast<void>(sim.next_child());
    { auto running = start(); }
    CHECK(sink.in_order("1 stop reached kill", "1 stop ended by kill"));
    CHECK(sink.count("1 out closed after 0") == 1);
  }
  {
    auto& script = sim.next_child();
    auto running = std::make_unique<child>(start());
    sim.after(1ms, [&] { script.out.feed("x"); });
    running->out().on_readable([&](pipe_reader&) {
      running.reset();
      CHECK(sink.count("2 stop reached kill") == 1);
      CHECK(sink.count("2 stop ended by kill") == 0);
    });
    CHECK_OK(loop.run(deadline::never()));
    CHECK(sink.in_order("2 ended by signal 9 (SIGKILL)", "2 stop ended by kill"));
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK_OK(running.begin_stop({.terminate = 1h}));
    script.ignore_terminate();
    CHECK_OK(running.detach());
    CHECK(sink.count("3 stop ended by terminate, still running") + sink.count("3 stop ended by terminate") == 1);
    script.exit(exit_status::exited(4));
    CHECK_OK(loop.run(1s));
    CHECK(script.released());
  }
}

TEST_CASE_FIXTURE(observed,
                  "[R1][W1] pauses are counted where a buffer of this process is full, and how long they last") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("more than four");
  CHECK(must(running.in().write("queue full")) == 4);
  CHECK(running.wait(100ms).failed_with(errc::timed_out));
  CHECK(must(read_text(running.out(), 4, 1s)) == "more");
  std::string rest;
  CHECK(running.wait(50ms).failed_with(errc::timed_out));
  sim.after(10ms, [&] { script.in.room_for_all(); });
  sim.after(20ms, [&] { script.exit(); });
  CHECK_OK(running.out().read_all(rest, 100, 1s));
  CHECK(rest == " than four");
  CHECK_OK(running.wait(1s));
  CHECK_OK(running.in().close());
  CHECK_OK(running.err().close());
  REQUIRE(sink.streams.size() == 3);
  const auto of = [&](std::string_view line) {
    const auto which = std::ranges::count_if(sink.said.begin(), sink.said.begin() + sink.at(line),
                                             [](const auto& each) { return each.find(" closed ") != each.npos; });
    return sink.streams[static_cast<std::size_t>(which)];
  };
  CAPTURE(sink.text());
  REQUIRE(sink.count("1 out closed after 14") == 1);
  CHECK(of("1 out closed after 14").pauses >= 2);
  CHECK(of("1 out closed after 14").paused >= 150ms);
  CHECK(of("1 out closed after 14").paused < 160ms);
  REQUIRE(sink.count("1 in closed after 4") == 1);
  CHECK(of("1 in closed after 4") == stream_report{.bytes = 4, .pauses = 1, .paused = 160ms});
  CHECK(of("1 err closed after 0") == stream_report{});
}

TEST_CASE_FIXTURE(observed, "[W7][R6] a pipe that fails is told of with its error, once") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.fail(system_code(5), "ab");
  script.in.break_pipe();
  static_cast<void>(running.in().write("abc"));
  std::string all;
  CHECK_FALSE(running.out().read_all(all, 100, 1s).has_value());
  CHECK_OK(running.out().close());
  CHECK(running.in().flush(1s).failed_with(std::errc::broken_pipe));
  CHECK_OK(running.in().stop());
  CHECK(sink.count("1 out closed after 2: read failed") == 1);
  CHECK(sink.count("1 in closed after 0: write failed") == 1);
  CHECK(sink.streams.size() == 2);
}

TEST_CASE_FIXTURE(observed, "[W4] a writer that is closed with bytes in its queue is told of when they are delivered") {
  auto& script = sim.next_child();
  auto& other = sim.next_child();
  auto running = start();
  auto second = start();
  CHECK(must(running.in().write("abc")) == 3);
  CHECK_OK(running.in().close());
  running.in() = pipe_writer();
  CHECK(sink.count("1 in closed after 0") == 0);
  sim.after(1ms, [&] { script.in.room_for_all(); });
  sim.after(2ms, [&] { other.exit(); });
  CHECK_OK(second.wait(1s));
  CHECK(sink.count("1 in closed after 3") == 1);
}

}  // namespace
