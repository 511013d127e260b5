// The state of a trace: what is still to be written of the children that run, and which rows are taken.
//
// It is called on whatever thread a loop is observed on, hence the lock. The rows belong to all loops together.
#ifndef SPAWNPIPE_LIB_TRACE_CORE_HPP
#define SPAWNPIPE_LIB_TRACE_CORE_HPP

#include <spawnpipe/trace_events.hpp>

#include "platform.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe::detail {

class trace_core final : public observer {
 public:
  /// Writes to `file`, which it closes, or else by `write`.
  trace_core(platform::file* file, std::function<void(std::string_view)> write, trace_events::naming name);
  trace_core(const trace_core&) = delete;
  trace_core& operator=(const trace_core&) = delete;
  ~trace_core();

  result<void> close() noexcept;

  void spawned(const spawned_event& event) noexcept override;
  void spawn_failed(const spawn_failed_event& event) noexcept override;
  void exited(const exited_event& event) noexcept override;
  void stop_reached(const stop_reached_event& event) noexcept override;
  void stop_ended(const stop_ended_event& event) noexcept override;
  void stream_closed(const stream_closed_event& event) noexcept override;

 private:
  // A bar that is not written yet.
  struct bar {
    std::string name;
    std::string details;  // the members of its args, as JSON, as far as they are known
    std::size_t row;
    time_point began;
    std::optional<time_point> ended;
    int open_pipes;
    bool failed = false;
  };

  using bar_map = std::map<std::uint64_t, bar>;  // by the number of the child

  [[nodiscard]] bar_map::iterator find(const observed_child& child);
  [[nodiscard]] std::size_t free_row(time_point from);
  void begin_event(std::string_view phase, std::string_view name, std::size_t row);
  void end_event();
  void add_row(std::size_t row);
  void add_running(time_point when);
  void add_mark(std::string_view name, std::size_t row, time_point when, std::string_view details);
  void add_bar(const bar& which, time_point until);
  void add_if_complete(bar_map::iterator which);
  void add_time(std::string_view key, std::chrono::nanoseconds value);
  void write() noexcept;

  const std::uint64_t process_ = platform::process_identity();  // whose trace it is
  std::mutex mutex_;
  platform::file* file_;
  std::function<void(std::string_view)> write_;
  trace_events::naming name_;
  const time_point zero_ = platform::clock_now();
  bar_map bars_;
  std::vector<time_point> rows_;  // since when it is free; in no time where it is not
  std::size_t running_ = 0;
  std::string text_;  // of the events that come next
  bool first_ = true;
  bool closed_ = false;
  std::optional<error> failure_;
};

}  // namespace spawnpipe::detail

#endif
