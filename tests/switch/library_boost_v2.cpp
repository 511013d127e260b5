// Boost.Process v2 with its default launcher, on Asio's pipes.
#include "library.hpp"

#include <boost/asio.hpp>
#include <boost/process/v2.hpp>
#include <boost/version.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <optional>
#include <thread>
#include <utility>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace process = boost::process::v2;
using asio::readable_pipe;
using asio::writable_pipe;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

std::string version() { return std::string("Boost.Process v2 ") + BOOST_LIB_VERSION; }

int code_of(const process::process& child) {
  const int status = child.native_exit_code();
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

template <class In, class Out, class Err, class... More>
process::process start(asio::io_context& loop, const std::string& program, const arguments& what, In&& in, Out&& out,
                       Err&& err, More&&... more) {
  return process::process(loop, program, what,
                          process::process_stdio{std::forward<In>(in), std::forward<Out>(out), std::forward<Err>(err)},
                          std::forward<More>(more)...);
}

// An initializer of one's own: what is done in the child before exec.
struct in_the_child {
  int (*act)();
  error_code on_exec_setup(process::posix::default_launcher&, const process::filesystem::path&,
                           const char* const*) const {
    return act() == 0 ? error_code() : error_code(errno, boost::system::system_category());
  }
};

// Reads a pipe to its end. What has come is there at every moment, which that of asio::async_read is not.
class collector {
 public:
  explicit collector(asio::io_context& loop) : pipe(loop) {}
  void begin() {
    pipe.async_read_some(asio::buffer(into_), [this](error_code end, std::size_t size) {
      came.append(into_.data(), size);
      if (!end) begin();
    });
  }

  readable_pipe pipe;
  std::string came;

 private:
  std::array<char, 65536> into_;
};

// A child that is fed and read by a loop.
struct task {
  task(const std::string& program, const arguments& what, const std::string& input)
      : child(start(loop, program, what, in, out.pipe, err.pipe)) {
    asio::async_write(in, asio::buffer(input), [this](error_code, std::size_t) { in.close(); });
    out.begin();
    err.begin();
    child.async_wait([this](error_code, int) {
      exited = true;
      if (on_exit) on_exit();
    });
  }
  outcome take() {
    return {.out = std::move(out.came), .err = std::move(err.came), .code = code_of(child), .timed_out = false};
  }

  asio::io_context loop;
  writable_pipe in{loop};
  collector out{loop};
  collector err{loop};
  bool exited = false;
  std::function<void()> on_exit;
  process::process child;
};

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  task it(program, what, input);
  it.loop.run();
  return it.take();
}

outcome run_held(const arguments& what) {
  const std::string nothing;
  task it(child_program, what, nothing);
  asio::steady_timer drain(it.loop);
  it.on_exit = [&] {
    drain.expires_after(250ms);
    drain.async_wait([&](error_code) { it.loop.stop(); });
  };
  it.loop.run();
  return it.take();
}

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  task it(child_program, what, input);
  it.loop.run_for(limit);
  const bool late = !it.loop.stopped();
  if (!it.exited) {
    it.child.terminate();
    it.child.wait();
  }
  outcome result = it.take();
  result.timed_out = late;
  return result;
}

std::string merged(const arguments& what) {
  asio::io_context loop;
  readable_pipe out(loop);
  writable_pipe both(loop);
  asio::connect_pipe(out, both);
  process::process child = start(loop, child_program, what, nullptr, both, both);
  both.close();
  std::string all;
  error_code end;
  asio::read(out, asio::dynamic_buffer(all), end);
  child.wait();
  return all;
}

std::string through_two(const std::string& input) {
  asio::io_context loop;
  writable_pipe in(loop);
  readable_pipe out(loop);
  readable_pipe from_first(loop);
  writable_pipe to_second(loop);
  asio::connect_pipe(from_first, to_second);
  for (const int end : {from_first.native_handle(), to_second.native_handle()}) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  process::process first = start(loop, child_program, {"cat"}, in, to_second, nullptr);
  process::process second = start(loop, child_program, {"checksum"}, from_first, out, nullptr);
  from_first.close();
  to_second.close();
  std::string answer;
  asio::async_write(in, asio::buffer(input), [&](error_code, std::size_t) { in.close(); });
  asio::async_read(out, asio::dynamic_buffer(answer), [](error_code, std::size_t) {});
  loop.run();
  first.wait();
  second.wait();
  return answer;
}

conversation converse() {
  asio::io_context loop;
  writable_pipe in(loop);
  readable_pipe out(loop);
  process::process child = start(loop, child_program, {"echo-lines"}, in, out, nullptr);
  std::string came;
  const auto read = [&](milliseconds limit) {
    asio::async_read_until(out, asio::dynamic_buffer(came), '\n', [](error_code, std::size_t) {});
    loop.restart();
    loop.run_for(limit);
    if (loop.stopped()) return std::exchange(came, {});
    out.cancel();
    loop.run();
    return std::exchange(came, {});
  };
  conversation had;
  asio::write(in, asio::buffer("one\n", 4));
  had.first = read(10s);
  had.nothing = read(50ms);
  asio::write(in, asio::buffer("two\n", 4));
  had.second = read(10s);
  return had;
}

int exit_code(const arguments& what) {
  asio::io_context loop;
  readable_pipe out(loop);
  process::process child = start(loop, child_program, what, nullptr, out, nullptr);
  child.wait();
  return code_of(child);
}

closed_output wait_after_end_of_output() {
  asio::io_context loop;
  writable_pipe in(loop);
  readable_pipe out(loop);
  process::process child = start(loop, child_program, {"close-out", "7"}, in, out, nullptr);
  std::this_thread::sleep_for(200ms);
  const bool running = child.running();
  in.close();
  child.wait();
  return {.still_running = running, .code = code_of(child)};
}

milliseconds wait_in_loop() {
  asio::io_context loop;
  writable_pipe in(loop);
  process::process child = start(loop, child_program, {"until-eof"}, in, nullptr, nullptr);
  clock::time_point closed;
  clock::time_point told;
  child.async_wait([&](error_code, int) { told = clock::now(); });
  asio::steady_timer timer(loop);
  int ticks = 0;
  std::function<void()> tick = [&] {
    timer.expires_after(1ms);
    timer.async_wait([&](error_code) {
      if (++ticks < 100) return tick();
      closed = clock::now();
      in.close();
    });
  };
  tick();
  loop.run();
  return std::chrono::duration_cast<milliseconds>(told - closed);
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  asio::io_context loop;
  process::process child = start(loop, child_program, {"hang"}, nullptr, nullptr, nullptr);
  bool ended = false;
  begins(child.id());
  child.async_wait([&](error_code, int) { ended = true; });
  loop.run_for(time);
  over();
  return ended;  // the destructor kills it
}

int later_child() {
  asio::io_context loop;
  writable_pipe in(loop);
  writable_pipe in_of_second(loop);
  process::process first = start(loop, child_program, {"until-eof"}, in, nullptr, nullptr);
  process::process second = start(loop, child_program, {"hang"}, in_of_second, nullptr, nullptr);
  in.close();
  first.wait();
  return code_of(first);
}

void hold(const std::function<void()>& meanwhile) {
  asio::io_context loop;
  const process::process child = start(loop, child_program, {"hang"}, nullptr, nullptr, nullptr);
  meanwhile();
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  asio::io_context loop;
  process::process child = start(loop, child_program, {"exit"}, nullptr, nullptr, nullptr);
  child.wait();
  meanwhile(child.id());
  error_code refused;
  child.terminate(refused);
}

int kill_and_wait(std::chrono::microseconds after) {
  asio::io_context loop;
  process::process child = start(loop, child_program, {"exit", "3"}, nullptr, nullptr, nullptr);
  std::this_thread::sleep_for(after);
  child.terminate();
  child.wait();
  return code_of(child);
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  asio::io_context loop;
  process::process child = start(loop, child_program, {"exit"}, nullptr, nullptr, nullptr);
  until_ended(child.id());
  child.request_exit();
  child.wait();
}

constexpr in_the_child own_group{[] { return ::setpgid(0, 0); }};

std::string line_of(readable_pipe& from, std::string& rest) {
  const std::size_t size = asio::read_until(from, asio::dynamic_buffer(rest), '\n');
  std::string line = rest.substr(0, size);
  rest.erase(0, size);
  return line;
}

pid_t kill_tree(const arguments& what) {
  asio::io_context loop;
  readable_pipe out(loop);
  process::process child = start(loop, child_program, what, nullptr, out, nullptr, own_group);
  std::string rest;
  const pid_t descendant = std::stoi(line_of(out, rest));
  ::kill(-child.id(), SIGKILL);
  child.wait();
  return descendant;
}

pid_t stop_tree(const arguments& what) {
  asio::io_context loop;
  readable_pipe out(loop);
  process::process child = start(loop, child_program, what, nullptr, out, nullptr, own_group);
  std::string rest;
  const pid_t descendant = std::stoi(line_of(out, rest));
  line_of(out, rest);
  const pid_t group = child.id();
  ::kill(-group, SIGTERM);
  std::this_thread::sleep_for(50ms);
  ::kill(-group, SIGKILL);
  child.wait();
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(1ms);
  return descendant;
}

pid_t end_with_host() {
  static asio::io_context loop;
  static std::optional<process::process> child;
  constexpr in_the_child dies{[] { return ::prctl(PR_SET_PDEATHSIG, SIGKILL); }};
  child.emplace(start(loop, child_program, {"hang"}, nullptr, nullptr, nullptr, dies));
  return child->id();
}

}  // namespace

const library this_library = {.version = version,
                              .run = run,
                              .run_held = {run_held, "a timer from the exit on"},
                              .run_with_timeout = {run_with_timeout, "a loop that is run for so long, and a kill"},
                              .merged = {merged, "a pipe of one's own, given twice"},
                              .through_two = {through_two, "a pipe of one's own between them, marked close-on-exec"},
                              .converse = converse,
                              .exit_code = exit_code,
                              .wait_after_end_of_output = wait_after_end_of_output,
                              .wait_in_loop = wait_in_loop,
                              .wait_for = wait_for,
                              .later_child = later_child,
                              .hold = hold,
                              .kill_after_end = kill_after_end,
                              .kill_and_wait = kill_and_wait,
                              .ask_ended = ask_ended,
                              .kill_tree = {kill_tree, "setpgid(2) in a hook in the child, and kill(2) of the group"},
                              .stop_tree = {stop_tree, "the same, and looking until nobody is left"},
                              .end_with_host = {end_with_host, "prctl(2) in a hook in the child"}};

}  // namespace switch_list
