// Poco::Process and Poco::Pipe. All calls block and there is no loop, so a second pipe and a second child take a thread each.
// There is no null device: a stream without a pipe is inherited. There is no wait for any of several children, so "alive" is left out.
#include "driver.hpp"

#include <Poco/Pipe.h>
#include <Poco/Process.h>
#include <Poco/Thread.h>

#include <atomic>
#include <memory>
#include <vector>

namespace bench {
namespace {

using Poco::Pipe;
using Poco::Process;
using Poco::ProcessHandle;

ProcessHandle start(const Process::Args& arguments, Pipe* in, Pipe* out, Pipe* err) {
  return Process::launch(child_program, arguments, in, out, err);
}

void finish(const ProcessHandle& child) { expect(child.wait() == 0, "the child did not succeed"); }

void spawn() { finish(start({"exit"}, nullptr, nullptr, nullptr)); }

template <class Take>
void read_all(Pipe& from, Take take) {
  std::vector<char> into(read_size);
  for (int got = 0; (got = from.readBytes(into.data(), static_cast<int>(into.size()))) > 0;)
    take(into.data(), static_cast<std::size_t>(got));
}

std::string capture() {
  Pipe out;
  Pipe err;
  const ProcessHandle child = start({"line"}, nullptr, &out, &err);
  std::string outputs[2];
  Poco::Thread other;
  other.startFunc([&] { read_all(err, [&](const char* data, std::size_t size) { outputs[1].append(data, size); }); });
  read_all(out, [&](const char* data, std::size_t size) { outputs[0].append(data, size); });
  other.join();
  finish(child);
  return outputs[0];
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  Pipe out;
  const ProcessHandle child =
      start({"write", std::to_string(total), std::to_string(block), child_cpu}, nullptr, &out, nullptr);
  std::uint64_t came = 0;
  read_all(out, [&](const char* /*data*/, std::size_t size) { came += size; });
  finish(child);
  return came;
}

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  Pipe in;
  Pipe out;
  const ProcessHandle child = start({"cat", child_cpu}, &in, &out, nullptr);
  Poco::Thread feeder;
  feeder.startFunc([&] {
    for (std::size_t fed = 0; fed < input.size();)
      fed += static_cast<std::size_t>(in.writeBytes(input.data() + fed, static_cast<int>(input.size() - fed)));
    in.close(Pipe::CLOSE_WRITE);
  });
  std::uint64_t came = 0;
  read_all(out, [&](const char* /*data*/, std::size_t size) { came += size; });
  feeder.join();
  finish(child);
  return came;
}

void ping(int rounds, void (*mark)()) {
  Pipe in;
  Pipe out;
  const ProcessHandle child = start({"cat"}, &in, &out, nullptr);
  char byte = 0;
  const auto turn = [&] {
    expect(in.writeBytes(&byte, 1) == 1 && out.readBytes(&byte, 1) == 1, "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  in.close(Pipe::CLOSE_WRITE);
  finish(child);
}

int many(int count, int width) {
  std::vector<Poco::Thread> threads(static_cast<std::size_t>(width));
  std::atomic<int> started = 0;
  std::atomic<int> right = 0;
  for (Poco::Thread& each : threads) {
    each.startFunc([&] {
      while (started++ < count) {
        try {
          if (capture() == child_line) ++right;
        } catch (const std::exception&) {
          return;
        }
      }
    });
  }
  for (Poco::Thread& each : threads) each.join();
  return right;
}

void hold(int count, void (*looked)()) {
  struct member {
    Pipe in;
    Pipe out;
    Pipe err;
    std::unique_ptr<ProcessHandle> child;
  };
  std::vector<member> all(static_cast<std::size_t>(count));
  for (member& each : all)
    each.child = std::make_unique<ProcessHandle>(start({"wait"}, &each.in, &each.out, &each.err));
  looked();
  bool good = true;
  for (member& each : all) each.in.close(Pipe::CLOSE_WRITE);
  for (const member& each : all) good = each.child->wait() == 0 && good;
  expect(good, "not every child succeeded");
}

}  // namespace

const subject this_subject = {
    .spawn = spawn, .capture = capture, .stream = stream, .echo = echo, .ping = ping, .many = many, .hold = hold};

}  // namespace bench
