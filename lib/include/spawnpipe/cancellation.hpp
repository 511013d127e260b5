// Ending a blocking call from elsewhere: from another thread, or from a signal handler.
#ifndef SPAWNPIPE_CANCELLATION_HPP
#define SPAWNPIPE_CANCELLATION_HPP

#include <spawnpipe/export.hpp>

#include <atomic>
#include <cstddef>
#include <version>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

namespace spawnpipe {

namespace detail {
class interruption;
}

/// Ends every call that was given it, from any thread and from a signal handler.
///
/// ```
/// spawnpipe::interrupter interrupted;                       // outlives the calls and the handler
/// extern "C" void on_interrupt(int) { interrupted.interrupt(); }
/// ...
/// auto done = spawnpipe::run({"make"}, {.cancel = interrupted});
/// ```
///
/// It has no allocation until more than a few calls wait on it at once, and is constant-initialised, so that it may be
/// a global. It must outlive every call and every `cancellation` it was given to.
class SPAWNPIPE_API interrupter {
 public:
  constexpr interrupter() noexcept = default;
  interrupter(const interrupter&) = delete;
  interrupter& operator=(const interrupter&) = delete;
  ~interrupter();

  /// Ends the calls that wait now and those to come, with `errc::cancelled`. Async-signal-safe; any thread.
  void interrupt() noexcept;

  /// True from `interrupt()` to `reset()`. Async-signal-safe; any thread.
  [[nodiscard]] bool interrupted() const noexcept { return flag_.load(); }

  /// Makes it usable again, and says whether it had been interrupted. Any thread, when no call waits on it. What interrupts it
  /// after this is seen by the next call.
  bool reset() noexcept { return flag_.exchange(false); }

 private:
  friend class detail::interruption;

  // A waiting call puts its loop's waker into a free place. interrupt() takes a waker out of its place while it uses it,
  // and whoever wants to leave that place waits for it to come back; so no waker is used after its call has ended, and
  // nothing is locked that a signal handler could find locked.
  struct places {
    static constexpr std::size_t count = 8;
    std::atomic<void*> waker[count] = {};
    std::atomic<places*> more = nullptr;
  };

  std::atomic<bool> flag_ = false;
  places places_;
};

/// What a blocking call looks at to see whether it should give up: nothing (the default), a `std::stop_token`, or an
/// `interrupter`. Both convert to it, so that they can be handed to a call as they are. A request that was made before
/// the call ends it at once.
class cancellation {
 public:
  /// Never asks to give up.
  cancellation() noexcept = default;

  /// Gives up when `source` is interrupted. Keeps a reference: `source` must outlive it.
  cancellation(interrupter& source) noexcept : interrupter_(&source) {}

#if defined(__cpp_lib_jthread)
  /// Gives up when a stop is requested of the token's source.
  cancellation(std::stop_token token) noexcept : token_(std::move(token)) {}
#endif

  /// True when the call should give up.
  [[nodiscard]] bool requested() const noexcept {
#if defined(__cpp_lib_jthread)
    if (token_.stop_requested()) return true;
#endif
    return interrupter_ != nullptr && interrupter_->interrupted();
  }

 private:
  friend class detail::interruption;

#if defined(__cpp_lib_jthread)
  std::stop_token token_;
#endif
  interrupter* interrupter_ = nullptr;
};

}  // namespace spawnpipe

#endif
