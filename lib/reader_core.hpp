// The state of a pipe_reader: its buffer, the read in flight, and how the stream ended.
//
// The buffer is linear: [begin_, end_) is received and not consumed. A background read goes behind end_; a blocking
// read_some with nothing buffered reads straight into the caller's span. A view that was given to the user pins the buffer
// (view_out_): until the user's next call on this reader nothing in it is moved, only bytes behind end_ are added.
#ifndef SPAWNPIPE_LIB_READER_CORE_HPP
#define SPAWNPIPE_LIB_READER_CORE_HPP

#include <spawnpipe/pipe_reader.hpp>

#include "callback.hpp"
#include "loop_core.hpp"
#include "object.hpp"
#include "platform.hpp"
#include "progress_listener.hpp"
#include "stream_watch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace spawnpipe::detail {

class reader_core final : public object {
 public:
  reader_core(loop_core& loop, std::size_t capacity, const char* name) noexcept;

  /// The stream it reads from; once, before anything else.
  void attach(platform::stream* stream) noexcept;
  void observed_as(const observed_child& child, standard_stream which) noexcept { watch_.begin(child, which); }
  [[nodiscard]] static reader_core* of(const pipe_reader& handle) noexcept { return handle.core_; }
  /// Makes `handle`, which has no core, the handle of this one.
  void give_to(pipe_reader& handle) noexcept;
  void handle_moved(pipe_reader& handle) noexcept { handle_ = &handle; }

  result<std::size_t> read_some(std::span<std::byte> into, deadline until, const cancellation& cancel);
  result<std::string_view> read_until(char delimiter, deadline until, const cancellation& cancel);
  /// Waits until something is buffered. Errors: as read_some.
  result<void> fill(deadline until, const cancellation& cancel);
  /// One try to get more from the pipe, without waiting. True where something came.
  bool try_once();
  void line_limit(std::size_t bytes) noexcept { line_limit_ = bytes; }

  [[nodiscard]] std::span<const std::byte> available() noexcept;
  void consume(std::size_t count) noexcept;

  [[nodiscard]] bool open() const noexcept { return !closed_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] std::size_t buffered() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }
  /// No byte will come any more: ended, failed, or closed.
  [[nodiscard]] bool finished() const noexcept { return ended_ || failure_ || stream_ == nullptr; }
  /// Since when nobody takes what the child writes: the buffer has been full, or the reader stopped.
  [[nodiscard]] std::optional<platform::time_point> full_since() const noexcept { return full_since_; }
  /// The child may be waiting for room: full, and the pipe behind it too.
  [[nodiscard]] bool stalled() const noexcept {
    return full_since_ && stream_ != nullptr && platform::stream_backed_up(stream_);
  }
  [[nodiscard]] const char* name() const noexcept { return name_; }

  void stop() noexcept;
  result<void> resume();
  void close() noexcept;
  void on_readable(std::function<void(pipe_reader&)> callback);
  void progress_to(progress_listener* who) noexcept;

  void dispose() noexcept override;
  void shutdown() noexcept override;
  bool prepare() override;
  void dispatch() override;
  void unbind() noexcept override;

 private:
  enum class flight : std::uint8_t { none, buffer, direct };

  void begin(std::span<std::byte> into, flight how);
  void begin_into_buffer();
  void apply(const platform::io_outcome& outcome) noexcept;
  void fail(std::error_code code) noexcept;
  void retire() noexcept;
  [[nodiscard]] bool has_room() const noexcept;
  void make_room() noexcept;
  void advance(std::size_t count) noexcept;
  [[nodiscard]] std::size_t take(std::span<std::byte> into) noexcept;
  /// Nothing comes any more, at least until a resume; terminal() says why.
  [[nodiscard]] bool over() const noexcept { return finished() || stopped_; }
  [[nodiscard]] std::optional<error> terminal() const;
  [[nodiscard]] bool wants_read() const noexcept;
  void want_more() noexcept;
  void update_active() noexcept;
  void announce();

  const char* name_;
  const std::size_t capacity_;
  platform::stream* stream_ = nullptr;
  platform::completion done_;
  flight flight_ = flight::none;

  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;  // [begin_, scanned_) has no delimiter
  char scanned_for_ = 0;
  std::size_t line_limit_;
  std::size_t direct_bytes_ = 0;  // what came into the caller's span
  unsigned reads_without_pass_ = 0;

  bool view_out_ = false;
  bool ended_ = false;
  bool stopped_ = false;
  bool closed_ = true;
  std::optional<platform::time_point> full_since_;
  std::optional<error> failure_;
  std::uint64_t received_ = 0;
  stream_watch watch_;

  pipe_reader* handle_ = nullptr;
  callback_slot<void(pipe_reader&)> callback_;
  bool news_ = false;
  bool told_end_ = false;  // the callback has seen the end, or the error
  progress_listener* listener_ = nullptr;
};

}  // namespace spawnpipe::detail

#endif
