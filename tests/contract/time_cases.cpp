// Deadlines: how long a call waits, and what it does when they come.
#include "blocked_child.hpp"

#include <array>
#include <atomic>
#include <limits>
#include <type_traits>

namespace {

using namespace cases;

// Durations that 32 bits of milliseconds, or the clock itself, cannot hold; and the first ones that they can't.
std::vector<deadline> far_away() {
  std::vector<deadline> all;
  for (const std::int64_t count : {std::int64_t{1} << 31, (std::int64_t{1} << 32) - 1, std::int64_t{1} << 32,
                                   (std::int64_t{1} << 32) + 5, std::numeric_limits<std::int64_t>::max()}) {
    all.emplace_back(std::chrono::milliseconds(count));
  }
  all.emplace_back(std::chrono::hours::max());
  all.emplace_back(std::chrono::nanoseconds::max());
  all.emplace_back(std::chrono::duration<double>(1e300));
  all.emplace_back(deadline::clock::time_point::max() - 1ns);
  all.push_back(deadline::never());
  return all;
}

std::vector<deadline> long_past() {
  return {deadline(0ms),
          deadline(-1ms),
          deadline(std::chrono::milliseconds::min()),
          deadline(std::chrono::hours::min()),
          deadline(std::chrono::duration<double>(-1e300)),
          deadline(std::numeric_limits<double>::quiet_NaN() * 1s),
          deadline(deadline::clock::time_point::min() + 1ns),
          deadline(deadline::clock::now() - 1h),
          deadline::now()};
}

// No number, flag or pointer stands for a time.
static_assert(!std::is_convertible_v<int, deadline>);
static_assert(!std::is_convertible_v<long, deadline>);
static_assert(!std::is_convertible_v<double, deadline>);
static_assert(!std::is_convertible_v<bool, deadline>);
static_assert(!std::is_convertible_v<std::nullptr_t, deadline>);
static_assert(!std::is_default_constructible_v<deadline>);

TEST_CASE("[T1][T2] durations that no system can count wait for what is to come") {
  harness::leak_check nothing_left;
  for (const deadline until : far_away()) {
    // Each wait begins while there is something to wait for, and ends with it.
    child ends = start("sleep", 60, 9);
    CHECK(must(ends.wait(until)).code() == 9U);
    child speaks = start("pieces-on-request", "one\n", "two");
    std::string_view request = "\n";
    REQUIRE_OK(speaks.in().write_all(request, until));
    REQUIRE_OK(speaks.in().flush(until));
    CHECK(must(speaks.out().read_line(until)) == "one");
    CHECK(must(speaks.in().write("\n")) == 1);
    std::string rest;
    REQUIRE_OK(speaks.out().read_all(rest, 10, until));
    CHECK(rest == "two");
    event_loop loop = must(event_loop::create());
    child on_loop = must(spawnpipe::spawn(loop, harness::command("sleep", 20)));
    bool called = false;
    on_loop.on_exit([&](child&, const spawnpipe::exit_status&) { called = true; });
    CHECK_OK(loop.run(until));
    CHECK(called);
  }
}

TEST_CASE("[T1][T2] durations that are zero, negative or no number mean now") {
  harness::leak_check nothing_left;
  blocked_child on;
  const stopwatch watch;
  for (const deadline until : long_past()) {
    CHECK(until.passed());
    for (const blocking_call& each : blocking_calls(on)) {
      CAPTURE(each.name);
      CHECK(each.call(until, {}) == errc::timed_out);
    }
  }
  CHECK(watch.elapsed() < scaled(2s));
}

TEST_CASE("[T2][T3] no call gives up early, however often its loop is woken meanwhile") {
  harness::leak_check nothing_left;
  blocked_child on;
  auto least_late = stopwatch::clock::duration::max();
  for (const bool woken : {false, true}) {
    std::atomic<bool> over = false;
    std::thread waker([&] {
      for (dice any(7); woken && !over; std::this_thread::sleep_for(std::chrono::microseconds(any(900))))
        on.loop.wake();
    });
    for (const auto length : {100us, 999us, 1000us, 1001us, 1700us, 2500us, 5300us, 9999us}) {
      for (const blocking_call& each : blocking_calls(on)) {
        CAPTURE(each.name);
        CAPTURE(length);
        const stopwatch watch;
        const deadline until = length;
        CHECK(each.call(until, {}) == errc::timed_out);
        const auto now = stopwatch::clock::now();
        CHECK(now >= until.time());
        CHECK(watch.elapsed() >= length);
        least_late = std::min(least_late, now - until.time());
      }
    }
    over = true;
    waker.join();
  }
  CHECK(least_late < scaled(20ms));
}

TEST_CASE("[T3] a wait that is woken all the time is no longer than it was asked to be") {
  harness::leak_check nothing_left;
  blocked_child on;
  std::atomic<bool> over = false;
  std::thread waker([&] {
    while (!over) on.loop.wake();
  });
  for (const blocking_call& each : blocking_calls(on)) {
    CAPTURE(each.name);
    const stopwatch watch;
    CHECK(each.call(20ms, {}) == errc::timed_out);
    CHECK(watch.elapsed() >= 20ms);
    CHECK(watch.elapsed() < scaled(1s));
  }
  over = true;
  waker.join();
}

TEST_CASE("[T3] a loop that has not looked at the clock for long does not end a wait early") {
  harness::leak_check nothing_left;
  blocked_child on;
  for (const blocking_call& each : blocking_calls(on)) {
    CAPTURE(each.name);
    std::this_thread::sleep_for(25ms);
    const stopwatch watch;
    CHECK(each.call(10ms, {}) == errc::timed_out);
    CHECK(watch.elapsed() >= 10ms);
  }
}

TEST_CASE("[T2][T3] a deadline that comes while its wait begins ends it") {
  harness::leak_check nothing_left;
  blocked_child on;
  const auto calls = blocking_calls(on);
  dice any(5);
  const stopwatch watch;
  const int enough = host_os::small_pieces_are_slow() ? 1500 : 5000;
  for (int rounds = 0; rounds < enough; ++rounds) {
    const blocking_call& each = calls[any(calls.size())];
    CAPTURE(each.name);
    const deadline until = std::chrono::nanoseconds(1 + any(any(2) == 0 ? 500 : 20'000));
    REQUIRE(each.call(until, {}) == errc::timed_out);
    REQUIRE(until.passed());
  }
  CHECK(watch.elapsed() < scaled(15s));
}

TEST_CASE("[T4] a deadline of now takes what is there, and waits for nothing") {
  harness::leak_check nothing_left;
  const deadline past = deadline::clock::now() - 1s;
  for (const deadline until : {deadline::now(), past}) {
    event_loop loop = must(event_loop::create());
    const auto spoken = [&](auto... arguments) {
      child all = must(spawnpipe::spawn(loop, piped("pieces", arguments...)));
      REQUIRE(harness::gone_within(all.id(), 10s));  // looks at the process only: no byte is moved meanwhile
      return all;
    };
    child speaks = spoken("line\n", "more");
    CHECK(must(speaks.out().read_line(until)) == "line");
    std::array<std::byte, 2> two{};
    CHECK(must(speaks.out().read_some(two, until)) == 2);
    std::string rest;
    CHECK_OK(speaks.out().read_all(rest, 100, until));
    CHECK(rest == "re");
    CHECK(must(speaks.wait(until)).success());
    CHECK(must(speaks.stop({}, until)).phase == spawnpipe::stop_phase::none);

    child direct = spoken("0123456789");
    CHECK(must(direct.out().read_some(two, until)) == 2);
    child end = spoken();
    CHECK(end.out().read_some(two, until).failed_with(errc::end_of_stream));
    child status = spoken("x");
    CHECK(must(status.wait(until)).success());

    child called = spoken("news");
    std::string news;
    std::optional<std::uint32_t> code;
    called.out().on_readable([&](pipe_reader& from) {
      news += from.available_text();
      from.consume(from.available().size());
    });
    called.on_exit([&](child&, const spawnpipe::exit_status& how) { code = how.code(); });
    for (int rounds = 0; rounds < 3; ++rounds) static_cast<void>(loop.run(until));
    CHECK(news == "news");
    CHECK(code == 0U);
  }
}

TEST_CASE("[T4] a deadline of now does not wait, hundreds of times over") {
  harness::leak_check nothing_left;
  blocked_child on;
  const auto calls = blocking_calls(on);
  const stopwatch watch;
  const int enough = host_os::small_pieces_are_slow() ? 30 : 100;
  for (int rounds = 0; rounds < enough; ++rounds) {
    for (const blocking_call& each : calls) {
      CAPTURE(each.name);
      REQUIRE(each.call(deadline::now(), {}) == errc::timed_out);
    }
  }
  CHECK(watch.elapsed() < scaled(1s));
}

TEST_CASE("[T2] an idle wait uses next to no processor time") {
  harness::leak_check nothing_left;
  blocked_child on;
  // A reader that is full, and a child that is blocked on it, are idle as well.
  child blocked = must(spawnpipe::spawn(on.loop, piped({.out = 1}, "yes")));
  blocked.out().on_readable([](pipe_reader&) {});
  static_cast<void>(on.loop.run(100ms));
  const auto cpu_of = [&](auto&& call) {
    const auto before = host_os::cpu_time();
    const stopwatch watch;
    call(deadline(1s));
    CHECK(watch.elapsed() >= 1s);
    return host_os::cpu_time() - before;
  };
  // Less than one of its steps cannot be told.
  const auto little = scaled(2ms) + host_os::cpu_time_step();
  std::byte one{};
  CHECK(cpu_of([&](deadline until) { CHECK_FALSE(on.loop.run(until)); }) < little);
  CHECK(cpu_of([&](deadline until) { CHECK_FALSE(on.running.wait(until)); }) < little);
  CHECK(cpu_of([&](deadline until) { CHECK_FALSE(on.running.out().read_some({&one, 1}, until)); }) < little);
  CHECK(cpu_of([&](deadline until) { CHECK_FALSE(on.running.in().flush(until)); }) < little);
}

}  // namespace
