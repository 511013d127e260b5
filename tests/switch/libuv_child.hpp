// The usual classes around libuv's handles: a loop, a timer, and a child with its pipes.
#ifndef SPAWNPIPE_TESTS_SWITCH_LIBUV_CHILD_HPP
#define SPAWNPIPE_TESTS_SWITCH_LIBUV_CHILD_HPP

#include "library.hpp"

#include <signal.h>
#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace switch_list {

enum : unsigned { in = 0, out = 1, err = 2 };

inline void check(int code, const char* what) {
  if (code < 0) throw std::runtime_error(std::string(what) + ": " + uv_strerror(code));
}

class uv {
 public:
  uv() { check(uv_loop_init(&loop_), "uv_loop_init"); }
  uv(const uv&) = delete;
  uv& operator=(const uv&) = delete;
  ~uv() { uv_loop_close(&loop_); }
  operator uv_loop_t*() { return &loop_; }
  void close_what_is_closing() { uv_run(&loop_, UV_RUN_NOWAIT); }
  template <class Condition>
  void run_until(Condition holds) {
    while (!holds() && uv_run(&loop_, UV_RUN_ONCE) != 0) {
    }
  }

 private:
  uv_loop_t loop_;
};

struct timer {
  explicit timer(uv& on) : loop(on) {
    uv_timer_init(loop, &handle);
    handle.data = this;
  }
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
    loop.close_what_is_closing();
  }
  void start(milliseconds time, milliseconds repeat = milliseconds(0)) {
    fired = 0;
    uv_timer_start(
        &handle, [](uv_timer_t* of) { ++static_cast<timer*>(of->data)->fired; },
        static_cast<std::uint64_t>(time.count()), static_cast<std::uint64_t>(repeat.count()));
  }

  uv& loop;
  uv_timer_t handle;
  int fired = 0;
};

// A child with its pipes. Its handles are closed by let_go.
struct child {
  explicit child(uv& on) : loop(on) {}

  // A stream is a pipe of ours, a descriptor, or the null device.
  void pipe(unsigned number) {
    uv_pipe_init(loop, &pipes[number], 0);
    pipes[number].data = this;
    open[number] = true;
    streams[number].flags =
        static_cast<uv_stdio_flags>(UV_CREATE_PIPE | (number == in ? UV_READABLE_PIPE : UV_WRITABLE_PIPE));
    streams[number].data.stream = stream(number);
  }
  void give(unsigned number, int fd) {
    streams[number].flags = UV_INHERIT_FD;
    streams[number].data.fd = fd;
  }
  // Reads what comes at `fd` as if it came from a pipe of ours.
  void read_from(unsigned number, int fd) {
    uv_pipe_init(loop, &pipes[number], 0);
    pipes[number].data = this;
    open[number] = true;
    check(uv_pipe_open(&pipes[number], fd), "uv_pipe_open");
    read(number);
  }

  void start(const std::string& program, arguments what, unsigned flags = 0) {
    what.insert(what.begin(), program);
    std::vector<char*> pointers;
    for (std::string& each : what) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    uv_process_options_t options{};
    options.file = program.c_str();
    options.args = pointers.data();
    options.flags = flags;
    options.stdio_count = 3;
    options.stdio = streams.data();
    options.exit_cb = [](uv_process_t* of, std::int64_t status, int signal) {
      child& it = *static_cast<child*>(of->data);
      it.ended = true;
      it.result.code = signal != 0 ? -signal : static_cast<int>(status);
      if (it.on_exit) it.on_exit();
    };
    process.data = this;
    check(uv_spawn(loop, &process, &options), "uv_spawn");
  }
  void read(unsigned number) {
    check(uv_read_start(
              stream(number),
              [](uv_handle_t*, std::size_t, uv_buf_t* given) {
                static thread_local std::array<char, 65536> buffer;
                *given = uv_buf_init(buffer.data(), buffer.size());
              },
              [](uv_stream_t* from, ssize_t size, const uv_buf_t* given) {
                child& it = *static_cast<child*>(from->data);
                const bool is_out = from == it.stream(out);
                if (size < 0) return it.close(is_out ? out : err);
                (is_out ? it.result.out : it.result.err).append(given->base, static_cast<std::size_t>(size));
              }),
          "uv_read_start");
  }
  // `text` lives until it is written. Nothing is no write: it would raise SIGPIPE where the child has ended.
  void write(const std::string& text, bool then_close) {
    if (text.empty()) return close(in);
    const uv_buf_t buffer = uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
    uv_write(&request, stream(in), &buffer, 1,
             then_close ? [](uv_write_t* of, int /*code*/) { static_cast<child*>(of->handle->data)->close(in); }
                        : uv_write_cb{});
  }

  uv_stream_t* stream(unsigned number) { return reinterpret_cast<uv_stream_t*>(&pipes[number]); }
  void close(unsigned number) {
    if (std::exchange(open[number], false)) uv_close(reinterpret_cast<uv_handle_t*>(&pipes[number]), nullptr);
  }
  void close_all() {
    for (const unsigned number : {in, out, err}) close(number);
  }
  void kill() { uv_process_kill(&process, SIGKILL); }
  void wait() {
    loop.run_until([this] { return ended; });
  }
  void let_go() {
    close_all();
    uv_close(reinterpret_cast<uv_handle_t*>(&process), nullptr);
    loop.close_what_is_closing();
  }

  uv& loop;
  uv_process_t process;
  std::array<uv_pipe_t, 3> pipes;
  std::array<bool, 3> open{};
  std::array<uv_stdio_container_t, 3> streams{};
  uv_write_t request;
  outcome result;
  bool ended = false;
  std::function<void()> on_exit;
};

}  // namespace switch_list

#endif
