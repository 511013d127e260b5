// deadline: from durations of every length and kind, by the steady clock, never early.
#include "harness.hpp"

#include <cstdint>
#include <limits>
#include <type_traits>

namespace {

using namespace std::chrono_literals;
using spawnpipe::deadline;
using clock = deadline::clock;

// It is made from a duration or a time point, and from nothing that has no unit.
static_assert(clock::is_steady);
static_assert(std::is_convertible_v<std::chrono::milliseconds, deadline>);
static_assert(std::is_convertible_v<std::chrono::duration<float>, deadline>);
static_assert(std::is_convertible_v<clock::time_point, deadline>);
static_assert(!std::is_constructible_v<deadline, int>);
static_assert(!std::is_constructible_v<deadline, unsigned long>);
static_assert(!std::is_constructible_v<deadline, double>);
static_assert(!std::is_constructible_v<deadline, bool>);
static_assert(!std::is_convertible_v<std::chrono::system_clock::time_point, deadline>);
static_assert(!std::is_default_constructible_v<deadline>);

// Made of `patience`, it lies that far from a moment between before and after its making.
template <class Duration>
void check_distance(Duration patience) {
  CAPTURE(patience.count());
  const auto length = std::chrono::ceil<clock::duration>(patience);
  const clock::time_point before = clock::now();
  const deadline made = patience;
  const clock::time_point after = clock::now();
  CHECK(made.time() >= before + length);
  CHECK(made.time() <= after + length);
  CHECK_FALSE(made.is_now());
  CHECK_FALSE(made.is_never());
  CHECK_FALSE(made.passed());
  CHECK(made.remaining() <= length);
  CHECK(made.remaining() > length - 10s);
}

TEST_CASE("[T2] a deadline does not wrap where a count of milliseconds would") {
  for (const std::int64_t count : {std::int64_t{1} << 31, (std::int64_t{1} << 31) - 1, (std::int64_t{1} << 32) - 1,
                                   std::int64_t{1} << 32, (std::int64_t{1} << 32) + 5, std::int64_t{1} << 33}) {
    check_distance(std::chrono::milliseconds(count));
    check_distance(std::chrono::microseconds(count * 1000));
    check_distance(std::chrono::duration<double, std::milli>(static_cast<double>(count)));
  }
  check_distance(std::chrono::duration<std::uint32_t, std::milli>(std::numeric_limits<std::uint32_t>::max()));
  check_distance(std::chrono::duration<std::int32_t>(std::numeric_limits<std::int32_t>::max()));
  check_distance(std::chrono::hours(24 * 365 * 200));
}

TEST_CASE("[T2] durations too large for the clock mean never") {
  CHECK(deadline(std::chrono::hours::max()).is_never());
  CHECK(deadline(std::chrono::minutes::max()).is_never());
  CHECK(deadline(std::chrono::seconds::max()).is_never());
  CHECK(deadline(std::chrono::milliseconds::max()).is_never());
  CHECK(deadline(std::chrono::microseconds::max()).is_never());
  CHECK(deadline(std::chrono::nanoseconds::max()).is_never());
  CHECK(deadline(clock::duration::max()).is_never());
  CHECK(deadline(clock::duration::max() - 1ns).is_never());
  CHECK(deadline(std::chrono::duration<std::uint64_t, std::nano>::max()).is_never());
  CHECK(deadline(std::chrono::duration<std::int64_t, std::ratio<31'556'952>>::max()).is_never());
  CHECK(deadline(std::chrono::duration<double>(1e300)).is_never());
  CHECK(deadline(std::chrono::duration<double>::max()).is_never());
  CHECK(deadline(std::chrono::duration<double, std::ratio<3600>>::max()).is_never());
  CHECK(deadline(std::chrono::duration<float>(std::numeric_limits<float>::infinity())).is_never());
  CHECK(deadline(std::chrono::duration<double>(std::numeric_limits<double>::infinity())).is_never());
  CHECK(deadline(std::chrono::hours(24 * 365 * 300)).is_never());
}

TEST_CASE("[T2] between the largest duration and the end of the clock nothing overflows") {
  for (std::int64_t seconds = 8'900'000'000; seconds < 9'300'000'000; seconds += 1'000'000) {
    const deadline made = std::chrono::seconds(seconds);
    if (made.is_never()) continue;
    REQUIRE(made.time() > clock::now());
  }
  CHECK(deadline(std::chrono::seconds(9'300'000'000)).is_never());
}

TEST_CASE("[T2] zero, negative and no number at all mean now") {
  CHECK(deadline(0ms).is_now());
  CHECK(deadline(0.0s).is_now());
  CHECK(deadline(-1ns).is_now());
  CHECK(deadline(-0.5s).is_now());
  CHECK(deadline(std::chrono::hours::min()).is_now());
  CHECK(deadline(std::chrono::nanoseconds::min()).is_now());
  CHECK(deadline(std::chrono::duration<double>::min() * 0).is_now());
  CHECK(deadline(std::chrono::duration<double>(-1e300)).is_now());
  CHECK(deadline(std::chrono::duration<double>(-std::numeric_limits<double>::infinity())).is_now());
  CHECK(deadline(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).is_now());
  CHECK(deadline(std::chrono::duration<float>(std::numeric_limits<float>::signaling_NaN())).is_now());
}

TEST_CASE("[T3] what is finer than the clock is rounded up, never down to now") {
  const clock::time_point before = clock::now();
  CHECK(deadline(std::chrono::duration<std::int64_t, std::pico>(1)).time() > before);
  CHECK(deadline(std::chrono::duration<double, std::nano>(0.001)).time() > before);
  CHECK(deadline(std::chrono::duration<double>(1e-300)).time() > before);
  CHECK(deadline(std::chrono::duration<double, std::nano>(1.5)).time() >= before + 2ns);
  CHECK(deadline(1ns).time() > before);
}

TEST_CASE("[T3] a deadline passes when its time has come, and not before") {
  const clock::time_point when = clock::now() + 3ms;
  const deadline made = when;
  while (!made.passed()) {
  }
  CHECK(clock::now() >= when);
  CHECK(made.remaining() == 0ns);
}

TEST_CASE("[T1] now, never, and a point in time") {
  CHECK(deadline::now().is_now());
  CHECK(deadline::now().passed());
  CHECK(deadline::now().remaining() == 0ns);
  CHECK_FALSE(deadline::now().is_never());

  CHECK(deadline::never().is_never());
  CHECK_FALSE(deadline::never().passed());
  CHECK(deadline::never().remaining() == clock::duration::max());
  CHECK_FALSE(deadline::never().is_now());

  const clock::time_point past = clock::now() - 1h;
  CHECK(deadline(past).time() == past);
  CHECK(deadline(past).passed());
  CHECK(deadline(past).remaining() == 0ns);
  CHECK_FALSE(deadline(past).is_now());

  CHECK(deadline(clock::time_point::max()).is_never());
  CHECK(deadline(clock::time_point::min()).is_now());
}

TEST_CASE("[T1] the earlier deadline is the lesser one") {
  const deadline sooner = clock::now() + 1s;
  const deadline later = clock::now() + 1h;
  CHECK(sooner < later);
  CHECK(deadline::now() < sooner);
  CHECK(later < deadline::never());
  CHECK(std::min({later, deadline::never(), sooner}) == sooner);
  CHECK(sooner == deadline(sooner.time()));
}

}  // namespace
