// Moments at which a core wants to be called, in the order of their coming.
//
// Arming must not allocate, because stopping and destroying arm timers. A timer therefore owns its node of the map from the
// start, and lends it to the queue while it is armed.
#ifndef SPAWNPIPE_LIB_TIMER_HPP
#define SPAWNPIPE_LIB_TIMER_HPP

#include <spawnpipe/deadline.hpp>

#include <chrono>
#include <map>

namespace spawnpipe::detail {

class timer;
using timer_map = std::multimap<deadline, timer*>;

class timer {
 public:
  /// Calls `fire(owner)` from the loop that owns `queue`.
  timer(timer_map& queue, void (*fire)(void* owner), void* owner);
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() { disarm(); }

  /// Fires once, when `when` has come. Arming an armed timer moves it.
  void arm(deadline when) noexcept;
  void disarm() noexcept;
  [[nodiscard]] bool armed() const noexcept { return spare_.empty(); }

  /// Fires the timers of `queue` that are due at `now`, which may arm and disarm any of them. True where there was one.
  static bool fire_due(timer_map& queue, std::chrono::steady_clock::time_point now);

 private:
  timer_map& queue_;
  void (*fire_)(void* owner);
  void* owner_;
  timer_map::node_type spare_;  // empty while armed
  timer_map::iterator where_;
};

}  // namespace spawnpipe::detail

#endif
