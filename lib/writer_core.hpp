// The state of a pipe_writer: its queue, the write in flight, and the books.
//
// A write goes to the pipe at once where nothing is queued; what the pipe does not take is queued, and the loop delivers it. A
// writer that was closed with bytes in its queue outlives its handle (lingers) until they are delivered.
#ifndef SPAWNPIPE_LIB_WRITER_CORE_HPP
#define SPAWNPIPE_LIB_WRITER_CORE_HPP

#include <spawnpipe/pipe_writer.hpp>

#include "callback.hpp"
#include "loop_core.hpp"
#include "object.hpp"
#include "platform.hpp"
#include "progress_listener.hpp"
#include "stream_watch.hpp"
#include "write_queue.hpp"

#include <functional>
#include <optional>

namespace spawnpipe::detail {

class writer_core final : public object {
 public:
  writer_core(loop_core& loop, std::size_t capacity, const char* name);

  /// The stream it writes to; once, before anything else.
  void attach(platform::stream* stream) noexcept { stream_ = stream; }
  void observed_as(const observed_child& child) noexcept { watch_.begin(child, standard_stream::in); }
  [[nodiscard]] static writer_core* of(const pipe_writer& handle) noexcept { return handle.core_; }
  void give_to(pipe_writer& handle) noexcept;
  void handle_moved(pipe_writer& handle) noexcept { handle_ = &handle; }

  result<std::size_t> write(std::span<const std::byte> bytes);
  result<bool> write_owned(std::string& buffer);
  result<void> write_all(std::span<const std::byte>& rest, deadline until, const cancellation& cancel);
  result<void> flush(deadline until, const cancellation& cancel);
  void close() noexcept;
  void stop() noexcept;

  [[nodiscard]] bool open() const noexcept { return stream_ != nullptr && !closing_; }
  [[nodiscard]] write_books books() const noexcept;
  [[nodiscard]] std::size_t unsent() const noexcept { return queue_.size(); }
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }
  [[nodiscard]] const char* name() const noexcept { return name_; }

  void on_written(std::function<void(pipe_writer&)> callback);
  void progress_to(progress_listener* who) noexcept { listener_ = who; }

  void dispose() noexcept override;
  void shutdown() noexcept override { stop(); }
  void dispatch() override;
  [[nodiscard]] bool bound_to_thread() const noexcept override { return in_flight_ > 0; }

 private:
  [[nodiscard]] std::optional<error> refusal() const;
  [[nodiscard]] error no_memory() const;
  void begin();
  std::size_t try_now(std::span<const std::byte> bytes) noexcept;
  void apply(const platform::io_outcome& outcome) noexcept;
  void settle() noexcept;
  void fail(std::error_code code) noexcept;
  void drop_queue() noexcept;
  void announce();
  void update_active() noexcept;

  const char* name_;
  const std::size_t capacity_;
  platform::stream* stream_ = nullptr;
  platform::completion done_;
  std::size_t in_flight_ = 0;  // bytes lent

  write_queue queue_;
  write_books books_;  // without `unsent`, which is the queue's size
  std::optional<error> failure_;
  stream_watch watch_;
  bool closing_ = false;  // close() was called: the end follows the queue
  bool stopped_ = false;
  bool lingers_ = false;  // keeps itself

  pipe_writer* handle_ = nullptr;
  callback_slot<void(pipe_writer&)> callback_;
  bool news_ = false;   // for the callback
  bool moved_ = false;  // for the listener
  bool told_failure_ = false;
  progress_listener* listener_ = nullptr;
};

}  // namespace spawnpipe::detail

#endif
