// Poco::Process and Poco::Pipe. All calls block: what is to be done beside another takes a thread. There is no null device: a stream
// without a pipe is the host's.
#include "library.hpp"

#include <Poco/Pipe.h>
#include <Poco/Process.h>
#include <Poco/Version.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using Poco::Pipe;
using Poco::Process;
using Poco::ProcessHandle;

std::string version() {
  const auto part = [](int shift) { return std::to_string((POCO_VERSION >> shift) & 0xFF); };
  return "Poco " + part(24) + "." + part(16) + "." + part(8);
}

template <class Take>
void read_all(Pipe& from, Take take) {
  std::vector<char> into(65536);
  for (int got = 0; (got = from.readBytes(into.data(), static_cast<int>(into.size()))) > 0;)
    take(into.data(), static_cast<std::size_t>(got));
}

void write_all(Pipe& to, const std::string& text) {
  for (std::size_t fed = 0; fed < text.size();)
    fed += static_cast<std::size_t>(to.writeBytes(text.data() + fed, static_cast<int>(text.size() - fed)));
}

std::string read_all(Pipe& from) {
  std::string all;
  read_all(from, [&](const char* data, std::size_t size) { all.append(data, size); });
  return all;
}

// The wait for a child, on a thread, so that it can be given up.
std::future<int> waiting(const ProcessHandle& child) {
  return std::async(std::launch::async, [child] { return child.wait(); });
}

// A child that is fed and read by threads.
struct task {
  task(const std::string& program, const arguments& what, const std::string& input)
      : child(Process::launch(program, what, &in, &out, &err)),
        feeding([this, &input] {
          write_all(in, input);
          in.close(Pipe::CLOSE_WRITE);
        }),
        reading_out([this] { result.out = read_all(out); }),
        reading_err([this] { result.err = read_all(err); }) {}
  outcome take(int code) {
    for (std::thread* each : {&feeding, &reading_out, &reading_err}) each->join();
    result.code = code;
    return std::move(result);
  }

  Pipe in;
  Pipe out;
  Pipe err;
  outcome result;
  ProcessHandle child;
  std::thread feeding;
  std::thread reading_out;
  std::thread reading_err;
};

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  task it(program, what, input);
  return it.take(it.child.wait());
}

// A read that has begun cannot be given up.
outcome run_held(const arguments& what) {
  const std::string nothing;
  task it(child_program, what, nothing);
  return it.take(it.child.wait());
}

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  task it(child_program, what, input);
  auto end = waiting(it.child);
  const bool ended = end.wait_for(limit) == std::future_status::ready;
  if (!ended) Process::kill(it.child);
  outcome result = it.take(end.get());
  result.timed_out = !ended;
  return result;
}

std::string merged(const arguments& what) {
  Pipe both;
  const ProcessHandle child = Process::launch(child_program, what, nullptr, &both, &both);
  std::string all = read_all(both);
  child.wait();
  return all;
}

std::string through_two(const std::string& input) {
  Pipe in;
  Pipe from_first;
  Pipe to_second;
  Pipe out;
  const ProcessHandle first = Process::launch(child_program, {"cat"}, &in, &from_first, nullptr);
  const ProcessHandle second = Process::launch(child_program, {"checksum"}, &to_second, &out, nullptr);
  std::thread feeding([&] {
    write_all(in, input);
    in.close(Pipe::CLOSE_WRITE);
  });
  std::thread handing_over([&] {
    read_all(from_first, [&](const char* data, std::size_t size) { write_all(to_second, {data, size}); });
    to_second.close(Pipe::CLOSE_WRITE);
  });
  std::string answer = read_all(out);
  feeding.join();
  handing_over.join();
  first.wait();
  second.wait();
  return answer;
}

conversation converse() {
  Pipe in;
  Pipe out;
  ProcessHandle child = Process::launch(child_program, {"echo-lines"}, &in, &out, nullptr);
  std::mutex lock;
  std::condition_variable more;
  std::string came;
  std::thread reading([&] {
    read_all(out, [&](const char* data, std::size_t size) {
      const std::lock_guard hold(lock);
      came.append(data, size);
      more.notify_one();
    });
  });
  const auto line = [&](milliseconds limit) {
    std::unique_lock hold(lock);
    more.wait_for(hold, limit, [&] { return came.ends_with('\n'); });
    return std::exchange(came, {});
  };
  conversation had;
  write_all(in, "one\n");
  had.first = line(10s);
  had.nothing = line(50ms);
  write_all(in, "two\n");
  had.second = line(10s);
  Process::kill(child);
  child.wait();
  reading.join();
  return had;
}

int exit_code(const arguments& what) {
  Pipe out;
  return Process::launch(child_program, what, nullptr, &out, nullptr).wait();
}

closed_output wait_after_end_of_output() {
  Pipe in;
  Pipe out;
  const ProcessHandle child = Process::launch(child_program, {"close-out", "7"}, &in, &out, nullptr);
  read_all(out);
  std::this_thread::sleep_for(50ms);
  const bool running = Process::isRunning(child);
  in.close(Pipe::CLOSE_WRITE);
  return {.still_running = running, .code = child.wait()};
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  ProcessHandle child = Process::launch(child_program, {"hang"});
  begins(child.id());
  auto end = waiting(child);
  const bool ended = end.wait_for(time) == std::future_status::ready;
  over();
  if (!ended) Process::kill(child);
  return ended;
}

int later_child() {
  Pipe in;
  Pipe in_of_second;
  const ProcessHandle first = Process::launch(child_program, {"until-eof"}, &in, nullptr, nullptr);
  ProcessHandle second = Process::launch(child_program, {"hang"}, &in_of_second, nullptr, nullptr);
  in.close(Pipe::CLOSE_WRITE);
  const int code = first.wait();
  Process::kill(second);
  second.wait();
  return code;
}

void hold(const std::function<void()>& meanwhile) {
  ProcessHandle child = Process::launch(child_program, {"hang"});
  meanwhile();
  Process::kill(child);
  child.wait();
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  ProcessHandle child = Process::launch(child_program, {"exit"});
  child.wait();
  meanwhile(child.id());
  Process::kill(child);
}

int kill_and_wait(std::chrono::microseconds after) {
  ProcessHandle child = Process::launch(child_program, {"exit", "3"});
  std::this_thread::sleep_for(after);
  Process::kill(child);
  return child.wait();
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  const ProcessHandle child = Process::launch(child_program, {"exit"});
  until_ended(child.id());
  Process::requestTermination(child.id());
  child.wait();
}

constexpr const char* threads = "a thread for each pipe";
constexpr cannot no_hook{"no process groups, and no hook in the child"};

}  // namespace

const library this_library = {.version = version,
                              .run = {run, threads},
                              .run_held = {run_held, threads},
                              .run_with_timeout = {run_with_timeout, "a thread for each pipe, and one that waits"},
                              .merged = merged,
                              .through_two = {through_two, threads},
                              .converse = {converse, "a thread that reads"},
                              .exit_code = exit_code,
                              .wait_after_end_of_output = wait_after_end_of_output,
                              .wait_in_loop = cannot{"no event loop"},
                              .wait_for = {wait_for, "a thread that waits"},
                              .later_child = later_child,
                              .hold = hold,
                              .kill_after_end = kill_after_end,
                              .kill_and_wait = kill_and_wait,
                              .ask_ended = ask_ended,
                              .kill_tree = no_hook,
                              .stop_tree = no_hook,
                              .end_with_host = no_hook};

}  // namespace switch_list
