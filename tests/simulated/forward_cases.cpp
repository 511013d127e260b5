// Interrupts of the host that are passed on to its children.
#include "simulation.hpp"

#include <spawnpipe/forward_interrupts.hpp>

namespace {

using namespace simulation;

std::vector<int> numbers(const scripted_child& of) {
  std::vector<int> all;
  for (const auto& each : of.signals()) all.push_back(each.number);
  return all;
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] an interrupt goes to the children with groups of their own, and the host goes on") {
  auto& own = sim.next_child();
  auto& hosts = sim.next_child();
  own.ignore_terminate();
  auto one = start();
  auto other = must(spawn(loop, command("program").group(process_group::host)));
  auto guard = must(forward_interrupts::begin(loop));
  CHECK(sim.interrupts_taken());
  CHECK_FALSE(guard.received());
  sim.at_next_wait([&] { sim.interrupt(2); });
  CHECK(one.wait(1s).failed_with(errc::timed_out));
  CHECK(numbers(own) == std::vector{2});
  CHECK(hosts.signals().empty());
  CHECK(guard.received() == 2);

  SUBCASE("each that comes is passed on, and only once") {
    sim.interrupt(15);
    CHECK(guard.received() == 15);
    CHECK(numbers(own) == std::vector{2, 15});
    CHECK(one.wait(1s).failed_with(errc::timed_out));
    CHECK(numbers(own).size() == 2);
  }
  SUBCASE("none behind its end") {
    guard = forward_interrupts();
    CHECK_FALSE(sim.interrupts_taken());
    sim.interrupt(2);
    CHECK(one.wait(1s).failed_with(errc::timed_out));
    CHECK(numbers(own).size() == 1);
    CHECK_FALSE(guard.received());
  }
  SUBCASE("one that has ended gets none") {
    own.exit();
    CHECK(one.wait(1s));
    sim.interrupt(2);
    CHECK(guard.received() == 2);
    CHECK(numbers(own).size() == 1);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] many guards take the signals over once, and each loop has its own") {
  auto second_loop = must(event_loop::create());
  auto& here = sim.next_child();
  auto& there = sim.next_child();
  here.ignore_terminate();
  there.ignore_terminate();
  auto one = start();
  auto two = must(spawn(second_loop, command("program")));
  auto first = must(forward_interrupts::begin(loop));
  auto second = must(forward_interrupts::begin(second_loop));
  sim.interrupt(2);
  CHECK(second.received() == 2);
  CHECK(numbers(there) == std::vector{2});
  CHECK(here.signals().empty());
  CHECK(first.received() == 2);
  CHECK(numbers(here) == std::vector{2});
  first = forward_interrupts();
  CHECK(sim.interrupts_taken());
  second = forward_interrupts();
  CHECK_FALSE(sim.interrupts_taken());
  auto again = must(forward_interrupts::begin(loop));
  CHECK_FALSE(again.received());
  sim.interrupt(1);
  CHECK(again.received() == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] a guard that cannot begin says why, and leaves nothing") {
  sim.fail_interrupts({std::make_error_code(std::errc::operation_not_permitted), stage::signal, "x"});
  const auto refused = forward_interrupts::begin(loop);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == std::errc::operation_not_permitted);
  CHECK_FALSE(sim.interrupts_taken());
  event_loop none;
  CHECK(forward_interrupts::begin(none).failed_with(errc::closed));
  CHECK(must(forward_interrupts::begin(loop)).received() == std::nullopt);
}

TEST_CASE_FIXTURE(on_a_loop, "[P6] a guard outlives the handle of its loop, and does not keep run waiting") {
  auto guard = must(forward_interrupts::begin(loop));
  CHECK(loop.run(1s));
  loop = event_loop();
  CHECK(sim.interrupts_taken());
  guard = forward_interrupts();
  CHECK_FALSE(sim.interrupts_taken());
}

}  // namespace
