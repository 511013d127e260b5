// The library.
#include "driver.hpp"

#include <spawnpipe/spawnpipe.hpp>

#include <array>
#include <memory>
#include <vector>

namespace bench {
namespace {

using spawnpipe::command;
using spawnpipe::deadline;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

void spawn() {
  const auto done = spawnpipe::run(command(child_program, {"exit"}).in(null{}).out(null{}).err(null{}));
  expect(done && done->success(), "the child did not succeed");
}

std::string capture() {
  auto done = spawnpipe::run(command(child_program, {"line"}));
  expect(done && done->success(), "the child did not succeed");
  return std::move(done->out);
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  auto child =
      spawnpipe::spawn(command(child_program, {"write", std::to_string(total), std::to_string(block), child_cpu})
                           .in(null{})
                           .out(pipe{})
                           .err(null{}))
          .value();
  std::vector<std::byte> into(read_size);
  std::uint64_t came = 0;
  for (;;) {
    const auto got = child.out().read_some(into, deadline::never());
    if (!got) break;
    came += *got;
  }
  expect(child.wait(deadline::never()).value().success(), "the child did not succeed");
  return came;
}

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  auto loop = spawnpipe::event_loop::create().value();
  auto child =
      spawnpipe::spawn(loop, command(child_program, {"cat", child_cpu}).in(pipe{}).out(pipe{}).err(null{})).value();
  std::string_view rest = input;
  const auto feed = [&](spawnpipe::pipe_writer& in) {
    rest.remove_prefix(in.write(rest).value_or(rest.size()));
    if (rest.empty()) static_cast<void>(in.close());
  };
  std::uint64_t came = 0;
  child.out().on_readable([&](spawnpipe::pipe_reader& from) {
    came += from.available().size();
    from.consume(from.available().size());
  });
  child.in().on_written(feed);
  feed(child.in());
  expect(loop.run(deadline::never()).has_value(), "the loop ended early");
  expect(child.wait(deadline::never()).value().success(), "the child did not succeed");
  return came;
}

void ping(int rounds, void (*mark)()) {
  auto child = spawnpipe::spawn(command(child_program, {"cat"}).in(pipe{}).out(pipe{}).err(null{})).value();
  std::array<std::byte, 1> byte{};
  const auto turn = [&] {
    std::span<const std::byte> rest = byte;
    child.in().write_all(rest, deadline::never()).value();
    expect(child.out().read_some(byte, deadline::never()).value() == 1, "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  static_cast<void>(child.in().close());
  expect(child.wait(deadline::never()).value().success(), "the child did not succeed");
}

int many(int count, int width) {
  auto loop = spawnpipe::event_loop::create().value();
  std::vector<spawnpipe::job> jobs(static_cast<std::size_t>(width));
  const command what(child_program, {"line"});
  int started = 0;
  int right = 0;
  std::function<void(std::size_t)> next = [&](std::size_t place) {
    if (started == count) return;
    ++started;
    jobs[place] = spawnpipe::run_async(loop, what, {}, [&, place](const spawnpipe::completed& done) {
                    if (done.success() && done.out == child_line) ++right;
                    next(place);
                  }).value();
  };
  for (std::size_t place = 0; place < jobs.size(); ++place) next(place);
  loop.run(deadline::never()).value();
  return right;
}

double alive(int count, int samples) {
  auto loop = spawnpipe::event_loop::create().value();
  std::vector<spawnpipe::child> children;
  const auto what = command(child_program, {"wait"}).in(pipe{}).out(null{}).err(null{});
  int ended = 0;
  for (int i = 0; i < count; ++i) {
    children.push_back(spawnpipe::spawn(loop, what).value());
    children.back().on_exit([&](spawnpipe::child& /*which*/, const spawnpipe::exit_status& status) {
      if (status.success()) ++ended;
      loop.stop();
    });
  }
  static_cast<void>(loop.run(deadline::now()));
  const double began = cpu_time();
  for (int i = 0; i < samples; ++i) {
    static_cast<void>(children[static_cast<std::size_t>(i)].in().close());
    loop.run(deadline::never()).value();
  }
  const double used = cpu_time() - began;
  expect(ended == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  auto loop = spawnpipe::event_loop::create().value();
  std::vector<spawnpipe::child> children;
  int ended = 0;
  const auto skip = [](spawnpipe::pipe_reader& from) { from.consume(from.available().size()); };
  for (int i = 0; i < count; ++i) {
    children.push_back(
        spawnpipe::spawn(loop, command(child_program, {"wait"}).in(pipe{}).out(pipe{}).err(pipe{})).value());
    children.back().out().on_readable(skip);
    children.back().err().on_readable(skip);
    children.back().on_exit([&](spawnpipe::child& /*which*/, const spawnpipe::exit_status& status) {
      if (status.success()) ++ended;
    });
  }
  static_cast<void>(loop.run(deadline::now()));
  looked();
  for (spawnpipe::child& each : children) static_cast<void>(each.in().close());
  loop.run(deadline::never()).value();
  expect(ended == count, "not every child succeeded");
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
