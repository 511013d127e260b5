// This library.
#include "library.hpp"

#include <spawnpipe/spawnpipe.hpp>

#include <optional>
#include <thread>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using spawnpipe::command;
using spawnpipe::deadline;
using spawnpipe::errc;
using spawnpipe::event_loop;
using spawnpipe::pipe_reader;
using spawnpipe::pipe_writer;
using spawnpipe::stop_policy;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

constexpr deadline (*never)() = deadline::never;

// Throws what went wrong.
template <class T>
void sure(spawnpipe::result<T> outcome) {
  (void)std::move(outcome).value();
}

std::string version() { return "spawnpipe " SWITCH_VERSION; }

command piped(const arguments& what) { return command(child_program, what).in(pipe{}).out(pipe{}).err(null{}); }

int code_of(const spawnpipe::exit_status& how) {
  return how.signal() ? -*how.signal() : static_cast<int>(how.code().value_or(0));
}

outcome outcome_of(spawnpipe::completed done) {
  return {.out = std::move(done.out),
          .err = std::move(done.err),
          .code = code_of(done.status),
          .timed_out = done.why == spawnpipe::ended_by::deadline};
}

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  return outcome_of(spawnpipe::run(command(program, what), {.input = input}).value());
}

outcome run_held(const arguments& what) { return run(child_program, what, {}); }

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  auto done = spawnpipe::run(command(child_program, what), {.input = input, .until = limit}).value();
  const bool timed_out = done.why == spawnpipe::ended_by::deadline;
  return {.out = done.out, .err = done.err, .code = code_of(done.status), .timed_out = timed_out};
}

std::string merged(const arguments& what) {
  return spawnpipe::run(command(child_program, what).err(merge{})).value().out;
}

std::string through_two(const std::string& input) {
  auto loop = event_loop::create().value();
  auto first = spawnpipe::spawn(loop, piped({"cat"})).value();
  auto second = spawnpipe::spawn(loop, piped({"checksum"})).value();
  std::string_view rest = input;
  const auto feed = [&](pipe_writer& to) {
    rest.remove_prefix(to.write(rest).value());
    if (rest.empty()) sure(to.close());
  };
  const auto hand_over = [&] {
    pipe_reader& from = first.out();
    if (!second.in().is_open()) return;
    from.consume(second.in().write(from.available_text()).value());
    if (from.at_end()) sure(second.in().close());
  };
  first.in().on_written([&](pipe_writer& to) {
    if (to.is_open()) feed(to);
  });
  first.out().on_readable([&](pipe_reader&) { hand_over(); });
  second.in().on_written([&](pipe_writer&) { hand_over(); });
  std::string answer;
  second.out().on_readable([&](pipe_reader& from) {
    answer += from.available_text();
    from.consume(from.available().size());
  });
  feed(first.in());
  sure(loop.run(never()));
  return answer;
}

conversation converse() {
  auto child = spawnpipe::spawn(piped({"echo-lines"})).value();
  conversation had;
  sure(child.in().write_all("one\n", never()));
  had.first = std::string(child.out().read_line(never()).value()) + '\n';
  if (const auto more = child.out().read_line(50ms)) had.nothing = *more;
  sure(child.in().write_all("two\n", never()));
  had.second = std::string(child.out().read_line(never()).value()) + '\n';
  return had;
}

int exit_code(const arguments& what) { return code_of(spawnpipe::spawn(piped(what)).value().wait(never()).value()); }

closed_output wait_after_end_of_output() {
  auto child = spawnpipe::spawn(piped({"close-out", "7"})).value();
  std::string all;
  sure(child.out().read_all(all, 1000, never()));
  const bool running = child.wait(50ms).failed_with(errc::timed_out);
  sure(child.in().close());
  return {.still_running = running, .code = code_of(child.wait(never()).value())};
}

milliseconds wait_in_loop() {
  auto loop = event_loop::create().value();
  auto child = spawnpipe::spawn(loop, piped({"until-eof"})).value();
  std::chrono::steady_clock::time_point closed;
  milliseconds told{0};
  child.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) {
    told = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - closed);
  });
  // A tick is a run that ends.
  for (int tick = 0; tick < 100; ++tick) expect(loop.run(1ms).failed_with(errc::timed_out), "the loop ended");
  closed = std::chrono::steady_clock::now();
  sure(child.in().close());
  sure(loop.run(never()));
  return told;
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  auto child = spawnpipe::spawn(piped({"hang"})).value();
  begins(static_cast<pid_t>(child.id()));
  const auto status = child.wait(time);
  over();
  return status.has_value();
}

int later_child() {
  auto first = spawnpipe::spawn(piped({"until-eof"})).value();
  const auto second = spawnpipe::spawn(piped({"hang"})).value();
  sure(first.in().close());
  return code_of(first.wait(never()).value());
}

void hold(const std::function<void()>& meanwhile) {
  const auto child = spawnpipe::spawn(piped({"hang"})).value();
  meanwhile();
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  auto child = spawnpipe::spawn(piped({"exit"})).value();
  sure(child.wait(never()));
  meanwhile(static_cast<pid_t>(child.id()));
  expect(child.kill().failed_with(errc::already_exited), "it was killed");
}

int kill_and_wait(std::chrono::microseconds after) {
  auto child = spawnpipe::spawn(piped({"exit", "3"})).value();
  std::this_thread::sleep_for(after);
  (void)child.kill();
  return code_of(child.wait(never()).value());
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  auto child = spawnpipe::spawn(piped({"exit"})).value();
  until_ended(static_cast<pid_t>(child.id()));
  (void)child.terminate();
  sure(child.wait(never()));
}

pid_t kill_tree(const arguments& what) {
  auto child = spawnpipe::spawn(piped(what)).value();
  const auto id = static_cast<pid_t>(std::stoi(std::string(child.out().read_line(never()).value())));
  sure(child.kill());
  sure(child.wait(never()));
  return id;
}

pid_t stop_tree(const arguments& what) {
  auto child = spawnpipe::spawn(piped(what)).value();
  const auto id = static_cast<pid_t>(std::stoi(std::string(child.out().read_line(never()).value())));
  sure(child.out().read_line(never()));
  expect(child.stop({.terminate = 50ms}).value().tree.gone, "somebody is left");
  return id;
}

pid_t end_with_host() {
  static std::optional<spawnpipe::child> child;
  child = spawnpipe::spawn(piped({"hang"}).in(null{}).end_with_host()).value();
  return static_cast<pid_t>(child->id());
}

}  // namespace

const library this_library = {.version = version,
                              .run = run,
                              .run_held = run_held,
                              .run_with_timeout = run_with_timeout,
                              .merged = merged,
                              .through_two = through_two,
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
                              .kill_tree = kill_tree,
                              .stop_tree = stop_tree,
                              .end_with_host = end_with_host};

}  // namespace switch_list
