// The other ends of the library's pipes, which the script plays: what a child writes, and how much it takes.
#ifndef SPAWNPIPE_PLATFORM_SIMULATED_PIPE_ENDS_HPP
#define SPAWNPIPE_PLATFORM_SIMULATED_PIPE_ENDS_HPP

#include "platform.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace spawnpipe::simulated {

using platform::time_point;
using duration = std::chrono::steady_clock::duration;

class scripted_child;
class script;

// What one read comes to: bytes, and behind the last of them an error, the end, or nothing. All empty: an empty
// completion.
struct arrival {
  std::string bytes = {};
  std::error_code error = {};
  bool end = false;
};

// What the end of a pipe, as the library uses it, has been through.
struct operation_counts {
  int begun = 0;      // read_begin, write_begin
  int tried = 0;      // write_try
  int completed = 0;  // at once or through the inbox
  int retired = 0;
};

// What both kinds of ends have. All of it may be said before the child is spawned.
class pipe_end {
 public:
  pipe_end() = default;
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  ~pipe_end() = default;

  // Nothing completes, is taken, or races a cancel from hold() to release().
  void hold();
  void release();
  // Begin takes what can be taken at once, as POSIX does. Without it every operation pends until the next wait.
  void eager(bool yes = true);
  // The next retire lasts so long: the system accepts the cancel and keeps the buffer meanwhile.
  void retire_lasts(duration length);

  [[nodiscard]] bool made() const;    // there is, or was, such a pipe
  [[nodiscard]] bool closed() const;  // by the library
  [[nodiscard]] bool in_flight() const;
  [[nodiscard]] operation_counts counts() const;
  [[nodiscard]] std::optional<time_point> closed_at() const;
  [[nodiscard]] std::size_t largest_request() const;  // bytes of one begin or try

 protected:
  friend struct platform::stream;
  friend struct platform::process;
  friend struct platform::loop;
  friend class scripted_child;
  friend class script;

  void stir();  // something may complete now

  platform::stream* stream_ = nullptr;
  bool held_ = false;
  bool eager_ = false;
  bool made_ = false;
  bool ready_ = false;  // in the loop's list of what may complete
  std::optional<time_point> closed_at_;
  duration retire_lasts_{0};
  operation_counts counts_;
  std::size_t largest_ = 0;
};

// The pipe of a child's out or err: what it holds, in order. One read takes from one arrival, as much of it as fits.
class source : public pipe_end {
 public:
  void feed(arrival what);
  void feed(std::string_view bytes) { feed(arrival{.bytes = std::string(bytes)}); }
  void end() { feed(arrival{.end = true}); }
  void fail(std::error_code code, std::string_view bytes = {}) { feed({.bytes = std::string(bytes), .error = code}); }
  void empty_completion() { feed(arrival{}); }
  // The next read_begin returns this at once, whatever the pipe holds.
  void next_begin(arrival what);
  // The next read_retire returns this, whatever the pipe holds.
  void next_retire(arrival what);
  // The answer of stream_backed_up.
  void backed_up(bool yes = true);

  [[nodiscard]] std::size_t unread() const;  // bytes that the pipe holds

 private:
  friend struct platform::stream;

  [[nodiscard]] static platform::io_outcome take(std::deque<arrival>& from, std::span<std::byte> into);

  std::deque<arrival> holds_;
  std::deque<arrival> next_begin_;
  std::deque<arrival> next_retire_;
  bool backed_up_ = false;
  bool ended_ = false;
};

// The pipe of a child's in: how much it takes, and what it took. It takes nothing until it is told to.
class sink : public pipe_end {
 public:
  // So many bytes more are taken, over one or more writes.
  void room(std::size_t bytes);
  void room_for_all();
  // The next write, pending or to come, tried or begun, takes `bytes` and comes to this.
  void outcome(platform::io_outcome what);
  void fail(std::error_code code, std::size_t bytes = 0) { outcome({.bytes = bytes, .error = code}); }
  void zero_success() { outcome({}); }
  // Nobody can read it any more: what is pending and what comes fails with broken_pipe.
  void break_pipe();
  // write_try takes nothing, so that only lent bytes are written, as on Windows.
  void lent_only(bool yes = true);
  // In the next write_retire `bytes` go out, and lib is told so, or told that nobody knows.
  void next_retire(std::size_t bytes, bool known = true);

  [[nodiscard]] std::string received() const;

 private:
  friend struct platform::stream;

  std::size_t room_ = 0;
  bool broken_ = false;
  bool lent_only_ = false;
  std::deque<platform::io_outcome> outcomes_;
  struct retirement {
    std::size_t bytes;
    bool known;
  };
  std::deque<retirement> next_retire_;
  std::string received_;
};

}  // namespace spawnpipe::simulated

#endif
