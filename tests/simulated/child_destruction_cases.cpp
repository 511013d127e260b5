// What becomes of a child whose object goes: ended by its policy, or let go.
#include "simulation.hpp"

namespace {

using namespace simulation;
using platform::signal_kind;

TEST_CASE_FIXTURE(on_a_loop, "[P9] destroying a running child kills it, and waits for its end") {
  auto& script = sim.next_child();
  const auto began = sim.now();
  {
    auto running = start();
    script.on_kill([&] { sim.after(30ms, [&] { script.exit(exit_status::signalled(9)); }); });
  }
  CHECK(sim.now() - began == 30ms);
  CHECK(script.released());
  REQUIRE(script.signals().size() == 1);
  CHECK(script.signals()[0].which == signal_kind::kill);
  CHECK(script.polls() >= 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] destruction follows the command's policy") {
  {
    auto& script = sim.next_child();
    script.ignore_terminate();
    const auto began = sim.now();
    { auto running = must(spawn(loop, piped().on_destroy({.close_stdin = 100ms, .terminate = 200ms}))); }
    CHECK(sim.now() - began == 300ms);
    CHECK(script.signals().size() == 2);
  }
  {
    auto& script = sim.next_child();
    script.ignore_terminate();
    const auto began = sim.now();
    { auto running = must(spawn(loop, piped().on_destroy({.terminate = 200ms, .kill = false}))); }
    CHECK(sim.now() - began == 200ms);
    CHECK(script.signals().size() == 1);
    CHECK_FALSE(script.exited());
  }
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[P9] destruction is bounded, also when the end is never reported; the loop reaps it if it is") {
  for (const bool ends : {true, false}) {
    auto& script = sim.next_child();
    script.ignore_kill();
    const auto began = sim.now();
    { auto running = must(spawn(loop, piped().on_destroy({.terminate = std::nullopt, .reap_limit = 500ms}))); }
    CHECK(sim.now() - began == 500ms);
    CHECK_OK(loop.run(deadline::never()));  // nothing to wait for
    if (ends) {
      script.exit();
      CHECK_OK(loop.run(deadline::never()));
      CHECK(script.released());
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] destroying a child that has ended does nothing") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
  }
  CHECK(script.signals().empty());
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] destroying a child whose end has happened, but was not looked at") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.exit();
  }
  CHECK(script.released());
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] detach lets the process go, closes its pipes, and the loop reaps it") {
  auto& script = sim.next_child();
  {
    auto running = start();
    CHECK_OK(running.detach());
    CHECK(running.wait(deadline::never()).failed_with(errc::closed));
    CHECK(running.stop().failed_with(errc::closed));
    CHECK(running.begin_stop().failed_with(errc::closed));
    CHECK(running.terminate().failed_with(errc::closed));
    CHECK(running.kill().failed_with(errc::closed));
    CHECK_FALSE(running.status());
    CHECK_OK(running.detach());
  }
  CHECK(script.in.closed());
  CHECK(script.out.closed());
  CHECK(script.err.closed());
  CHECK(script.signals().empty());
  CHECK_FALSE(script.released());
  CHECK_OK(loop.run(1s));  // a process that was let go is nothing to wait for
  script.exit();
  CHECK_OK(loop.run(1s));
  CHECK(script.released());
  CHECK(script.polls() >= 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] a child that was let go may outlive its loop") {
  auto& script = sim.next_child();
  {
    auto running = start();
    CHECK_OK(running.detach());
  }
  loop = event_loop();
  CHECK(script.released());
  CHECK(script.signals().empty());
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[P9][W4] what a detached child's writer has queued is delivered, in a blocking call's passes too") {
  auto& script = sim.next_child();
  auto& other = sim.next_child();
  auto running = start();
  auto second = start();
  CHECK(must(running.in().write("abc")) == 3);
  CHECK_OK(running.detach());
  sim.after(1ms, [&] { script.in.room_for_all(); });
  sim.after(2ms, [&] { other.exit(); });
  CHECK(must(second.wait(deadline::never())).success());
  CHECK(script.in.received() == "abc");
  CHECK(script.in.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] a child that is assigned over is ended by its policy") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto running = start();
  running = start();
  CHECK(first.released());
  CHECK(first.signals().size() == 1);
  CHECK(second.signals().empty());
  CHECK(running.id() == second.id());
  CHECK(running.out().is_open());
}

}  // namespace
