// libuv: uv_spawn, its own pipes (UV_CREATE_PIPE), its loop and its timers.
#include "library.hpp"
#include "libuv_child.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

std::string version() { return std::string("libuv ") + uv_version_string(); }

void begin(child& it, const std::string& program, const arguments& what, const std::string& input, unsigned flags = 0) {
  for (const unsigned number : {in, out, err}) it.pipe(number);
  it.start(program, what, flags);
  it.read(out);
  it.read(err);
  it.write(input, true);
}

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  uv loop;
  child it(loop);
  begin(it, program, what, input);
  it.loop.run_until([&] { return it.ended && !it.open[out] && !it.open[err]; });
  it.let_go();
  return it.result;
}

// The exit is told by itself; how long to wait for the rest of the output then is the user's affair.
outcome run_held(const arguments& what) {
  uv loop;
  child it(loop);
  begin(it, child_program, what, {});
  it.wait();
  timer drain(loop);
  drain.start(250ms);
  loop.run_until([&] { return drain.fired > 0 || (!it.open[out] && !it.open[err]); });
  it.let_go();
  return it.result;
}

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  uv loop;
  child it(loop);
  begin(it, child_program, what, input);
  timer until(loop);
  until.start(limit);
  const auto done = [&] { return it.ended && !it.open[out] && !it.open[err]; };
  loop.run_until([&] { return until.fired > 0 || done(); });
  it.result.timed_out = !done();
  if (!it.ended) it.kill();
  it.wait();
  it.let_go();
  return it.result;
}

std::string merged(const arguments& what) {
  uv loop;
  child it(loop);
  std::array<uv_file, 2> ends{};
  check(uv_pipe(ends.data(), 0, 0), "uv_pipe");
  it.give(out, ends[1]);
  it.give(err, ends[1]);
  it.start(child_program, what);
  ::close(ends[1]);
  it.read_from(out, ends[0]);
  loop.run_until([&] { return it.ended && !it.open[out]; });
  it.let_go();
  return it.result.out;
}

std::string through_two(const std::string& input) {
  uv loop;
  child first(loop);
  child second(loop);
  std::array<uv_file, 2> between{};
  check(uv_pipe(between.data(), 0, 0), "uv_pipe");
  first.pipe(in);
  first.give(out, between[1]);
  second.give(in, between[0]);
  second.pipe(out);
  first.start(child_program, {"cat"});
  second.start(child_program, {"checksum"});
  for (const uv_file end : between) ::close(end);
  second.read(out);
  first.write(input, true);
  loop.run_until([&] { return first.ended && second.ended && !second.open[out]; });
  first.let_go();
  second.let_go();
  return second.result.out;
}

conversation converse() {
  uv loop;
  child it(loop);
  it.pipe(in);
  it.pipe(out);
  it.start(child_program, {"echo-lines"});
  it.read(out);
  const auto line = [&] {
    loop.run_until([&] { return it.result.out.ends_with('\n'); });
    return std::exchange(it.result.out, {});
  };
  conversation had;
  it.write("one\n", false);
  had.first = line();
  timer moment(loop);
  moment.start(50ms);
  loop.run_until([&] { return moment.fired > 0 || !it.result.out.empty(); });
  had.nothing = it.result.out;
  it.write("two\n", false);
  had.second = line();
  it.kill();
  it.wait();
  it.let_go();
  return had;
}

int exit_code(const arguments& what) {
  uv loop;
  child it(loop);
  it.pipe(out);
  it.start(child_program, what);
  it.wait();
  it.let_go();
  return it.result.code;
}

closed_output wait_after_end_of_output() {
  uv loop;
  child it(loop);
  it.pipe(in);
  it.pipe(out);
  it.start(child_program, {"close-out", "7"});
  it.read(out);
  loop.run_until([&] { return !it.open[out]; });
  timer moment(loop);
  moment.start(50ms);
  loop.run_until([&] { return moment.fired > 0; });
  const bool running = !it.ended;
  it.close(in);
  it.wait();
  it.let_go();
  return {.still_running = running, .code = it.result.code};
}

milliseconds wait_in_loop() {
  uv loop;
  child it(loop);
  it.pipe(in);
  it.start(child_program, {"until-eof"});
  clock::time_point closed;
  clock::time_point told;
  it.on_exit = [&] { told = clock::now(); };
  timer ticks(loop);
  ticks.start(1ms, 1ms);
  loop.run_until([&] { return ticks.fired >= 100; });
  closed = clock::now();
  it.close(in);
  it.wait();
  it.let_go();
  return std::chrono::duration_cast<milliseconds>(told - closed);
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  uv loop;
  child it(loop);
  it.start(child_program, {"hang"});
  timer until(loop);
  begins(it.process.pid);
  until.start(time);
  loop.run_until([&] { return it.ended || until.fired > 0; });
  over();
  const bool ended = it.ended;
  if (!ended) it.kill();
  it.wait();
  it.let_go();
  return ended;
}

int later_child() {
  uv loop;
  child first(loop);
  child second(loop);
  first.pipe(in);
  second.pipe(in);
  first.start(child_program, {"until-eof"});
  second.start(child_program, {"hang"});
  first.close(in);
  first.wait();
  second.kill();
  second.wait();
  first.let_go();
  second.let_go();
  return first.result.code;
}

void hold(const std::function<void()>& meanwhile) {
  uv loop;
  child it(loop);
  it.start(child_program, {"hang"});
  meanwhile();
  it.kill();
  it.wait();
  it.let_go();
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  uv loop;
  child it(loop);
  it.start(child_program, {"exit"});
  it.wait();
  meanwhile(it.process.pid);
  it.kill();
  it.let_go();
}

int kill_and_wait(std::chrono::microseconds after) {
  uv loop;
  child it(loop);
  it.start(child_program, {"exit", "3"});
  std::this_thread::sleep_for(after);
  it.kill();
  it.wait();
  it.let_go();
  return it.result.code;
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  uv loop;
  child it(loop);
  it.start(child_program, {"exit"});
  until_ended(it.process.pid);
  uv_process_kill(&it.process, SIGTERM);
  it.wait();
  it.let_go();
}

// UV_PROCESS_DETACHED makes it the leader of a session, and so of a group, which uv_kill reaches by the negative number.
pid_t tree(child& it, const arguments& what, std::size_t lines) {
  it.pipe(out);
  it.start(child_program, what, UV_PROCESS_DETACHED);
  it.read(out);
  const auto count = [&] {
    return static_cast<std::size_t>(std::count(it.result.out.begin(), it.result.out.end(), '\n'));
  };
  it.loop.run_until([&] { return count() == lines; });
  return std::stoi(it.result.out);
}

pid_t kill_tree(const arguments& what) {
  uv loop;
  child it(loop);
  const pid_t descendant = tree(it, what, 1);
  uv_kill(-it.process.pid, SIGKILL);
  it.wait();
  it.let_go();
  return descendant;
}

pid_t stop_tree(const arguments& what) {
  uv loop;
  child it(loop);
  const pid_t descendant = tree(it, what, 2);
  const pid_t group = -it.process.pid;
  uv_kill(group, SIGTERM);
  timer grace(loop);
  grace.start(50ms);
  loop.run_until([&] { return grace.fired > 0; });
  uv_kill(group, SIGKILL);
  it.wait();
  while (uv_kill(group, 0) == 0) {
    grace.start(1ms);
    loop.run_until([&] { return grace.fired > 0; });
  }
  it.let_go();
  return descendant;
}

}  // namespace

const library this_library = {
    .version = version,
    .run = run,
    .run_held = {run_held, "a timer from the exit on"},
    .run_with_timeout = {run_with_timeout, "a timer, a kill, and the rest of the output given up"},
    .merged = {merged, "a pipe of one's own, given twice"},
    .through_two = {through_two, "a pipe of one's own between them"},
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
    .kill_tree = {kill_tree, "a detached child, and uv_kill of the negative id"},
    .stop_tree = {stop_tree, "the same, a timer, and looking until nobody is left"},
    .end_with_host = cannot{"uv_spawn has no such option, and no hook in the child"}};

}  // namespace switch_list
