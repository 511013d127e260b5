// GSubprocess of GLib/GIO: communicate where the output is wanted as a whole; where a read must end before the output does, its streams,
// the _async calls and a GMainLoop, on a main context of the calling thread.
#include "gio_loop.hpp"
#include "library.hpp"

#include <gio/gio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

std::string version() {
  const auto part = [](guint number) { return std::to_string(number); };
  return "GSubprocess of GLib " + part(glib_major_version) + "." + part(glib_minor_version) + "." +
         part(glib_micro_version);
}

constexpr int in = G_SUBPROCESS_FLAGS_STDIN_PIPE;  // without it, the null device
constexpr int out = G_SUBPROCESS_FLAGS_STDOUT_PIPE;
constexpr int err = G_SUBPROCESS_FLAGS_STDERR_PIPE;
constexpr int no_out = G_SUBPROCESS_FLAGS_STDOUT_SILENCE;
constexpr int no_err = G_SUBPROCESS_FLAGS_STDERR_SILENCE;

subprocess start(const std::string& program, const arguments& what, int flags, void (*in_the_child)(void*) = nullptr) {
  std::vector<const char*> all = {program.c_str()};
  for (const std::string& each : what) all.push_back(each.c_str());
  all.push_back(nullptr);
  const std::unique_ptr<GSubprocessLauncher, release> launcher(
      g_subprocess_launcher_new(static_cast<GSubprocessFlags>(flags)));
  if (in_the_child != nullptr) g_subprocess_launcher_set_child_setup(launcher.get(), in_the_child, nullptr, nullptr);
  subprocess child(g_subprocess_launcher_spawnv(launcher.get(), all.data(), nullptr));
  expect(child != nullptr, "the child did not start");
  return child;
}
subprocess start(const arguments& what, int flags, void (*in_the_child)(void*) = nullptr) {
  return start(child_program, what, flags, in_the_child);
}

pid_t id_of(const subprocess& child) {
  const char* const id = g_subprocess_get_identifier(child.get());
  return id == nullptr ? 0 : std::stoi(id);
}

int code_of(const subprocess& child) {
  return g_subprocess_get_if_signaled(child.get()) != 0 ? -g_subprocess_get_term_sig(child.get())
                                                        : g_subprocess_get_exit_status(child.get());
}

int wait(const subprocess& child) {
  g_subprocess_wait(child.get(), nullptr, nullptr);
  return code_of(child);
}

void close_input(const subprocess& child) {
  g_output_stream_close(g_subprocess_get_stdin_pipe(child.get()), nullptr, nullptr);
}

std::string take(GBytes* bytes) {
  gsize size = 0;
  const auto* const data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  std::string text(data, size);
  g_bytes_unref(bytes);
  return text;
}

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  const subprocess child = start(program, what, in | out | err);
  GBytes* const fed = g_bytes_new_static(input.data(), input.size());
  std::array<GBytes*, 2> outputs{};
  const gboolean good = g_subprocess_communicate(child.get(), fed, nullptr, &outputs[0], &outputs[1], nullptr);
  g_bytes_unref(fed);
  expect(good != 0, "the outputs could not be read");
  outcome result{.out = take(outputs[0]), .err = take(outputs[1])};
  result.code = wait(child);
  return result;
}

// A child that is fed and read by the loop.
struct task {
  task(const arguments& what, const std::string& input)
      : child(start(what, in | out | err)),
        fed(loop, g_subprocess_get_stdin_pipe(child.get()), input),
        read_out(loop, g_subprocess_get_stdout_pipe(child.get())),
        read_err(loop, g_subprocess_get_stderr_pipe(child.get())),
        end(loop, child) {}
  [[nodiscard]] bool done() const { return !read_out.pending() && !read_err.pending() && !end.pending(); }
  outcome take() {
    outcome result{.out = read_out.came, .err = read_err.came};
    result.code = code_of(child);
    return result;
  }

  main_loop loop;
  subprocess child;
  feeding fed;
  reading read_out;
  reading read_err;
  exit_wait end;
};

outcome run_held(const arguments& what) {
  const std::string nothing;
  task it(what, nothing);
  bool drained = false;
  it.end.on_exit = [&] {
    it.loop.after(250ms, [&] {
      drained = true;
      return false;
    });
  };
  it.loop.run_until([&] { return drained || it.done(); });
  return it.take();
}

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  task it(what, input);
  bool late = false;
  it.loop.after(limit, [&] {
    late = true;
    return false;
  });
  it.loop.run_until([&] { return late || it.done(); });
  if (!it.done()) g_subprocess_force_exit(it.child.get());
  it.loop.run_until([&] { return !it.end.pending(); });
  outcome result = it.take();
  result.timed_out = late;
  return result;
}

std::string merged(const arguments& what) {
  const subprocess child = start(what, out | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  GBytes* output = nullptr;
  g_subprocess_communicate(child.get(), nullptr, nullptr, &output, nullptr, nullptr);
  return take(output);
}

std::string through_two(const std::string& input) {
  main_loop loop;
  const subprocess first = start({"cat"}, in | out | no_err);
  const subprocess second = start({"checksum"}, in | out | no_err);
  const feeding fed(loop, g_subprocess_get_stdin_pipe(first.get()), input);
  const reading answer(loop, g_subprocess_get_stdout_pipe(second.get()));
  g_output_stream_splice_async(g_subprocess_get_stdin_pipe(second.get()), g_subprocess_get_stdout_pipe(first.get()),
                               G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT, nullptr, nullptr, nullptr);
  loop.run_until([&] { return !answer.pending(); });
  wait(first);
  wait(second);
  return answer.came;
}

conversation converse() {
  main_loop loop;
  const subprocess child = start({"echo-lines"}, in | out | no_err);
  reading from(loop, g_subprocess_get_stdout_pipe(child.get()));
  const auto say = [&](const char* line) {
    g_output_stream_write_all(g_subprocess_get_stdin_pipe(child.get()), line, 4, nullptr, nullptr, nullptr);
  };
  const auto line = [&](milliseconds limit) {
    const auto late = std::make_shared<bool>(false);
    loop.after(limit, [late] {
      *late = true;
      return false;
    });
    loop.run_until([&] { return *late || from.came.ends_with('\n'); });
    return std::exchange(from.came, {});
  };
  conversation had;
  say("one\n");
  had.first = line(10s);
  had.nothing = line(50ms);
  say("two\n");
  had.second = line(10s);
  g_subprocess_force_exit(child.get());
  wait(child);
  return had;
}

int exit_code(const arguments& what) { return wait(start(what, out | no_err)); }

closed_output wait_after_end_of_output() {
  const subprocess child = start({"close-out", "7"}, in | out | no_err);
  std::array<char, 100> into{};
  while (g_input_stream_read(g_subprocess_get_stdout_pipe(child.get()), into.data(), into.size(), nullptr, nullptr) >
         0) {
  }
  std::this_thread::sleep_for(50ms);
  const bool running = id_of(child) != 0;
  close_input(child);
  return {.still_running = running, .code = wait(child)};
}

milliseconds wait_in_loop() {
  main_loop loop;
  const subprocess child = start({"until-eof"}, in | no_out | no_err);
  clock::time_point closed;
  clock::time_point told;
  exit_wait end(loop, child);
  end.on_exit = [&] { told = clock::now(); };
  int ticks = 0;
  loop.after(1ms, [&] {
    if (++ticks < 100) return true;
    closed = clock::now();
    close_input(child);
    return false;
  });
  loop.run_until([&] { return !end.pending(); });
  return std::chrono::duration_cast<milliseconds>(told - closed);
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  main_loop loop;
  const subprocess child = start({"hang"}, no_out | no_err);
  begins(id_of(child));
  bool ended = false;
  {
    exit_wait end(loop, child);
    end.on_exit = [&] { ended = true; };
    bool late = false;
    loop.after(time, [&] {
      late = true;
      return false;
    });
    loop.run_until([&] { return late || ended; });
    over();
  }
  g_subprocess_force_exit(child.get());
  wait(child);
  return ended;
}

int later_child() {
  const subprocess first = start({"until-eof"}, in | no_out | no_err);
  const subprocess second = start({"hang"}, in | no_out | no_err);
  close_input(first);
  const int code = wait(first);
  g_subprocess_force_exit(second.get());
  wait(second);
  return code;
}

void hold(const std::function<void()>& meanwhile) {
  const subprocess child = start({"hang"}, no_out | no_err);
  meanwhile();
  g_subprocess_force_exit(child.get());
  wait(child);
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  const subprocess child = start({"exit"}, no_out | no_err);
  const pid_t id = id_of(child);
  wait(child);
  meanwhile(id);
  g_subprocess_force_exit(child.get());
}

int kill_and_wait(std::chrono::microseconds after) {
  const subprocess child = start({"exit", "3"}, no_out | no_err);
  std::this_thread::sleep_for(after);
  g_subprocess_force_exit(child.get());
  return wait(child);
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  const subprocess child = start({"exit"}, no_out | no_err);
  if (const pid_t id = id_of(child); id != 0) until_ended(id);
  g_subprocess_send_signal(child.get(), SIGTERM);
  wait(child);
}

void own_session(void* /*data*/) { ::setsid(); }
void die_with_parent(void* /*data*/) { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

pid_t descendant_of(const subprocess& child, int lines) {
  std::string said;
  for (char byte = 0; lines > 0;) {
    g_input_stream_read(g_subprocess_get_stdout_pipe(child.get()), &byte, 1, nullptr, nullptr);
    said += byte;
    lines -= byte == '\n' ? 1 : 0;
  }
  return std::stoi(said);
}

pid_t kill_tree(const arguments& what) {
  const subprocess child = start(what, out | no_err, own_session);
  const pid_t descendant = descendant_of(child, 1);
  ::kill(-id_of(child), SIGKILL);
  wait(child);
  return descendant;
}

pid_t stop_tree(const arguments& what) {
  const subprocess child = start(what, out | no_err, own_session);
  const pid_t descendant = descendant_of(child, 2);
  const pid_t group = id_of(child);
  ::kill(-group, SIGTERM);
  std::this_thread::sleep_for(50ms);
  ::kill(-group, SIGKILL);
  wait(child);
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(1ms);
  return descendant;
}

pid_t end_with_host() {
  static subprocess child;
  child = start({"hang"}, no_out | no_err, die_with_parent);
  return id_of(child);
}

}  // namespace

const library this_library = {.version = version,
                              .run = run,
                              .run_held = {run_held, "reading of one's own, and a timer from the exit on"},
                              .run_with_timeout = {run_with_timeout, "reading of one's own, a timer, and a kill"},
                              .merged = merged,
                              .through_two = through_two,
                              .converse = {converse, "reading of one's own, and a timer"},
                              .exit_code = exit_code,
                              .wait_after_end_of_output = wait_after_end_of_output,
                              .wait_in_loop = wait_in_loop,
                              .wait_for = {wait_for, "a timer"},
                              .later_child = later_child,
                              .hold = hold,
                              .kill_after_end = kill_after_end,
                              .kill_and_wait = kill_and_wait,
                              .ask_ended = ask_ended,
                              .kill_tree = {kill_tree, "setsid(2) in a hook in the child, and kill(2) of the group"},
                              .stop_tree = {stop_tree, "the same, and looking until nobody is left"},
                              .end_with_host = {end_with_host, "prctl(2) in a hook in the child"}};

}  // namespace switch_list
