// Ending a blocking call from elsewhere: at once, and with nothing lost.
#include "blocking_calls.hpp"
#include "simulation.hpp"

#include <spawnpipe/stop_token.hpp>

#include <atomic>

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(idle_child, "[T7] a stop request from another thread ends every blocking call at once") {
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    std::stop_source source;
    sim.after(50ms, [&] { std::thread([&] { source.request_stop(); }).join(); });
    const auto began = sim.now();
    const auto failed = each.call(running, loop, 10s, source.get_token());
    REQUIRE(failed);
    CHECK(*failed == errc::cancelled);
    CHECK(*failed == std::errc::operation_canceled);
    CHECK(sim.now() - began == 50ms);
    // Asked before the call: it ends at once.
    CHECK(each.call(running, loop, 10s, source.get_token()) == errc::cancelled);
    CHECK(each.call(running, loop, deadline::never(), source.get_token()) == errc::cancelled);
    CHECK(sim.now() - began == 50ms);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T7] so does an interrupter, and after reset it can be used again") {
  interrupter interrupted;
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    CHECK_FALSE(interrupted.interrupted());
    sim.after(50ms, [&] { std::thread([&] { interrupted.interrupt(); }).join(); });
    const auto began = sim.now();
    CHECK(each.call(running, loop, 10s, interrupted) == errc::cancelled);
    CHECK(interrupted.interrupted());
    CHECK(each.call(running, loop, 10s, interrupted) == errc::cancelled);
    CHECK(sim.now() - began == 50ms);
    interrupted.reset();
    CHECK(each.call(running, loop, 1s, interrupted) == errc::timed_out);
    CHECK(sim.now() - began == 1050ms);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T7] one interrupter ends calls on many loops at once") {
  interrupter interrupted;
  std::vector<std::thread> threads;
  std::atomic<int> waiting = 0;
  std::atomic<int> cancelled = 0;
  constexpr int count = 20;  // more than it has places of its own
  sim.wait_for_wake();
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      auto own = must(event_loop::create());
      own.on_wake([&] { ++waiting; });
      own.wake();
      auto& quiet = sim.next_child();
      auto other = must(spawn(own, command("program").out(stdio::pipe{})));
      other.on_exit([](child&, const exit_status&) {});
      if (own.run(deadline::never(), interrupted).failed_with(errc::cancelled)) ++cancelled;
      static_cast<void>(quiet);
    });
  }
  while (waiting < count) std::this_thread::yield();
  interrupted.interrupt();
  for (auto& each : threads) each.join();
  CHECK(cancelled == count);
}

TEST_CASE_FIXTURE(idle_child, "[T7][T5] a cancelled call has lost nothing") {
  interrupter interrupted;
  interrupted.interrupt();
  script.out.feed("abc\n");
  CHECK(running.out().read_line(deadline::never(), interrupted).failed_with(errc::cancelled));
  std::string_view rest = "abcdef";
  CHECK(running.in().write_all(rest, deadline::never(), interrupted).failed_with(errc::cancelled));
  const std::size_t accepted = 6 - rest.size();
  CHECK(running.in().books().accepted == accepted);
  interrupted.reset();
  CHECK(must(running.out().read_line(deadline::never(), interrupted)) == "abc");
  script.in.room_for_all();
  CHECK_OK(running.in().write_all(rest, deadline::never(), interrupted));
  CHECK_OK(running.in().flush(deadline::never(), interrupted));
  CHECK(script.in.received() == "abcdef");
}

TEST_CASE_FIXTURE(idle_child, "[T7] what comes together with a cancellation is not lost") {
  std::stop_source source;
  sim.after(50ms, [&] {
    script.out.feed("abc");
    source.request_stop();
  });
  const auto outcome = read_text(running.out(), 9, deadline::never(), source.get_token());
  if (outcome) {
    CHECK(*outcome == "abc");
  } else {
    CHECK(outcome.failed_with(errc::cancelled));
    CHECK(must(read_text(running.out(), 9, deadline::now())) == "abc");
  }
}

TEST_CASE_FIXTURE(idle_child, "[T7] a cancellation that comes while nobody waits is seen by the next call") {
  std::stop_source source;
  sim.after(50ms, [&] { script.out.feed("x"); });
  CHECK(must(read_text(running.out(), 9, deadline::never(), source.get_token())) == "x");
  source.request_stop();
  CHECK(read_text(running.out(), 9, deadline::never(), source.get_token()).failed_with(errc::cancelled));
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::timed_out));
}

}  // namespace
