// Running a loop: when it returns, what wakes it, how a host with a loop of its own drives it, and that nobody starves.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[C1] run returns when there is nothing left to wait for") {
  CHECK_OK(loop.run(deadline::never()));
  auto& script = sim.next_child();
  auto running = start();
  CHECK_OK(loop.run(deadline::never()));  // a child without an on_exit is nothing to wait for
  running.out().on_readable([](pipe_reader& out) { out.consume(9); });
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  running.out().on_readable({});
  CHECK_OK(loop.run(deadline::never()));
  CHECK(must(running.in().write("abc")) == 3);
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  sim.when_idle([&] { script.in.room_for_all(); });
  CHECK_OK(loop.run(deadline::never()));
  running.on_exit([](child&, const exit_status&) {});
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  sim.when_idle([&] { script.exit(); });
  CHECK_OK(loop.run(deadline::never()));
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] stop lets run return, from inside and from before") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(9);
    loop.stop();
  });
  script.out.feed("x");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
  loop.stop();
  const auto began = sim.now();
  CHECK_OK(loop.run(1h));
  CHECK(sim.now() == began);
  CHECK(loop.run(1h).failed_with(errc::timed_out));
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C4] a host with a loop of its own waits on native() until next_deadline(), and runs with now") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  CHECK(loop.native().value >= 0);
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  running.on_exit([&](child&, const exit_status&) { seen += "."; });
  CHECK(loop.run(deadline::now()).failed_with(errc::timed_out));
  CHECK(loop.next_deadline().is_never());
  const auto began = sim.now();
  CHECK_OK(running.begin_stop({.terminate = 100ms}));
  for (int turns = 0; turns < 20 && seen != "ab."; ++turns) {
    const auto until = loop.next_deadline();
    REQUIRE_FALSE(until.is_never());
    if (turns == 0) script.out.feed("a");
    if (turns == 1) script.out.feed("b");
    // What the host would do: wait for readiness or the deadline. With nothing ready, time passes.
    if (turns > 1 && !until.passed()) sim.advance(until.remaining());
    static_cast<void>(loop.run(deadline::now()));
  }
  CHECK(seen == "ab.");
  CHECK(sim.now() - began == 100ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[C4] next_deadline says now where something is there for a callback") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(100);
  });
  script.out.feed("x");
  CHECK(loop.next_deadline().is_now());
  CHECK(calls == 0);
  static_cast<void>(loop.run(deadline::now()));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[C5] one stream that never completes holds up no other") {
  auto& withheld = sim.next_child();
  auto& free = sim.next_child();
  auto stuck = start();
  auto running = start();
  for (auto* end :
       {static_cast<simulated::pipe_end*>(&withheld.out), static_cast<simulated::pipe_end*>(&withheld.in)}) {
    end->hold();
  }
  withheld.out.feed("never");
  withheld.in.room_for_all();
  CHECK(must(stuck.in().write("never")) == 5);
  CHECK(must(running.in().write("abc")) == 3);
  free.in.room_for_all();
  free.out.feed("line\n");
  CHECK(must(running.out().read_line(deadline::never())) == "line");
  CHECK_OK(running.in().flush(deadline::never()));
  free.exit();
  CHECK(must(running.wait(deadline::never())).success());
  CHECK(must(stuck.stop(stop_policy::immediate())).phase == stop_phase::kill);
}

TEST_CASE_FIXTURE(on_a_loop, "[C5] a stream that always has more does not starve the others") {
  auto& busy = sim.next_child();
  auto& other = sim.next_child();
  busy.out.eager();
  auto loud = start(16);
  auto quiet = start();
  for (int i = 0; i < 10'000; ++i) busy.out.feed("0123456789abcdef");
  other.out.feed("seen");
  std::string got;
  for (int i = 0; i < 200 && quiet.out().available().empty(); ++i)
    got += must(read_text(loud.out(), 16, deadline::never()));
  CHECK(quiet.out().available_text() == "seen");
}

TEST_CASE_FIXTURE(audit, "[C1] an event_loop without a loop") {
  event_loop none;
  CHECK(none.run(deadline::never()).failed_with(errc::closed));
  CHECK(spawn(none, command("program")).failed_with(errc::closed));
  CHECK(none.release_thread().failed_with(errc::closed));
  none.stop();
  none.wake();
  none.on_wake([] {});
  CHECK(none.native() == native_handle{});
  event_loop other = std::move(none);
  none = std::move(other);
}

TEST_CASE_FIXTURE(audit, "[G8] in a forked copy objects are freed, and nothing of the parent's is touched") {
  auto& script = sim.next_child();
  auto& lingering = sim.next_child();
  auto& let_go = sim.next_child();
  {
    auto loop = must(event_loop::create());
    auto running = must(spawn(loop, on_a_loop::piped()));
    auto other = must(spawn(loop, on_a_loop::piped()));
    CHECK(must(running.in().write("abc")) == 3);
    CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
    CHECK(must(other.in().write("abc")) == 3);
    CHECK_OK(other.in().close());
    auto third = must(spawn(loop, on_a_loop::piped()));
    CHECK_OK(third.detach());
    std::optional<job> work;
    script.out.hold();
    sim.foreign();
    CHECK(spawn(loop, command("program")).failed_with(errc::wrong_thread));
    CHECK(loop.run(deadline::now()).failed_with(errc::wrong_thread));
    CHECK_FALSE(running.wait(deadline::never()));
  }
  CHECK(script.signals().empty());
  CHECK(lingering.signals().empty());
  CHECK(let_go.signals().empty());
}

}  // namespace
