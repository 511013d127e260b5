// libuv: uv_spawn on the default loop, its own pipes (UV_CREATE_PIPE), uv_read_start and uv_write. A handle closes at its end, so the
// loop runs out of work when all children are done.
#include "driver.hpp"

#include <uv.h>

#include <array>
#include <functional>
#include <vector>

namespace bench {
namespace {

enum : unsigned { in = 0, out = 1, err = 2 };

// A child, its pipes, and what is told about it.
struct running {
  uv_process_t process;
  std::array<uv_pipe_t, 3> pipes;
  unsigned open = 0;  // handles that are not closed yet
  bool succeeded = false;
  std::string output;
  std::function<void(running&)> exited;
  std::function<void(running&, const char*, std::size_t)> came;  // by stdout
  std::function<void(running&)> ended;                           // all is closed
};

void close(running& which, void* handle) {
  static_cast<uv_handle_t*>(handle)->data = &which;
  uv_close(static_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
    running& of = *static_cast<running*>(closed->data);
    if (--of.open == 0 && of.ended) of.ended(of);
  });
}

void give_buffer(uv_handle_t* /*for_whom*/, std::size_t /*suggested*/, uv_buf_t* given) {
  static std::array<char, read_size> buffer;
  *given = uv_buf_init(buffer.data(), buffer.size());
}

void take(uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
  running& which = *static_cast<running*>(from->data);
  if (size < 0) {
    close(which, from);
  } else if (from == reinterpret_cast<uv_stream_t*>(&which.pipes[out]) && which.came) {
    which.came(which, buffer->base, static_cast<std::size_t>(size));
  }
}

uv_stream_t* stream_of(running& which, unsigned number) { return reinterpret_cast<uv_stream_t*>(&which.pipes[number]); }

// The streams that are named are piped, the others are the null device. Where it cannot start, it did not succeed.
void start(running& which, std::vector<std::string> arguments, std::initializer_list<unsigned> piped) {
  arguments.insert(arguments.begin(), child_program);
  std::vector<char*> pointers;
  for (std::string& each : arguments) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  std::array<uv_stdio_container_t, 3> streams{};
  for (const unsigned number : piped) {
    uv_pipe_init(uv_default_loop(), &which.pipes[number], 0);
    which.pipes[number].data = &which;
    const int direction = number == in ? UV_READABLE_PIPE : UV_WRITABLE_PIPE;
    streams[number].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | direction);
    streams[number].data.stream = stream_of(which, number);
  }
  uv_process_options_t options{};
  options.file = child_program;
  options.args = pointers.data();
  options.stdio_count = 3;
  options.stdio = streams.data();
  options.exit_cb = [](uv_process_t* process, std::int64_t status, int signal) {
    running& of = *static_cast<running*>(process->data);
    of.succeeded = status == 0 && signal == 0;
    close(of, process);
    if (of.exited) of.exited(of);
  };
  which.process.data = &which;
  which.open = 1 + static_cast<unsigned>(piped.size());
  if (uv_spawn(uv_default_loop(), &which.process, &options) != 0) {
    close(which, &which.process);
    for (const unsigned number : piped) close(which, &which.pipes[number]);
    return;
  }
  for (const unsigned number : piped) {
    if (number != in) uv_read_start(stream_of(which, number), give_buffer, take);
  }
}

void run() { uv_run(uv_default_loop(), UV_RUN_DEFAULT); }

void spawn() {
  running child;
  start(child, {"exit"}, {});
  run();
  expect(child.succeeded, "the child did not succeed");
}

void keep(running& which, const char* data, std::size_t size) { which.output.append(data, size); }

std::string capture() {
  running child;
  child.came = keep;
  start(child, {"line"}, {out, err});
  run();
  expect(child.succeeded, "the child did not succeed");
  return child.output;
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  running child;
  std::uint64_t came = 0;
  child.came = [&](running& /*which*/, const char* /*data*/, std::size_t size) { came += size; };
  start(child, {"write", std::to_string(total), std::to_string(block), child_cpu}, {out});
  run();
  expect(child.succeeded, "the child did not succeed");
  return came;
}

// Writes, and calls written when all is there. libuv only reads what it is given, and asks for more.
void write(running& which, uv_write_t& request, const std::string& data, uv_write_cb written) {
  request.data = &which;
  const uv_buf_t buffer = uv_buf_init(const_cast<char*>(data.data()), static_cast<unsigned>(data.size()));
  uv_write(&request, stream_of(which, in), &buffer, 1, written);
}

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  running child;
  std::uint64_t came = 0;
  child.came = [&](running& /*which*/, const char* /*data*/, std::size_t size) { came += size; };
  start(child, {"cat", child_cpu}, {in, out});
  uv_write_t request;
  write(child, request, input, [](uv_write_t* done, int /*status*/) {
    running& which = *static_cast<running*>(done->data);
    close(which, &which.pipes[in]);
  });
  run();
  expect(child.succeeded, "the child did not succeed");
  return came;
}

void ping(int rounds, void (*mark)()) {
  running child;
  std::string byte = "x";
  uv_write_t request;
  int turns = 0;
  bool good = true;
  child.came = [&](running& /*which*/, const char* /*data*/, std::size_t size) {
    good = good && size == 1;
    ++turns;
    if (turns == 100 || turns == 100 + rounds) mark();
    if (turns == 100 + rounds) {
      close(child, &child.pipes[in]);
    } else {
      write(child, request, byte, nullptr);
    }
  };
  start(child, {"cat"}, {in, out});
  write(child, request, byte, nullptr);
  run();
  expect(good && turns == 100 + rounds, "the byte did not come back");
  expect(child.succeeded, "the child did not succeed");
}

int many(int count, int width) {
  std::vector<running> children(static_cast<std::size_t>(width));
  int started = 0;
  int right = 0;
  const auto next = [&](running& place) {
    if (started == count) return;
    ++started;
    start(place, {"line"}, {out, err});
  };
  for (running& each : children) {
    each.came = keep;
    each.ended = [&](running& which) {
      if (which.succeeded && which.output == child_line) ++right;
      which.output.clear();
      which.succeeded = false;
      next(which);
    };
    next(each);
  }
  run();
  return right;
}

double alive(int count, int samples) {
  std::vector<running> children(static_cast<std::size_t>(count));
  int ended = 0;
  for (running& each : children) {
    each.exited = [&](running& which) {
      if (which.succeeded) ++ended;
      uv_stop(uv_default_loop());
    };
    start(each, {"wait"}, {in});
  }
  uv_run(uv_default_loop(), UV_RUN_NOWAIT);
  const double began = cpu_time();
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples); ++i) {
    close(children[i], &children[i].pipes[in]);
    run();
  }
  const double used = cpu_time() - began;
  const int ended_then = ended;
  for (std::size_t i = 0; i < children.size(); ++i) {
    children[i].exited = nullptr;
    if (i >= static_cast<std::size_t>(samples)) close(children[i], &children[i].pipes[in]);
  }
  run();
  expect(ended_then == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  std::vector<running> children(static_cast<std::size_t>(count));
  for (running& each : children) start(each, {"wait"}, {in, out, err});
  uv_run(uv_default_loop(), UV_RUN_NOWAIT);
  looked();
  bool good = true;
  for (running& each : children) close(each, &each.pipes[in]);
  run();
  for (const running& each : children) good = good && each.succeeded;
  expect(good, "not every child succeeded");
}

}  // namespace

const subject this_subject = {.spawn = spawn,
                              .capture = capture,
                              .stream = stream,
                              .echo = echo,
                              .ping = ping,
                              .many = many,
                              .alive = alive,
                              .hold = hold};

}  // namespace bench
