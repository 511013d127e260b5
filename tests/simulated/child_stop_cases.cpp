// Stopping a child, through every phase, under one deadline.
#include "simulation.hpp"

namespace {

using namespace simulation;
using platform::signal_kind;

TEST_CASE_FIXTURE(on_a_loop, "[P5] stop says which phase ended the child, and sends nothing behind it") {
  const auto policy = stop_policy{.close_stdin = 100ms, .terminate = 200ms};
  {
    auto& script = sim.next_child();
    auto running = start();
    script.exit(exit_status::exited(5));
    CHECK(must(running.wait(deadline::never())) == exit_status::exited(5));
    const auto report = must(running.stop(policy));
    CHECK(report.phase == stop_phase::none);
    CHECK(report.status == exit_status::exited(5));
    CHECK(script.signals().empty());
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    script.on_in_closed([&] { sim.after(50ms, [&] { script.exit(exit_status::exited(0)); }); });
    const auto began = sim.now();
    const auto report = must(running.stop(policy));
    CHECK(report.phase == stop_phase::close_stdin);
    CHECK(report.status == exit_status::exited(0));
    CHECK_FALSE(report.cut_short);
    CHECK_FALSE(report.last_signal);
    CHECK(sim.now() - began == 50ms);
    CHECK(script.signals().empty());
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    script.on_terminate([&] { sim.after(150ms, [&] { script.exit(exit_status::signalled(15)); }); });
    const auto began = sim.now();
    const auto report = must(running.stop(policy));
    CHECK(report.phase == stop_phase::terminate);
    CHECK(report.status == exit_status::signalled(15));
    REQUIRE(report.last_signal);
    CHECK(report.last_signal->reached == mechanism::process_group);
    CHECK(sim.now() - began == 250ms);
    REQUIRE(script.signals().size() == 1);
    CHECK(script.signals()[0].which == signal_kind::terminate);
    CHECK(script.signals()[0].when - began == 100ms);
    CHECK(*script.in.closed_at() - began == 0ms);
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    script.ignore_terminate();
    const auto began = sim.now();
    const auto report = must(running.stop(policy));
    CHECK(report.phase == stop_phase::kill);
    CHECK(report.status == exit_status::signalled(9));
    CHECK_FALSE(report.cut_short);
    CHECK(sim.now() - began == 300ms);
    REQUIRE(script.signals().size() == 2);
    CHECK(script.signals()[1].which == signal_kind::kill);
    CHECK(script.signals()[1].when - began == 300ms);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] a phase that is not there is left out; a grace may be zero") {
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(must(running.stop(stop_policy::immediate())).phase == stop_phase::kill);
    REQUIRE(script.signals().size() == 1);
    CHECK(script.signals()[0].which == signal_kind::kill);
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    script.ignore_terminate();
    const auto began = sim.now();
    CHECK(must(running.stop({.close_stdin = 0ms, .terminate = 0ms})).phase == stop_phase::kill);
    CHECK(sim.now() == began);
    CHECK(script.signals().size() == 2);
    CHECK(script.in.closed());
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][W4] closing stdin first delivers what is queued, if the child reads it in time") {
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(must(running.in().write("last words")) == 10);
    sim.after(50ms, [&] { script.in.room_for_all(); });
    script.on_in_closed([&] { script.exit(); });
    CHECK(must(running.stop({.close_stdin = 100ms})).phase == stop_phase::close_stdin);
    CHECK(script.in.received() == "last words");
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(must(running.in().write("never read")) == 10);
    CHECK(must(running.stop({.close_stdin = 100ms, .terminate = std::nullopt})).phase == stop_phase::kill);
    CHECK(script.in.received() == "");
    CHECK(running.in().books() == write_books{.accepted = 10, .dropped = 10});
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W4][P5] stopping a child drops its queue in every phase, whoever still holds the pipe") {
  auto& script = sim.next_child();
  auto running = start();
  script.pipes_held();
  CHECK(must(running.in().write("abc")) == 3);
  CHECK_OK(running.in().close());
  CHECK(must(running.stop({.terminate = 100ms})).phase == stop_phase::terminate);
  CHECK(running.in().books() == write_books{.accepted = 3, .dropped = 3});
  CHECK(script.in.closed());
  CHECK_OK(loop.run(1s));
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[P5][T6] one deadline stands over all graces: the rest is skipped, and the child killed") {
  for (const auto bound : {0ms, 50ms, 150ms, 299ms}) {
    CAPTURE(bound);
    auto& script = sim.next_child();
    auto running = start();
    script.ignore_terminate();
    const auto began = sim.now();
    const auto report = must(running.stop({.close_stdin = 100ms, .terminate = 200ms}, deadline(bound)));
    CHECK(report.phase == stop_phase::kill);
    CHECK(report.cut_short);
    CHECK(report.status == exit_status::signalled(9));
    CHECK(sim.now() - began == bound);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] a policy that forbids to kill leaves the child alive when the deadline comes") {
  const stop_policy gentle{.terminate = 200ms, .kill = false};
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  auto began = sim.now();
  CHECK(running.stop(gentle, 100ms).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 100ms);
  CHECK(script.signals().size() == 1);
  CHECK_FALSE(running.status());

  began = sim.now();
  CHECK(running.stop(gentle).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 200ms);
  CHECK_FALSE(running.status());

  sim.after(10ms, [&] { script.exit(exit_status::exited(1)); });
  CHECK(must(running.wait(1s)) == exit_status::exited(1));
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] the final reaping has a bound of its own") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  script.ignore_kill();
  auto began = sim.now();
  CHECK(running.stop({.terminate = 100ms, .reap_limit = 700ms}).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 800ms);
  began = sim.now();
  CHECK(running.stop({.terminate = 100ms, .reap_limit = 700ms}, 50ms).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 750ms);
  // It ends after all: that is learned.
  script.exit(exit_status::signalled(9));
  CHECK(must(running.wait(1s)) == exit_status::signalled(9));
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T7] a cancellation kills at once") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  interrupter interrupted;
  sim.after(50ms, [&] { interrupted.interrupt(); });
  const auto began = sim.now();
  const auto report = must(running.stop(stop_policy::graceful(10s), deadline::never(), interrupted));
  CHECK(report.phase == stop_phase::kill);
  CHECK(sim.now() - began == 50ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] a policy with a negative grace is refused, and does nothing") {
  auto& script = sim.next_child();
  auto running = start();
  for (const auto& wrong :
       {stop_policy{.close_stdin = -1ms}, stop_policy{.terminate = -1ms}, stop_policy{.reap_limit = -1ms}}) {
    CHECK(running.stop(wrong).failed_with(errc::invalid_argument));
    CHECK(running.begin_stop(wrong).failed_with(errc::invalid_argument));
  }
  CHECK(script.signals().empty());
  CHECK_FALSE(script.in.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] a signal that cannot be sent does not keep the next phase from coming") {
  auto& script = sim.next_child();
  auto running = start();
  script.fail_signal(error{system_code(1), stage::signal});
  const auto began = sim.now();
  CHECK(must(running.stop({.terminate = 100ms})).phase == stop_phase::kill);
  CHECK(sim.now() - began <= 100ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] begin_stop returns at once, and its phases go on while the loop is in progress") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  const auto began = sim.now();
  sim.forget_waits();
  CHECK_OK(running.begin_stop({.close_stdin = 100ms, .terminate = 200ms}));
  CHECK(sim.waits().empty());
  CHECK(must(running.wait(deadline::never())) == exit_status::signalled(9));
  CHECK(sim.now() - began == 300ms);
  CHECK_OK(running.begin_stop());
  CHECK(must(running.stop()).phase == stop_phase::kill);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] beginning a stop again replaces the policy, and starts its phases anew") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  const auto began = sim.now();
  CHECK_OK(running.begin_stop({.terminate = 10s}));
  CHECK(running.wait(100ms).failed_with(errc::timed_out));
  CHECK_OK(running.begin_stop({.terminate = 50ms}));
  CHECK(must(running.wait(deadline::never())) == exit_status::signalled(9));
  CHECK(sim.now() - began == 150ms);
  CHECK(script.signals().size() == 3);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] begin_stop reaches every child side by side") {
  std::vector<scripted_child*> scripts;
  std::vector<child> children;
  for (int i = 0; i < 5; ++i) {
    scripts.push_back(&sim.next_child());
    scripts.back()->ignore_terminate();
    children.push_back(start());
  }
  const auto began = sim.now();
  int ended = 0;
  for (auto& each : children) {
    each.on_exit([&](child&, const exit_status& status) {
      ++ended;
      CHECK(status == exit_status::signalled(9));
    });
    CHECK_OK(each.begin_stop({.terminate = 100ms}));
  }
  CHECK_OK(loop.run(deadline::never()));
  CHECK(ended == 5);
  CHECK(sim.now() - began == 100ms);
}

TEST_CASE_FIXTURE(
    on_a_loop,
    "[P5][P8] terminate and kill send one signal, say what it reached, and refuse when there is nobody left") {
  auto& script = sim.next_child();
  script.ignore_terminate();
  auto running = start();
  CHECK(must(running.terminate()).reached == mechanism::process_group);
  CHECK_FALSE(must(running.terminate()).exact);
  script.fail_signal(error{system_code(1), stage::signal, "child"});
  CHECK(running.kill().error().code == system_code(1));
  CHECK(must(running.kill()).reached == mechanism::process_group);
  CHECK(script.signals().size() == 3);
  CHECK(must(running.wait(deadline::never())) == exit_status::signalled(9));
  CHECK(running.terminate().failed_with(errc::already_exited));
  CHECK(running.kill().failed_with(std::errc::no_such_process));
  CHECK(script.signals().size() == 3);

  auto& alone = sim.next_child();
  auto in_our_group = must(spawn(loop, piped().group(process_group::host)));
  CHECK(must(in_our_group.kill()).reached == mechanism::process);
  CHECK(alone.signals().size() == 1);
}

}  // namespace
