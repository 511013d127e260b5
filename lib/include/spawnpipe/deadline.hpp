// A point in time that bounds a call, or several calls together.
#ifndef SPAWNPIPE_DEADLINE_HPP
#define SPAWNPIPE_DEADLINE_HPP

#include <spawnpipe/export.hpp>

#include <chrono>
#include <compare>

namespace spawnpipe {

/// The moment at which a blocking call gives up, on the steady clock.
///
/// Made from a duration (counted from the moment it is made), from a time point of `std::chrono::steady_clock`, or by
/// name: `now()` and `never()`. It is a value: hand one to several calls in a row, and it bounds them together.
///
/// Zero and negative durations (and a floating-point NaN) mean now; durations too large for the clock mean never.
/// A call never gives up early; it is late by no more than the grain of the system's timer and its scheduling.
/// Whether time during which the machine sleeps counts is left to the system's steady clock (Linux: it does not).
///
/// Thread-safe as any value is.
class deadline {
 public:
  using clock = std::chrono::steady_clock;  ///< The clock of all deadlines.

  /// Gives up `patience` from now: `child.wait(5s)`.
  template <class Rep, class Period>
  deadline(std::chrono::duration<Rep, Period> patience) : deadline(after(patience)) {}

  /// Gives up at `when`.
  constexpr deadline(clock::time_point when) noexcept : when_(when) {}

  /// Never waits; still takes what is there already.
  [[nodiscard]] static constexpr deadline now() noexcept { return deadline(clock::time_point::min()); }

  /// Waits as long as it takes.
  [[nodiscard]] static constexpr deadline never() noexcept { return deadline(clock::time_point::max()); }

  /// Gives up `patience` from now.
  template <class Rep, class Period>
  [[nodiscard]] static deadline after(std::chrono::duration<Rep, Period> patience) {
    using seconds = std::chrono::duration<double>;
    constexpr seconds too_large{9.0e9};  // 285 years; the clock's own range ends at 292
    const seconds length = std::chrono::duration_cast<seconds>(patience);
    if (!(length.count() > 0)) return now();
    if (length >= too_large) return never();
    return at_most(std::chrono::ceil<clock::duration>(patience));
  }

  /// Whether it is `now()`, rather than a moment that has come.
  [[nodiscard]] constexpr bool is_now() const noexcept { return when_ == clock::time_point::min(); }

  /// Whether it is `never()`.
  [[nodiscard]] constexpr bool is_never() const noexcept { return when_ == clock::time_point::max(); }

  /// The moment itself; `time_point::min()` for now and `time_point::max()` for never.
  [[nodiscard]] constexpr clock::time_point time() const noexcept { return when_; }

  /// What is left of it: zero when it has come, `duration::max()` for never.
  [[nodiscard]] SPAWNPIPE_API clock::duration remaining() const noexcept;

  /// True when it has come.
  [[nodiscard]] SPAWNPIPE_API bool passed() const noexcept;

  /// The earlier deadline is the lesser one.
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the 0 of a comparison for a pointer
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  SPAWNPIPE_API static deadline at_most(clock::duration patience) noexcept;

  clock::time_point when_;
};

}  // namespace spawnpipe

#endif
