// Ending a blocking call from elsewhere: from another thread, or from a signal handler.
#ifndef SPAWNPIPE_CANCELLATION_HPP
#define SPAWNPIPE_CANCELLATION_HPP

#include <spawnpipe/export.hpp>

#include <atomic>
#include <cstddef>

namespace spawnpipe {

/// Not for use by programs.
namespace detail {

class interruption;

// How a token is kept, asked and watched whose type this header does not know: that of the standard library is dear to include.
struct token_operations {
  void (*copy)(const void* token, void* place) noexcept;
  void (*destroy)(void* token) noexcept;
  bool (*requested)(const void* token) noexcept;
  // Calls `wake(what)` once at most, on whatever thread requests the stop, until `unwatch`, which waits for a call in progress.
  // `place` is of `watch_size` bytes.
  void (*watch)(const void* token, void* place, void (*wake)(void*) noexcept, void* what) noexcept;
  void (*unwatch)(void* place) noexcept;
};

inline constexpr std::size_t token_size = 2 * sizeof(void*);
inline constexpr std::size_t watch_size = 16 * sizeof(void*);

template <class Token>
struct operations_of {};

// For std::stop_token: include <spawnpipe/stop_token.hpp>.
template <class Token>
concept stop_token = requires {
  operations_of<Token>::table;
};

}  // namespace detail

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

/// What a blocking call looks at to see whether it should give up: nothing (the default), an `interrupter`, or a
/// `std::stop_token` (include `<spawnpipe/stop_token.hpp>`). Both convert to it, so that they can be handed to a call as they are. A
/// request that was made before the call ends it at once.
class cancellation {
 public:
  /// Never asks to give up.
  cancellation() noexcept = default;

  /// Gives up when `source` is interrupted. Keeps a reference: `source` must outlive it.
  cancellation(interrupter& source) noexcept : interrupter_(&source) {}

  /// Gives up when a stop is requested of the token's source. `Token` is `std::stop_token`; needs `<spawnpipe/stop_token.hpp>`.
  template <detail::stop_token Token>
  cancellation(const Token& token) noexcept : operations_(&detail::operations_of<Token>::table) {
    operations_->copy(&token, token_);
  }

  /// Gives up when `other` does.
  cancellation(const cancellation& other) noexcept : operations_(other.operations_), interrupter_(other.interrupter_) {
    if (operations_ != nullptr) operations_->copy(other.token_, token_);
  }
  /// Gives up when `other` does, and no more when it did before.
  cancellation& operator=(const cancellation& other) noexcept {
    if (this == &other) return *this;
    if (operations_ != nullptr) operations_->destroy(token_);
    operations_ = other.operations_;
    interrupter_ = other.interrupter_;
    if (operations_ != nullptr) operations_->copy(other.token_, token_);
    return *this;
  }
  ~cancellation() {
    if (operations_ != nullptr) operations_->destroy(token_);
  }

  /// True when the call should give up.
  [[nodiscard]] bool requested() const noexcept {
    if (operations_ != nullptr) return operations_->requested(token_);
    return interrupter_ != nullptr && interrupter_->interrupted();
  }

 private:
  friend class detail::interruption;

  alignas(void*) std::byte token_[detail::token_size] = {};
  const detail::token_operations* operations_ = nullptr;
  interrupter* interrupter_ = nullptr;
};

}  // namespace spawnpipe

#endif
