// What a child started, when the child itself has ended: waiting for it, and ending it.
#include "runs.hpp"
#include "simulation.hpp"

#include <array>

namespace {

using namespace simulation;
using platform::signal_kind;

constexpr stop_policy all_phases = {.close_stdin = 100ms, .terminate = 200ms};

TEST_CASE_FIXTURE(on_a_loop, "[P5] what outlives the child goes through what is left of the phases") {
  auto& script = sim.next_child();
  auto running = start();
  script.tree_lives(true);
  script.on_in_closed([&] { sim.after(10ms, [&] { script.exit(exit_status::exited(4)); }); });
  const auto began = sim.now();
  const auto report = must(running.stop(all_phases));
  CHECK(report.status == exit_status::exited(4));
  CHECK(report.phase == stop_phase::kill);
  CHECK(report.tree == tree_report{.by = mechanism::process_group, .gone = true});
  REQUIRE(script.signals().size() >= 2);
  CHECK(script.signals()[0].which == signal_kind::terminate);
  CHECK(script.signals()[0].when - began == 100ms);
  CHECK(script.signals()[1].which == signal_kind::kill);
  CHECK(script.signals()[1].when - began == 300ms);
  CHECK(sim.now() - began == 300ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] a tree that goes by itself ends the stop soon after, and nothing is sent") {
  for (const auto life : {1ms, 30ms, 95ms}) {
    CAPTURE(life.count());
    auto& script = sim.next_child();
    auto running = start();
    script.tree_lives();
    script.on_in_closed([&] { script.exit(); });
    sim.after(life, [&] { script.tree_ends(); });
    const auto began = sim.now();
    const auto report = must(running.stop({.close_stdin = 1s}));
    CHECK(report.phase == stop_phase::close_stdin);
    CHECK(report.tree.gone);
    CHECK(script.signals().empty());
    CHECK(sim.now() - began >= life);
    CHECK(sim.now() - began <= life + 33ms);
    CHECK(script.tree_looks() < 20);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] a stop of a child that has ended ends its tree, or leaves it as the policy says") {
  auto& script = sim.next_child();
  auto running = start();
  script.tree_lives();
  script.exit(exit_status::exited(2));
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(2));
  auto report = must(running.stop({.tree = false}));
  CHECK(report.phase == stop_phase::none);
  CHECK_FALSE(report.tree.gone);
  CHECK(script.signals().empty());
  report = must(running.stop());
  CHECK(report.phase == stop_phase::terminate);
  CHECK(report.tree.gone);
  REQUIRE(script.signals().size() == 1);
  CHECK(must(running.stop()).phase == stop_phase::terminate);  // there is nothing left to do
  CHECK(script.signals().size() == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5] the number of the signal that asks is handed on") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(must(running.stop({.terminate_signal = 2})).phase == stop_phase::terminate);
  REQUIRE(script.signals().size() == 1);
  CHECK(script.signals()[0].number == 2);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] a tree that cannot be killed is reported when reap_limit has passed") {
  auto& script = sim.next_child();
  auto running = start();
  script.tree_lives(true, true);
  const auto began = sim.now();
  const auto report = must(running.stop({.terminate = 50ms, .reap_limit = 300ms}));
  CHECK(report.phase == stop_phase::kill);
  CHECK(report.status == exit_status::signalled(15));
  CHECK_FALSE(report.tree.gone);
  CHECK(sim.now() - began == 350ms);
  CHECK(script.signals().back().when - began == 350ms);  // nobody is let be without a last try
  CHECK(running.wait_tree(10ms).failed_with(errc::timed_out));
  script.tree_ends();
  CHECK(must(running.wait_tree(10ms)).gone);
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] the deadline cuts the graces of a tree short, too") {
  auto& script = sim.next_child();
  auto running = start();
  script.tree_lives(true);
  script.on_terminate([&] { script.exit(exit_status::signalled(15)); });
  const auto began = sim.now();
  const auto report = must(running.stop({.terminate = 1h}, 80ms));
  CHECK(report.cut_short);
  CHECK(report.phase == stop_phase::kill);
  CHECK(report.tree.gone);
  CHECK(sim.now() - began <= 81ms);
}

TEST_CASE_FIXTURE(
    on_a_loop, "[P5][C2][C3] a child that is destroyed in a callback is stopped with its tree before the loop ends") {
  auto& script = sim.next_child();
  auto running = start();
  script.tree_lives(true);
  script.on_terminate([&] { script.exit(); });
  running.out().on_readable([&](pipe_reader&) {});
  loop.on_wake([&] { running = child(); });
  loop.wake();
  CHECK_OK(loop.run(10s));
  CHECK(script.exited());
  CHECK(script.released());
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] a child that is destroyed while its tree is being stopped goes by its own policy") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.tree_lives(true);
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
    CHECK_OK(running.begin_stop({.terminate = 1h}));
    CHECK(script.signals().size() == 1);
  }
  REQUIRE(script.signals().size() == 2);
  CHECK(script.signals()[1].which == signal_kind::kill);
  CHECK(script.signals()[1].when == script.signals()[0].when);
  CHECK(script.released());
}

TEST_CASE_FIXTURE(on_a_loop, "[P9] a child that ended by itself leaves its tree alone when it is destroyed") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.tree_lives();
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
  }
  CHECK(script.signals().empty());
  CHECK(script.released());
}

TEST_CASE_FIXTURE(on_a_thread, "[P5] run waits for the tree that it stops") {
  within([&] {
    auto& script = sim.next_child();
    script.tree_lives(true, true);
    sim.after(150ms, [&] { script.tree_ends(); });
    const auto done = must(run(command("program"), {.until = 100ms}));
    CHECK(done.why == ended_by::deadline);
    REQUIRE(done.tree.has_value());
    CHECK(done.tree->gone);
    CHECK(done.elapsed >= 150ms);
    CHECK(done.elapsed <= 183ms);
  });
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] stop_all takes as long as the slowest, and its deadline is one for all") {
  std::vector<child> children;
  std::vector<child*> all;
  for (int i = 0; i < 20; ++i) {
    auto& script = sim.next_child();
    script.ignore_terminate();
    children.push_back(start());
  }
  for (child& each : children) all.push_back(&each);
  auto began = sim.now();
  for (const auto& each : stop_all(all, {.terminate = 500ms})) CHECK(must(each).phase == stop_phase::kill);
  CHECK(sim.now() - began == 500ms);
  children.clear();
  all.clear();
  for (int i = 0; i < 3; ++i) {
    auto& script = sim.next_child();
    script.ignore_terminate();
    children.push_back(start());
  }
  for (child& each : children) all.push_back(&each);
  began = sim.now();
  for (const auto& each : stop_all(all, {.terminate = 1h}, 70ms)) CHECK(must(each).cut_short);
  CHECK(sim.now() - began == 70ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] what a process used comes with its end, and how long it lived") {
  auto& script = sim.next_child();
  script.used({.user = 3ms, .system = 2ms, .peak_memory = 4096});
  auto running = start();
  sim.after(40ms, [&] { script.exit(); });
  CHECK_FALSE(running.used());
  CHECK(must(running.wait(deadline::never())).success());
  CHECK(running.used() == resource_usage{.elapsed = 40ms, .user = 3ms, .system = 2ms, .peak_memory = 4096});
}

}  // namespace
