// GSubprocess of GLib/GIO: communicate for an output as a whole, the plain calls on its streams where there is one thing to wait for,
// the _async ones and a GMainLoop where there are more.
#include "driver.hpp"

#include <gio/gfiledescriptorbased.h>
#include <gio/gio.h>
#include <glib-unix.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

namespace bench {
namespace {

struct release {
  void operator()(GSubprocess* child) const { g_object_unref(child); }
  void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
};
using subprocess = std::unique_ptr<GSubprocess, release>;
using main_loop = std::unique_ptr<GMainLoop, release>;

constexpr int in = G_SUBPROCESS_FLAGS_STDIN_PIPE;  // without it, the null device
constexpr int out = G_SUBPROCESS_FLAGS_STDOUT_PIPE;
constexpr int err = G_SUBPROCESS_FLAGS_STDERR_PIPE;
constexpr int no_out = G_SUBPROCESS_FLAGS_STDOUT_SILENCE;
constexpr int no_err = G_SUBPROCESS_FLAGS_STDERR_SILENCE;

subprocess start(std::initializer_list<const char*> arguments, int flags) {
  std::vector<const char*> all = {child_program};
  all.insert(all.end(), arguments);
  all.push_back(nullptr);
  subprocess child(g_subprocess_newv(all.data(), static_cast<GSubprocessFlags>(flags), nullptr));
  expect(child != nullptr, "the child did not start");
  return child;
}

main_loop make_loop() { return main_loop(g_main_loop_new(nullptr, FALSE)); }

void finish(const subprocess& child) {
  expect(g_subprocess_wait_check(child.get(), nullptr, nullptr) != 0, "the child did not succeed");
}

void close_input(const subprocess& child) {
  g_output_stream_close(g_subprocess_get_stdin_pipe(child.get()), nullptr, nullptr);
}

void spawn() { finish(start({"exit"}, no_out | no_err)); }

std::string take(GBytes* bytes) {
  gsize size = 0;
  const auto* const data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  std::string text(data, size);
  g_bytes_unref(bytes);
  return text;
}

std::string capture() {
  const subprocess child = start({"line"}, out | err);
  GBytes* outputs[2] = {};
  expect(g_subprocess_communicate(child.get(), nullptr, nullptr, &outputs[0], &outputs[1], nullptr) != 0,
         "the outputs could not be read");
  take(outputs[1]);
  std::string text = take(outputs[0]);
  expect(g_subprocess_get_successful(child.get()) != 0, "the child did not succeed");
  return text;
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  const subprocess child =
      start({"write", std::to_string(total).c_str(), std::to_string(block).c_str(), child_cpu}, out | no_err);
  GInputStream* const from = g_subprocess_get_stdout_pipe(child.get());
  std::vector<char> into(read_size);
  std::uint64_t came = 0;
  for (gssize got = 0; (got = g_input_stream_read(from, into.data(), into.size(), nullptr, nullptr)) > 0;)
    came += static_cast<std::uint64_t>(got);
  finish(child);
  return came;
}

struct copying {
  main_loop loop = make_loop();
  std::vector<char> into = std::vector<char>(read_size);
  std::uint64_t came = 0;

  void read(GInputStream* from) {
    g_input_stream_read_async(from, into.data(), into.size(), G_PRIORITY_DEFAULT, nullptr, took, this);
  }

  static void took(GObject* source, GAsyncResult* result, gpointer data) {
    copying& it = *static_cast<copying*>(data);
    auto* const from = reinterpret_cast<GInputStream*>(source);
    const gssize got = g_input_stream_read_finish(from, result, nullptr);
    if (got <= 0) {
      g_main_loop_quit(it.loop.get());
      return;
    }
    it.came += static_cast<std::uint64_t>(got);
    it.read(from);
  }
};

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  const subprocess child = start({"cat", child_cpu}, in | out | no_err);
  // As communicate does it: the pipe blocks unless told otherwise, and an _async call would block with it.
  GOutputStream* const to = g_subprocess_get_stdin_pipe(child.get());
  g_unix_set_fd_nonblocking(g_file_descriptor_based_get_fd(G_FILE_DESCRIPTOR_BASED(to)), TRUE, nullptr);
  copying copy;
  const auto fed = [](GObject* source, GAsyncResult* result, gpointer /*data*/) {
    auto* const fed_stream = reinterpret_cast<GOutputStream*>(source);
    g_output_stream_write_all_finish(fed_stream, result, nullptr, nullptr);
    g_output_stream_close(fed_stream, nullptr, nullptr);
  };
  g_output_stream_write_all_async(to, input.data(), input.size(), G_PRIORITY_DEFAULT, nullptr, fed, nullptr);
  copy.read(g_subprocess_get_stdout_pipe(child.get()));
  g_main_loop_run(copy.loop.get());
  finish(child);
  return copy.came;
}

void ping(int rounds, void (*mark)()) {
  const subprocess child = start({"cat"}, in | out | no_err);
  GOutputStream* const to = g_subprocess_get_stdin_pipe(child.get());
  GInputStream* const from = g_subprocess_get_stdout_pipe(child.get());
  char byte = 0;
  const auto turn = [&] {
    expect(g_output_stream_write_all(to, &byte, 1, nullptr, nullptr, nullptr) != 0 &&
               g_input_stream_read(from, &byte, 1, nullptr, nullptr) == 1,
           "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  close_input(child);
  finish(child);
}

struct crowd {
  main_loop loop = make_loop();
  int count = 0;
  int started = 0;
  int ended = 0;
  int right = 0;

  void next() {
    if (started == count) return;
    ++started;
    const subprocess child = start({"line"}, out | err);
    g_subprocess_communicate_async(child.get(), nullptr, nullptr, done, this);
  }

  static void done(GObject* source, GAsyncResult* result, gpointer data) {
    crowd& it = *static_cast<crowd*>(data);
    auto* const child = reinterpret_cast<GSubprocess*>(source);
    GBytes* outputs[2] = {};
    if (g_subprocess_communicate_finish(child, result, &outputs[0], &outputs[1], nullptr) != 0) {
      take(outputs[1]);
      if (take(outputs[0]) == child_line && g_subprocess_get_successful(child) != 0) ++it.right;
    }
    if (++it.ended == it.count) g_main_loop_quit(it.loop.get());
    it.next();
  }
};

int many(int count, int width) {
  crowd all;
  all.count = count;
  for (int i = 0; i < width; ++i) all.next();
  g_main_loop_run(all.loop.get());
  return all.right;
}

// Counts the children that succeeded, and leaves the loop at each exit.
struct exits {
  main_loop loop = make_loop();
  int ended = 0;
  int succeeded = 0;

  void await(const subprocess& child) { g_subprocess_wait_check_async(child.get(), nullptr, came, this); }

  static void came(GObject* source, GAsyncResult* result, gpointer data) {
    exits& it = *static_cast<exits*>(data);
    ++it.ended;
    if (g_subprocess_wait_check_finish(reinterpret_cast<GSubprocess*>(source), result, nullptr) != 0) ++it.succeeded;
    g_main_loop_quit(it.loop.get());
  }

  void run_until(int count) {
    while (ended < count) g_main_loop_run(loop.get());
  }
};

double alive(int count, int samples) {
  exits all;
  std::vector<subprocess> children;
  for (int i = 0; i < count; ++i) {
    children.push_back(start({"wait"}, in | no_out | no_err));
    all.await(children.back());
  }
  while (g_main_context_iteration(nullptr, FALSE) != 0) {
  }
  const double began = cpu_time();
  for (int i = 0; i < samples; ++i) {
    close_input(children[static_cast<std::size_t>(i)]);
    all.run_until(i + 1);
  }
  const double used = cpu_time() - began;
  const int succeeded = all.succeeded;
  for (const subprocess& each : children) close_input(each);
  all.run_until(count);
  expect(succeeded == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  exits all;
  std::vector<subprocess> children;
  int reading = 0;
  const auto ended = [](GObject* source, GAsyncResult* result, gpointer data) {
    --*static_cast<int*>(data);
    g_bytes_unref(g_input_stream_read_bytes_finish(reinterpret_cast<GInputStream*>(source), result, nullptr));
  };
  for (int i = 0; i < count; ++i) {
    children.push_back(start({"wait"}, in | out | err));
    GSubprocess* const child = children.back().get();
    for (GInputStream* const from : {g_subprocess_get_stdout_pipe(child), g_subprocess_get_stderr_pipe(child)}) {
      ++reading;
      g_input_stream_read_bytes_async(from, read_size, G_PRIORITY_DEFAULT, nullptr, ended, &reading);
    }
    all.await(children.back());
  }
  while (g_main_context_iteration(nullptr, FALSE) != 0) {
  }
  looked();
  for (const subprocess& each : children) close_input(each);
  all.run_until(count);
  while (reading > 0) g_main_context_iteration(nullptr, TRUE);
  expect(all.succeeded == count, "not every child succeeded");
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
