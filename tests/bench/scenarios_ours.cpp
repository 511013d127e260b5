// The scenarios by the library, as a program would use it.
#include <spawnpipe/spawnpipe.hpp>

#include "raw_windows.hpp"
#include "scenarios.hpp"

#include <optional>
#include <thread>
#include <vector>

namespace bench {
namespace {

using spawnpipe::command;
using spawnpipe::deadline;
namespace stdio = spawnpipe::stdio;

seconds read(std::size_t block) {
  const std::uint64_t all = prelude_size + transfer_size;
  spawnpipe::child child = spawn(command(child_program, {"write", std::to_string(all), std::to_string(child_block)})
                                     .in(stdio::null{})
                                     .out(stdio::pipe{})
                                     .err(stdio::null{}))
                               .value();
  std::vector<std::byte> buffer(block);
  std::uint64_t got = 0;
  while (got < prelude_size) got += child.out().read_some(buffer, deadline::never()).value();
  const std::uint64_t before = got;
  const auto begin = clock::now();
  while (got < all) got += child.out().read_some(buffer, deadline::never()).value();
  const seconds taken = clock::now() - begin;
  const bool ended = child.out().read_some(buffer, deadline::never()).failed_with(spawnpipe::errc::end_of_stream);
  expect(got == all && ended, "the bytes of the child");
  expect(child.wait(deadline::never()).value().success(), "the child's exit");
  return taken * (static_cast<double>(transfer_size) / static_cast<double>(all - before));
}

// The same bytes, as a program takes them that has other things to wait for; `block` is what the reader holds.
seconds read_in_callbacks(std::size_t block) {
  const std::uint64_t all = prelude_size + transfer_size;
  spawnpipe::event_loop loop = spawnpipe::event_loop::create().value();
  spawnpipe::child child =
      spawn(loop, command(child_program, {"write", std::to_string(all), std::to_string(child_block)})
                      .in(stdio::null{})
                      .out(stdio::pipe{.capacity = block})
                      .err(stdio::null{}))
          .value();
  std::uint64_t got = 0;
  std::uint64_t before = 0;
  clock::time_point begin;
  clock::time_point end;
  child.out().on_readable([&](spawnpipe::pipe_reader& out) {
    const std::size_t count = out.available().size();
    out.consume(count);
    got += count;
    if (before == 0 && got >= prelude_size) {
      before = got;
      begin = clock::now();
    }
    if (count > 0) end = clock::now();
  });
  loop.run(deadline::never()).value();
  expect(got == all && child.out().at_end(), "the bytes of the child");
  expect(child.wait(deadline::never()).value().success(), "the child's exit");
  return seconds(end - begin) * (static_cast<double>(transfer_size) / static_cast<double>(all - before));
}

void write_all(spawnpipe::pipe_writer& writer, std::span<const std::byte> bytes) {
  writer.write_all(bytes, deadline::never()).value();
}

seconds write(std::size_t block) {
  spawnpipe::child child =
      spawn(command(child_program, {"until-eof"}).in(stdio::pipe{}).out(stdio::null{}).err(stdio::null{})).value();
  const std::vector<std::byte> buffer(block, std::byte{'x'});
  write_all(child.in(), std::vector<std::byte>(prelude_size));
  child.in().flush(deadline::never()).value();
  const auto begin = clock::now();
  for (std::uint64_t put = 0; put < transfer_size; put += block) write_all(child.in(), buffer);
  child.in().flush(deadline::never()).value();
  const seconds taken = clock::now() - begin;
  child.in().close().value();
  expect(child.wait(deadline::never()).value().success(), "the child's exit");
  return taken;
}

seconds spawn_and_wait(streams which) {
  const auto begin = clock::now();
  {
    command exit(child_program, {"exit"});
    if (which == streams::null_device) {
      exit.in(stdio::null{}).out(stdio::null{}).err(stdio::null{});
    } else {
      exit.in(stdio::pipe{}).out(stdio::pipe{}).err(stdio::pipe{});
    }
    spawnpipe::child child = spawn(exit).value();
    expect(child.wait(deadline::never()).value().success(), "the child's exit");
  }
  return clock::now() - begin;
}

seconds wake_up() {
  spawnpipe::event_loop loop = spawnpipe::event_loop::create().value();
  // A run needs something to wait for.
  spawnpipe::child child =
      spawn(loop, command(child_program, {"hang"}).in(stdio::null{}).out(stdio::null{}).err(stdio::null{})).value();
  child.on_exit([](spawnpipe::child&, const spawnpipe::exit_status&) {});
  const raw::handle reply(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  if (reply.get() == nullptr) raw::fail("CreateEventW");
  std::vector<double> times;
  times.reserve(wakes_in_one_repeat);
  clock::time_point began;  // handed over by the wakes and the event
  loop.on_wake([&] {
    times.push_back(seconds(clock::now() - began).count());
    ::SetEvent(reply.get());
    if (times.size() == wakes_in_one_repeat) loop.stop();
  });
  std::jthread waker([&] {
    for (int turn = 0; turn < wakes_in_one_repeat; ++turn) {
      began = clock::now();
      loop.wake();
      ::WaitForSingleObject(reply.get(), INFINITE);
    }
  });
  loop.run(deadline::never()).value();
  waker.join();
  return seconds(median(times));
}

}  // namespace

const scenarios our_scenarios = {.read = &read,
                                 .read_in_callbacks = &read_in_callbacks,
                                 .write = &write,
                                 .spawn_and_wait = &spawn_and_wait,
                                 .wake_up = &wake_up};

}  // namespace bench
