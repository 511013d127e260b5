// The host's end of a child's standard input.
#ifndef SPAWNPIPE_PIPE_WRITER_HPP
#define SPAWNPIPE_PIPE_WRITER_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spawnpipe {

namespace detail {
class writer_core;
}

/// What became of the bytes given to a writer. At every moment
/// `accepted == delivered + unsent + dropped + unknown`.
struct write_books {
  std::uint64_t accepted = 0;   ///< What `write` said it took.
  std::uint64_t delivered = 0;  ///< What the pipe took.
  std::uint64_t unsent = 0;     ///< What waits in the queue.
  std::uint64_t dropped = 0;    ///< What was thrown away by `stop`, or because the pipe broke.
  std::uint64_t unknown = 0;    ///< Where the system could not say how much of a cancelled write went out (Windows).

  friend constexpr bool operator==(const write_books&, const write_books&) noexcept = default;
};

/// Writes to a child. Bytes arrive as they are, in order, once.
///
/// `write` takes bytes without waiting; they are *accepted*. The loop hands them to the pipe; they are *delivered*. That
/// goes on while any blocking call of this thread, or the loop's `run`, is in progress, and only then.
///
/// Ends: `close()` lets the child read what was accepted, then the end of its input. `stop()` drops what is queued: the
/// child then sees a truncated input. Destruction without `close()` is `stop()`.
///
/// Errors common to all calls: `errc::wrong_thread`; `errc::closed` after `close()`, and for a stream that is no pipe;
/// `errc::stopped` after `stop()`; `std::errc::broken_pipe` when the child closed its end, which is never a signal here.
/// The first error of the system sticks: every later `write` and `flush` returns it.
///
/// Belongs to its loop's thread. Move-only; may be destroyed in any callback.
class SPAWNPIPE_API pipe_writer {
 public:
  /// Closed, without a pipe.
  pipe_writer() noexcept = default;
  pipe_writer(pipe_writer&& other) noexcept;             ///< Takes the pipe over; `other` is closed.
  pipe_writer& operator=(pipe_writer&& other) noexcept;  ///< The same, when what it had has been stopped.
  ~pipe_writer();

  /// Takes all of `bytes`, or as many as the queue has room for, and says how many (possibly none). Never blocks.
  /// What the pipe takes at once is not copied (POSIX; on Windows everything is, but for what `write_owned` takes).
  ///
  /// Errors: `std::errc::not_enough_memory` where nothing was taken, because there is no memory for the queue. It does not stick.
  result<std::size_t> write(std::span<const std::byte> bytes);
  result<std::size_t> write(std::string_view text);  ///< The same for text.

  /// Takes a whole buffer without copying it, where the queue has room for it or is empty; `buffer` is then empty.
  /// Otherwise returns false and leaves `buffer` as it was. Never blocks.
  ///
  /// Errors: as `write`, with `buffer` as it was.
  result<bool> write_owned(std::string& buffer);

  /// Waits until all of `rest` is accepted. `rest` is moved on past what was, whatever the outcome, so that the same call
  /// goes on where it was.
  ///
  /// Errors: `errc::timed_out`, `errc::cancelled`, `errc::would_deadlock`; `std::errc::not_enough_memory` as `write`.
  result<void> write_all(std::span<const std::byte>& rest, deadline until, const cancellation& cancel = {});

  /// The same for text.
  result<void> write_all(std::string_view& rest, deadline until, const cancellation& cancel = {});

  /// The same for a text that is not to be resumed: `write_all("quit\n", 1s)`. After an error, part of it may be accepted.
  result<void> write_all(std::string_view&& text, deadline until, const cancellation& cancel = {});

  /// Waits until every byte accepted before this call was delivered. Allowed after `close()`.
  ///
  /// Errors: `errc::timed_out` (the rest stays queued, in order), `errc::cancelled`, `errc::would_deadlock`.
  result<void> flush(deadline until, const cancellation& cancel = {});

  /// The graceful end: what is queued is still delivered, by the loop, also when this object is gone; then the child
  /// reads the end of its input. Never blocks. Queued bytes are dropped when the child is stopped, and when the
  /// thread ends that owns the default loop.
  ///
  /// Errors: `errc::wrong_thread` only; closing twice is closing once.
  result<void> close();

  /// The hard end: cancels what is in flight, drops the queue and closes. When it returns, the system is finished with
  /// every buffer and no callback of this writer runs or will run. Takes no longer than the system needs to
  /// cancel, whatever the child does. Allowed in every state and in every callback; stopping twice is stopping once.
  ///
  /// Errors: `errc::wrong_thread` only.
  result<void> stop() noexcept;

  /// True until `close()`, `stop()` or an error.
  [[nodiscard]] bool is_open() const noexcept;

  /// Bytes accepted and not delivered yet.
  [[nodiscard]] std::size_t unsent() const noexcept;

  /// What became of all bytes so far.
  [[nodiscard]] write_books books() const noexcept;

  /// The error that sticks, if there was one.
  [[nodiscard]] std::optional<spawnpipe::error> error() const;

  /// Called in `event_loop::run` when queued bytes were delivered, and a last time when an error came (see `error()`).
  /// Not called for what `write` itself delivered; and what came since the last call, an error too, may be told by one. An empty
  /// function takes it back.
  void on_written(std::function<void(pipe_writer&)> callback);

 private:
  friend class detail::writer_core;

  detail::writer_core* core_ = nullptr;
};

}  // namespace spawnpipe

#endif
