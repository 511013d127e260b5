// The host's end of a child's standard output or standard error.
#ifndef SPAWNPIPE_PIPE_READER_HPP
#define SPAWNPIPE_PIPE_READER_HPP

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/deadline.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe {

namespace detail {
class reader_core;
}

/// Reads what a child writes. Nothing is translated: a line that the child ended with CR LF keeps its CR.
///
/// The reader has a buffer of bounded size. It is filled while any blocking call of this thread, or the loop's `run`, is
/// in progress; when it is full, reading pauses and the child feels it, until something is consumed.
///
/// Every call that waits tells four ends apart: bytes; `errc::end_of_stream`; `errc::timed_out` or `errc::cancelled`, after
/// which the same call goes on where it was; and an error, which sticks. Bytes that came before an error or the end
/// are always delivered before it.
///
/// Errors common to all calls: `errc::wrong_thread`; `errc::closed` after `close()`, and for a stream that is no pipe;
/// `errc::would_deadlock` where the call would have to wait inside a callback or on an adopted loop;
/// `std::errc::not_enough_memory` where there is none for the buffer, which sticks.
///
/// Belongs to its loop's thread. Move-only; may be destroyed in any callback. Destruction is `close()`.
class SPAWNPIPE_API pipe_reader {
 public:
  /// Closed, without a pipe.
  pipe_reader() noexcept = default;
  pipe_reader(pipe_reader&& other) noexcept;             ///< Takes the pipe over; `other` is closed.
  pipe_reader& operator=(pipe_reader&& other) noexcept;  ///< The same, when what it had has been closed.
  ~pipe_reader();

  /// Waits for at least one byte, and returns how many were put into `into`: never 0, unless `into` is empty.
  ///
  /// Errors: `errc::end_of_stream`, `errc::timed_out`, `errc::cancelled`, `errc::stopped`.
  result<std::size_t> read_some(std::span<std::byte> into, deadline until, const cancellation& cancel = {});

  /// Waits for a line and returns it without its newline. The last line may have none.
  ///
  /// The view is into the reader's buffer, and valid until the next call on this reader.
  ///
  /// Errors: as `read_some`; `errc::line_too_long` where the line is longer than the line limit or the buffer: no
  /// byte is lost, `read_some` or a larger limit takes them.
  result<std::string_view> read_line(deadline until, const cancellation& cancel = {});

  /// As `read_line`, with a delimiter of choice.
  result<std::string_view> read_until(char delimiter, deadline until, const cancellation& cancel = {});

  /// The longest line that `read_line` and `read_until` accept, without its delimiter. By default, and at most, one
  /// byte less than the buffer.
  void line_limit(std::size_t bytes) noexcept;

  /// Waits for the end of the stream, and appends all that comes to `buffer`, up to a size of `limit` in all. What was
  /// appended stays in `buffer` whatever the outcome, so that the same call goes on where it was.
  ///
  /// Errors: `errc::limit_reached` (the stream has more than fits; it stays unread), `errc::timed_out`, `errc::cancelled`,
  /// `errc::stopped`.
  result<void> read_all(std::string& buffer, std::size_t limit, deadline until, const cancellation& cancel = {});

  /// The same as bytes.
  result<void> read_all(std::vector<std::byte>& buffer, std::size_t limit, deadline until,
                        const cancellation& cancel = {});

  /// Appends to `buffer` what the reader and the pipe hold now, `limit` bytes and 1 MiB at most (so that a child that writes
  /// on and on does not hold the caller), and says how many. Never waits: for a child that is gone while a grandchild still holds
  /// the pipe. 0 means that nothing is there now; an end or an error that was met shows at the next read.
  result<std::size_t> drain(std::string& buffer, std::size_t limit = std::numeric_limits<std::size_t>::max());

  /// What has been received and not consumed, straight from the receive buffer. The view is valid until the next call
  /// on this reader.
  [[nodiscard]] std::span<const std::byte> available() noexcept;

  /// The same as text.
  [[nodiscard]] std::string_view available_text() noexcept;

  /// Takes the first `count` bytes of `available()` off. More than there is means all.
  void consume(std::size_t count) noexcept;

  /// True when every byte was consumed and the stream has ended.
  [[nodiscard]] bool at_end() const noexcept;

  /// The error that sticks, if there was one.
  [[nodiscard]] std::optional<spawnpipe::error> error() const;

  /// Cancels the read in flight and reads no more. When it returns, the system is finished with every buffer and no
  /// callback of this reader runs or will run until `resume()`. What had been received stays readable. Allowed in every
  /// state and in every callback; stopping twice is stopping once.
  ///
  /// Errors: `errc::wrong_thread` only.
  result<void> stop() noexcept;

  /// Reads on after `stop()`: no byte is lost, doubled or reordered by any number of stops.
  ///
  /// Errors: `errc::closed`.
  result<void> resume();

  /// Stops, drops what was received, and closes this end: a child that goes on writing gets a broken pipe.
  ///
  /// Errors: `errc::wrong_thread` only.
  result<void> close() noexcept;

  /// True until `close()`.
  [[nodiscard]] bool is_open() const noexcept;

  /// Called in `event_loop::run` when bytes have come, and a last time at the end of the stream (`at_end()`) or at an error
  /// (`error()`). What it does not consume stays, and counts against the buffer. An empty function takes it back.
  void on_readable(std::function<void(pipe_reader&)> callback);

 private:
  friend class detail::reader_core;

  detail::reader_core* core_ = nullptr;
};

}  // namespace spawnpipe

#endif
