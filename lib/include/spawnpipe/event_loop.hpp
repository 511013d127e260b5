// The loop of a program that is driven by events.
#ifndef SPAWNPIPE_EVENT_LOOP_HPP
#define SPAWNPIPE_EVENT_LOOP_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stdio.hpp>

#include <functional>

namespace spawnpipe {

namespace detail {
class loop_core;
class waker_ref;
}  // namespace detail

/// Waits for everything at once, and calls the callbacks of its children and pipes.
///
/// A program that only makes blocking calls needs none: each thread has a loop of its own for those, which lives until
/// the thread ends.
///
/// A loop and all that was made on it belong to one thread at a time, at first the one that created it; a call from
/// another returns `errc::wrong_thread`, and does nothing where it returns nothing. Only `wake()` and what ends a call from
/// elsewhere (a stop request, an `interrupter`) are for other threads. Two loops on two threads share nothing.
///
/// Callbacks run in `run` only (on an adopted loop in the host's `uv_run`), never in a blocking call and never in a destructor.
/// In a callback, a call that would have to wait returns `errc::would_deadlock`; everything else is allowed, destroying the
/// object whose callback it is, and this loop, included. A callback may throw: the exception comes out of `run`, and the loop can be run again.
///
/// Children and pipes may outlive the `event_loop` object; they keep what they need of it. They may be destroyed on another thread, and are not
/// called back any more from then on; but not while a callback of theirs runs, which would go on with what is being destroyed.
class SPAWNPIPE_API event_loop {
 public:
  /// Errors: what the system says when it is out of descriptors or memory, at `stage::loop`.
  [[nodiscard]] static result<event_loop> create();

  /// No loop; only good for being assigned to.
  event_loop() noexcept = default;
  event_loop(event_loop&& other) noexcept;             ///< Takes the loop over; `other` is none.
  event_loop& operator=(event_loop&& other) noexcept;  ///< The same, when what it had has been destroyed.
  ~event_loop();

  /// Waits and calls callbacks, until there is nothing left to wait for (no child with an `on_exit`, no open reader with an
  /// `on_readable`, no queued bytes, no job), or `stop()` is called: success.
  ///
  /// `run(deadline::now())` handles what is there and returns; that is how a host with a loop of its own drives this one.
  ///
  /// Errors: `errc::timed_out` when the deadline came first, `errc::cancelled` (also when a callback destroyed the loop),
  /// `errc::would_deadlock` inside a callback and on an adopted loop.
  result<void> run(deadline until, const cancellation& cancel = {});

  /// Lets the `run` in progress return after the callback in progress; outside of one, lets the next return at once. On the
  /// loop's thread; from another, hand a cancellation to `run`, or call this in `on_wake`.
  void stop() noexcept;

  /// Makes the loop call its `on_wake` callback soon. Any thread; async-signal-safe; many calls may be seen as one. The
  /// loop must not be destroyed meanwhile.
  void wake() noexcept;

  /// Called in `run` after `wake()`.
  void on_wake(std::function<void()> callback);

  /// What a host's own loop waits on. POSIX: a descriptor that polls readable; it is not to be read. Windows: a waitable
  /// handle. When it is ready, or `next_deadline()` has come, call `run(deadline::now())`.
  [[nodiscard]] native_handle native() const noexcept;

  /// When to call `run(deadline::now())` at the latest. Ask right before waiting on `native()`: this also brings that up
  /// to date with what was begun since the last `run`. Moves bytes, calls no callback.
  [[nodiscard]] deadline next_deadline();

  /// Handing the loop, and all that was made on it, to another thread takes two steps: the owner lets go by this, then the other
  /// takes by `acquire_thread`. Between them every call but these says `errc::wrong_thread`.
  ///
  /// Errors: `std::errc::device_or_resource_busy` while a write is in flight; `errc::would_deadlock` inside a callback;
  /// `errc::not_supported` on an adopted loop.
  result<void> release_thread();

  /// Makes the calling thread the owner. A loop whose owner has ended can be taken without having been let go.
  ///
  /// Errors: `errc::wrong_thread` while another thread owns the loop that has not let go and has not ended.
  result<void> acquire_thread();

 private:
  friend class detail::loop_core;

  explicit event_loop(detail::loop_core* core) noexcept : core_(core) {}

  detail::loop_core* core_ = nullptr;
};

}  // namespace spawnpipe

#endif
