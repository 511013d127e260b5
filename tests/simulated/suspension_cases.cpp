// A child in the foreground of the host's terminal that is suspended by Ctrl-Z.
#include "runs.hpp"
#include "simulation.hpp"

namespace {

using namespace simulation;

command foreground() { return command("program").group(process_group::foreground); }

TEST_CASE_FIXTURE(on_a_loop, "[P6] a wait for a suspended child says so, and goes on when it was resumed") {
  auto& script = sim.next_child();
  auto running = must(spawn(loop, foreground()));
  sim.after(1s, [&] { script.suspend(); });
  const auto began = sim.now();
  CHECK(running.wait(10s).failed_with(errc::suspended));
  CHECK(sim.now() - began >= 1s);
  CHECK(sim.now() - began <= 1051ms);
  CHECK(running.suspended());
  CHECK(running.wait(deadline::never()).failed_with(errc::suspended));
  CHECK(running.wait_tree(deadline::never()).failed_with(errc::suspended));

  sim.has_terminal(false);
  const auto refused = running.resume();
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == std::errc::resource_unavailable_try_again);
  CHECK(running.suspended());

  sim.has_terminal(true);
  CHECK(running.resume());
  CHECK_FALSE(running.suspended());
  CHECK(script.resumes() == 1);
  CHECK(running.wait(500ms).failed_with(errc::timed_out));
  script.exit(exit_status::exited(3));
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(3));
  CHECK(running.resume().failed_with(errc::already_exited));
  CHECK(sim.host_suspensions() == 0);
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] a suspended child tells its callback each time") {
  auto& script = sim.next_child();
  auto running = must(spawn(loop, foreground()));
  int told = 0;
  running.on_suspend([&](child& which) {
    CHECK(&which == &running);
    ++told;
    CHECK(which.resume());
  });
  running.on_exit([](child&, const exit_status&) {});
  for (const auto when : {100ms, 400ms}) sim.after(when, [&] { script.suspend(); });
  sim.after(1s, [&] { script.exit(); });
  CHECK(loop.run(10s));
  CHECK(told == 2);
  CHECK(script.resumes() == 2);
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] one that was continued by somebody else is not suspended any more") {
  auto& script = sim.next_child();
  auto running = must(spawn(loop, foreground()));
  script.suspend();
  CHECK(running.wait(1s).failed_with(errc::suspended));
  script.suspend(false);
  CHECK(running.wait_tree(0ms).failed_with(errc::timed_out));
  CHECK_FALSE(running.suspended());
  script.exit();
  CHECK(running.wait(1s));
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] a child without the terminal costs no look, and cannot be resumed") {
  auto& script = sim.next_child();
  auto running = start();
  script.suspend();
  sim.after(1s, [&] { script.exit(); });
  sim.forget_waits();
  CHECK(running.resume().failed_with(errc::not_supported));
  CHECK(running.wait(10s));
  CHECK(sim.waits().size() <= 2);
}

TEST_CASE_FIXTURE(on_a_loop, "[P6][P5] a suspended child can be stopped, destroyed and let go") {
  for (const int how : {0, 1, 2}) {
    CAPTURE(how);
    auto& script = sim.next_child();
    auto running = must(spawn(loop, foreground()));
    script.suspend();
    CHECK(running.wait(1s).failed_with(errc::suspended));
    if (how == 0) CHECK(running.stop());
    if (how == 1) running = child();
    if (how == 2) {
      CHECK(running.detach());
      script.exit();
      static_cast<void>(loop.run(100ms));
    }
    CHECK(script.exited());
  }
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P6] a run suspends the host with its child, and resumes it when the host has the terminal") {
  within([&] {
    auto& script = sim.next_child();
    sim.after(1s, [&] {
      script.suspend();
      sim.has_terminal(false);  // as a shell takes it when the host stops
    });
    sim.after(5s, [&] {
      CHECK(sim.host_suspensions() == 1);
      CHECK(script.resumes() == 0);
      sim.has_terminal(true);
    });
    sim.after(6s, [&] { script.exit(exit_status::exited(7)); });
    const auto done = must(run(foreground()));
    CHECK(done.status == exit_status::exited(7));
    CHECK(done.why == ended_by::itself);
    CHECK(script.resumes() == 1);
    CHECK(sim.host_suspensions() == 1);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P6][T6] the deadline of a run holds for a suspended child") {
  within([&] {
    auto& script = sim.next_child();
    sim.has_terminal(false);
    script.suspend();
    const auto began = sim.now();
    const auto done = must(run(foreground(), {.until = 2s}));
    CHECK(done.why == ended_by::deadline);
    CHECK(sim.now() - began == 2s);
    CHECK(script.exited());
  });
}

}  // namespace
