// Deadlines on a clock that the test moves: never early, never shortened by what happens meanwhile, capped, and shared.
#include "blocking_calls.hpp"
#include "simulation.hpp"

#include <limits>

namespace {

using namespace simulation;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::array<std::int64_t, 6> large_numbers{(std::int64_t{1} << 31) - 1, std::int64_t{1} << 31,
                                                    (std::int64_t{1} << 32) - 1, std::int64_t{1} << 32,
                                                    (std::int64_t{1} << 32) + 5, (std::int64_t{1} << 33) + 1};

TEST_CASE_FIXTURE(idle_child,
                  "[T1][T3] every blocking call takes a deadline, and gives up then: not earlier, not later") {
  for (const auto& each : blocking_calls()) {
    for (const auto length : {nanoseconds{1}, nanoseconds{999'999}, nanoseconds{1'000'001}, nanoseconds{5s}}) {
      CAPTURE(each.name);
      CAPTURE(length.count());
      const auto began = sim.now();
      const auto failed = each.call(running, loop, length, {});
      REQUIRE(failed);
      CHECK(*failed == errc::timed_out);
      CHECK(*failed == std::errc::timed_out);
      CHECK(sim.now() - began == length);
    }
  }
}

TEST_CASE_FIXTURE(idle_child, "[T1] a deadline may be a time point, and bounds several calls together") {
  const auto began = sim.now();
  const deadline until = began + 1s;
  CHECK(read_text(running.out(), 9, until).failed_with(errc::timed_out));
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    CHECK(each.call(running, loop, until, {}) == errc::timed_out);
    CHECK(sim.now() - began == 1s);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T1] a deadline that one call has used up partly is what is left for the next") {
  const auto began = sim.now();
  const deadline until = 1s;
  sim.after(400ms, [&] { script.out.feed("x"); });
  CHECK(must(read_text(running.out(), 9, until)) == "x");
  CHECK(sim.now() - began == 400ms);
  CHECK(running.wait(until).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 1s);
}

TEST_CASE_FIXTURE(idle_child, "[T2][T3] spurious wake-ups neither shorten nor extend a wait") {
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    for (int i = 1; i <= 300; ++i) sim.after(i * 7ms, [&] { sim.return_now(); });
    sim.spurious(25);
    const auto began = sim.now();
    CHECK(each.call(running, loop, 1s, {}) == errc::timed_out);
    CHECK(sim.now() - began == 1s);
    sim.spurious(0);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T2] wakes from another thread that mean nothing do not move a deadline") {
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    for (int i = 1; i <= 50; ++i) sim.after(i * 30ms, [&] { loop.wake(); });
    const auto began = sim.now();
    CHECK(each.call(running, loop, 1s, {}) == errc::timed_out);
    CHECK(sim.now() - began == 1s);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T3] a wait that the system ends too early is taken up again") {
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    sim.early(1ms, 1);
    auto began = sim.now();
    CHECK(each.call(running, loop, 100ms, {}) == errc::timed_out);
    CHECK(sim.now() - began == 100ms);
    sim.early(1ns, 5);
    began = sim.now();
    CHECK(each.call(running, loop, 100ms, {}) == errc::timed_out);
    CHECK(sim.now() - began == 100ms);
    sim.early(0s, 0);
  }
}

TEST_CASE_FIXTURE(idle_child, "[T2][T3] a system that is late makes a call late by that much, once") {
  sim.late(3ms);
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    const auto began = sim.now();
    CHECK(each.call(running, loop, 100ms, {}) == errc::timed_out);
    CHECK(sim.now() - began >= 100ms);
    CHECK(sim.now() - began <= 106ms);  // stop waits once more, for what the deadline led to
  }
}

TEST_CASE_FIXTURE(idle_child, "[T2] no wait of the system is longer than a day; it is repeated, and the sum is exact") {
  for (const auto number : large_numbers) {
    for (const auto& each : blocking_calls()) {
      CAPTURE(each.name);
      CAPTURE(number);
      sim.forget_waits();
      const auto began = sim.now();
      CHECK(each.call(running, loop, milliseconds(number), {}) == errc::timed_out);
      CHECK(sim.now() - began == milliseconds(number));
      const auto waits = sim.waits();
      CHECK(waits.size() >= static_cast<std::size_t>(milliseconds(number) / 24h));
      bool capped = true;
      for (const auto& wait : waits) capped = capped && wait.until <= wait.began + 24h;
      CHECK(capped);
    }
  }
}

TEST_CASE_FIXTURE(idle_child, "[T2] waiting for ever is one wait without a bound, and ends when something comes") {
  sim.after(100h * 24, [&] { script.exit(exit_status::exited(1)); });
  const auto began = sim.now();
  sim.forget_waits();
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(1));
  CHECK(sim.now() - began == 100h * 24);
  const auto waits = sim.waits();
  REQUIRE(waits.size() == 1);
  CHECK(waits.front().until == spawnpipe::platform::time_point::max());
}

// reproc #114: a drain that ended after exactly two minutes.
TEST_CASE_FIXTURE(idle_child, "[T2][P3] switch list 19: a drain without a deadline outlasts two minutes, and a year") {
  constexpr std::array<duration, 3> gaps{2min, 10min, 24h * 365};
  duration at{0};
  for (const auto gap : gaps) sim.after(at += gap + 1ms, [&] { script.out.feed("x"); });
  sim.after(at += 1s, [&] { script.exit(); });
  const auto began = sim.now();
  const auto done = must(communicate(running));
  CHECK(done.success());
  CHECK(done.out == "xxx");
  CHECK(sim.now() - began == at);
}

TEST_CASE_FIXTURE(idle_child, "[T2] durations too large for the clock mean never; zero and negative mean now") {
  CHECK(deadline(std::chrono::hours::max()).is_never());
  CHECK(deadline(milliseconds::max()).is_never());
  CHECK(deadline(nanoseconds::max()).is_never());
  CHECK(deadline(std::chrono::duration<double>(1e300)).is_never());
  CHECK(deadline(std::chrono::duration<double>(std::numeric_limits<double>::infinity())).is_never());
  sim.advance(std::chrono::hours(24 * 365 * 20));
  CHECK(deadline(std::chrono::hours(24 * 365 * 280)).is_never());
  CHECK_FALSE(deadline(std::chrono::hours(24 * 365 * 100)).is_never());
  CHECK(deadline(0s).is_now());
  CHECK(deadline(-1ns).is_now());
  CHECK(deadline(std::chrono::hours::min()).is_now());
  CHECK(deadline(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).is_now());
  CHECK(deadline(time_point::max()).is_never());
  CHECK(deadline(time_point::min()).is_now());
  // A time point of long ago is over, and never waited for.
  const auto began = sim.now();
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    CHECK(each.call(running, loop, deadline(began - 1h), {}) == errc::timed_out);
    CHECK(each.call(running, loop, -1h, {}) == errc::timed_out);
    CHECK(each.call(running, loop, std::chrono::hours::min(), {}) == errc::timed_out);
    CHECK(sim.now() == began);
  }
  sim.after(1s, [&] { script.exit(); });
  CHECK(must(running.wait(std::chrono::hours::max())).success());
}

TEST_CASE_FIXTURE(idle_child, "[T2] deadlines are rounded up to the clock, never down") {
  using third = std::chrono::duration<double, std::ratio<1, 3>>;
  const auto began = sim.now();
  CHECK(deadline(third(1)).time() - began >= 333'333'333ns);
  CHECK(deadline(std::chrono::duration<double, std::nano>(0.25)).time() - began == 1ns);
  CHECK(deadline(std::chrono::duration<double, std::nano>(0.25)).remaining() == 1ns);
  const deadline one = 1s;
  CHECK(one.remaining() == 1s);
  sim.advance(999'999'999ns);
  CHECK_FALSE(one.passed());
  CHECK(one.remaining() == 1ns);
  sim.advance(1ns);
  CHECK(one.passed());
  CHECK(one.remaining() == 0ns);
  sim.advance(1h);
  CHECK(one.remaining() == 0ns);
  CHECK(deadline::never().remaining() == deadline::clock::duration::max());
  CHECK_FALSE(deadline::never().passed());
  CHECK(deadline::now().passed());
  CHECK(deadline::now() < one);
  CHECK(one < deadline::never());
}

TEST_CASE_FIXTURE(idle_child, "[T4] deadline::now() never waits, and still makes a pass") {
  for (const auto& each : blocking_calls()) {
    CAPTURE(each.name);
    const auto began = sim.now();
    sim.forget_waits();
    CHECK(each.call(running, loop, deadline::now(), {}) == errc::timed_out);
    CHECK(sim.now() == began);
    CHECK(sim.waits().size() >= 1);
    for (const auto& wait : sim.waits()) CHECK(wait.until <= wait.began);
  }
  script.out.feed("now\n");
  CHECK(must(running.out().read_line(deadline::now())) == "now");
  script.err.feed("now");
  CHECK(must(read_text(running.err(), 9, deadline::now())) == "now");
  script.in.room_for_all();
  CHECK_OK(running.in().flush(deadline::now()));
  script.exit();
  CHECK(must(running.wait(deadline::now())).success());
}

TEST_CASE_FIXTURE(on_a_loop, "[T5] where the condition and the deadline come together, the condition wins") {
  const auto at_the_end = [&](const simulated::action& what) {
    sim.after(100ms, what);
    return deadline(100ms);
  };
  auto& script = sim.next_child();
  script.in.eager();
  auto running = start(4);
  const auto began = sim.now();
  CHECK(must(read_text(running.out(), 9, at_the_end([&] { script.out.feed("a"); }))) == "a");
  CHECK(must(running.out().read_line(at_the_end([&] { script.out.feed("b\n"); }))) == "b");
  CHECK(must(running.err().read_until(';', at_the_end([&] { script.err.feed("c;"); }))) == "c");
  std::string all;
  CHECK_OK(running.err().read_all(all, 9, at_the_end([&] { script.err.end(); })));
  std::string_view rest = "12345";
  CHECK_OK(running.in().write_all(rest, at_the_end([&] { script.in.room(1); })));
  CHECK_OK(running.in().flush(at_the_end([&] { script.in.room_for_all(); })));
  CHECK(must(running.wait(at_the_end([&] { script.exit(); }))).success());
  CHECK(sim.now() - began == 700ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[T5][T6] an end at the very deadline of a stop is that phase's, not a kill") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  sim.after(100ms, [&] { script.exit(exit_status::exited(3)); });
  const auto report = must(running.stop({.terminate = 1s}, 100ms));
  CHECK(report.phase == stop_phase::terminate);
  CHECK(report.status == exit_status::exited(3));
  CHECK(script.signals().size() == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[T5][P5] an end at the very end of a grace is that phase's") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  sim.after(100ms, [&] { script.exit(exit_status::exited(3)); });
  const auto report = must(running.stop({.terminate = 100ms}));
  CHECK(report.phase == stop_phase::terminate);
  CHECK(script.signals().size() == 1);
}

}  // namespace
