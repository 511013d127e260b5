// What is counted of a pipe whose child is observed: its pauses, and whether its end was told. Does nothing where it is not.
#ifndef SPAWNPIPE_LIB_STREAM_WATCH_HPP
#define SPAWNPIPE_LIB_STREAM_WATCH_HPP

#include <spawnpipe/observer.hpp>

#include "loop_core.hpp"
#include "platform.hpp"

#include <cstdint>
#include <optional>

namespace spawnpipe::detail {

class stream_watch {
 public:
  void begin(const observed_child& child, standard_stream which) noexcept {
    child_ = child;
    which_ = which;
  }
  /// Its buffer is full; it goes on.
  void pause() noexcept {
    if (child_.number == 0 || paused_since_) return;
    ++report_.pauses;
    paused_since_ = platform::clock_now();
  }
  void go_on() noexcept {
    if (!paused_since_) return;
    report_.paused += platform::clock_now() - *paused_since_;
    paused_since_.reset();
  }
  /// Nothing goes through any more. Told once.
  void close(const loop_core& loop, std::uint64_t bytes, const std::optional<error>& failure) noexcept {
    if (child_.number == 0) return;
    go_on();
    report_.bytes = bytes;
    const observed_child child = child_;
    child_.number = 0;
    loop.tell(&observer::stream_closed, {.child = child,
                                         .which = which_,
                                         .report = report_,
                                         .failure = failure ? &*failure : nullptr,
                                         .when = platform::clock_now()});
  }

 private:
  observed_child child_;
  standard_stream which_ = standard_stream::in;
  stream_report report_;
  std::optional<platform::time_point> paused_since_;
};

}  // namespace spawnpipe::detail

#endif
