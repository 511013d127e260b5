// Boost.Process v1: boost::process::child, with Asio where there is more than one thing to wait for. Its pipes reach every child that
// is started while they are open. limit_handles, which is said at a child, closes what is not its own; with an async_pipe that
// includes the child's own streams (1.81), so that such are marked here.
#include "library.hpp"

#include <boost/asio.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <boost/version.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <optional>
#include <thread>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace bp = boost::process;
using clock = std::chrono::steady_clock;
using boost::system::error_code;

std::string version() { return std::string("Boost.Process v1 ") + BOOST_LIB_VERSION; }

int code_of(const bp::child& child) {
  const int status = child.native_exit_code();
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

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

  bp::async_pipe pipe;
  std::string came;

 private:
  std::array<char, 65536> into_;
};

// A child that is fed and read by a loop.
struct task {
  explicit task(const std::string& program, const arguments& what, const std::string& input)
      : child(
            bp::exe = program, bp::args = what, bp::std_in<in, bp::std_out> out.pipe, bp::std_err > err.pipe, loop,
            bp::on_exit = [this](int, std::error_code) {
              exited = true;
              if (on_exit) on_exit();
            }) {
    asio::async_write(in, asio::buffer(input), [this](error_code, std::size_t) { in.close(); });
    out.begin();
    err.begin();
  }
  outcome take() {
    return {.out = std::move(out.came), .err = std::move(err.came), .code = code_of(child), .timed_out = false};
  }

  asio::io_context loop;
  bp::async_pipe in{loop};
  collector out{loop};
  collector err{loop};
  bool exited = false;
  std::function<void()> on_exit;
  bp::child child;
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
  if (!it.exited) it.child.terminate();
  outcome result = it.take();
  result.timed_out = late;
  return result;
}

std::string merged(const arguments& what) {
  bp::ipstream out;
  bp::child child(bp::exe = child_program, bp::args = what, (bp::std_out & bp::std_err) > out, bp::std_in < bp::null);
  std::string all{std::istreambuf_iterator<char>(out), {}};
  child.wait();
  return all;
}

std::string through_two(const std::string& input) {
  asio::io_context loop;
  bp::async_pipe in(loop);
  bp::pipe between;
  for (const int end : {between.native_source(), between.native_sink(), in.native_sink()})
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  bp::async_pipe out(loop);
  bp::child first(child_program, "cat", bp::std_in<in, bp::std_out> between);
  bp::child second(child_program, "checksum", bp::std_in<between, bp::std_out> out);
  between.close();
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
  bp::async_pipe in(loop);
  bp::async_pipe out(loop);
  bp::child child(child_program, "echo-lines", bp::std_in<in, bp::std_out> out);
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
  child.terminate();
  return had;
}

int exit_code(const arguments& what) {
  bp::ipstream out;
  bp::child child(bp::exe = child_program, bp::args = what, bp::std_out > out);
  child.wait();
  return code_of(child);
}

closed_output wait_after_end_of_output() {
  bp::opstream in;
  bp::ipstream out;
  bp::child child(child_program, "close-out", "7", bp::std_in<in, bp::std_out> out);
  const std::string all{std::istreambuf_iterator<char>(out), {}};
  std::this_thread::sleep_for(50ms);
  const bool running = child.running();
  in.pipe().close();
  child.wait();
  return {.still_running = running, .code = code_of(child)};
}

milliseconds wait_in_loop() {
  asio::io_context loop;
  bp::async_pipe in(loop);
  clock::time_point closed;
  clock::time_point told;
  bp::child child(
      child_program, "until-eof", bp::std_in < in, loop,
      bp::on_exit = [&](int, std::error_code) { told = clock::now(); });
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
  bp::child child(child_program, "hang", bp::std_in<bp::null, bp::std_out> bp::null);
  begins(child.id());
  const bool ended = child.wait_for(time);
  over();
  if (!ended) child.terminate();
  return ended;
}

int later_child() {
  bp::opstream in;
  bp::opstream in_of_second;
  bp::child first(child_program, "until-eof", bp::std_in < in, bp::limit_handles);
  bp::child second(child_program, "hang", bp::std_in < in_of_second, bp::limit_handles);
  in.pipe().close();
  first.wait();
  second.terminate();
  return code_of(first);
}

void hold(const std::function<void()>& meanwhile) {
  bp::child child(child_program, "hang", bp::std_in < bp::null);
  meanwhile();
  child.terminate();
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  bp::child child(child_program, "exit");
  const pid_t id = child.id();
  child.wait();
  meanwhile(id);
  child.terminate();
}

int kill_and_wait(std::chrono::microseconds after) {
  bp::child child(child_program, "exit", "3");
  std::this_thread::sleep_for(after);
  ::kill(child.id(), SIGKILL);
  child.wait();
  return code_of(child);
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  bp::child child(child_program, "exit");
  until_ended(child.id());
  ::kill(child.id(), SIGTERM);
  child.wait();
}

pid_t kill_tree(const arguments& what) {
  bp::ipstream out;
  bp::group tree;
  bp::child child(bp::exe = child_program, bp::args = what, bp::std_out > out, tree);
  pid_t descendant = 0;
  out >> descendant;
  tree.terminate();
  child.wait();
  return descendant;
}

pid_t stop_tree(const arguments& what) {
  bp::ipstream out;
  bp::group tree;
  bp::child child(bp::exe = child_program, bp::args = what, bp::std_out > out, tree);
  pid_t descendant = 0;
  std::string ready;
  out >> descendant >> ready;
  const pid_t group = tree.native_handle();
  ::kill(-group, SIGTERM);
  std::this_thread::sleep_for(50ms);
  tree.terminate();
  child.wait();
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(1ms);
  return descendant;
}

pid_t end_with_host() {
  static std::optional<bp::child> child;
  child.emplace(
      child_program, "hang", bp::std_in<bp::null, bp::std_out> bp::null,
      bp::extend::on_exec_setup = [](auto&) { ::prctl(PR_SET_PDEATHSIG, SIGKILL); });
  return child->id();
}

}  // namespace

const library this_library = {.version = version,
                              .run = run,
                              .run_held = {run_held, "a timer from the exit on"},
                              .run_with_timeout = {run_with_timeout, "a loop that is run for so long, and a kill"},
                              .merged = merged,
                              .through_two = {through_two, "pipes marked close-on-exec"},
                              .converse = converse,
                              .exit_code = exit_code,
                              .wait_after_end_of_output = wait_after_end_of_output,
                              .wait_in_loop = wait_in_loop,
                              .wait_for = wait_for,
                              .later_child = {later_child, "limit_handles, said at every child"},
                              .hold = hold,
                              .kill_after_end = kill_after_end,
                              .kill_and_wait = {kill_and_wait, "kill(2), since terminate() loses the exit code"},
                              .ask_ended = {ask_ended, "kill(2)"},
                              .kill_tree = kill_tree,
                              .stop_tree = {stop_tree, "kill(2) of the group, and looking until nobody is left"},
                              .end_with_host = {end_with_host, "prctl(2) in a hook in the child"}};

}  // namespace switch_list
