// Stopping a reader and going on, draining it, closing it, and streams that are long.
#include "cases.hpp"

#include <array>
#include <memory>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::exit_status;

TEST_CASE("[R4] what came before a stop stays readable, and nothing comes after it until resume") {
  harness::leak_check nothing_left;
  child running = start("pieces-on-request", "before", "after\n");
  pipe_reader& out = running.out();
  CHECK(must(running.in().write("\n")) == 1);
  pass_until([&] { return !out.available().empty(); });
  for (int times = 0; times < 3; ++times) CHECK_OK(out.stop());
  CHECK(out.available_text() == "before");
  CHECK(must(running.in().write("\n")) == 1);
  CHECK(must(running.wait(patience())).success());
  CHECK(out.available_text() == "before");
  std::array<std::byte, 100> some{};
  CHECK(must(out.read_some(some, patience())) == 6);
  CHECK(out.read_some(some, patience()).failed_with(errc::stopped));
  CHECK(out.read_line(patience()).failed_with(errc::stopped));
  std::string all;
  CHECK(out.read_all(all, 100, patience()).failed_with(errc::stopped));
  CHECK_FALSE(out.at_end());
  CHECK(out.is_open());
  CHECK_OK(out.resume());
  CHECK_OK(out.resume());
  CHECK(line_of(out) == "after");
  CHECK(out.read_line(patience()).failed_with(errc::end_of_stream));
  CHECK_OK(out.stop());
  CHECK(out.at_end());
}

TEST_CASE("[R4][R2] stops and resumes by the thousand, between reads of every kind, move no byte") {
  harness::leak_check nothing_left;
  const bool slow = host_os::small_pieces_are_slow() || harness::scaled(1ms) != 1ms;  // sanitizers too
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    dice any(seed);
    const std::size_t capacity = 1 + any.size(100'000);
    const std::size_t block = any.size(70'000);
    std::size_t size = std::min<std::size_t>(2'000'000, 300'000 * block);  // a call of the system's for each block
    if (host_os::small_pieces_are_slow()) size = std::min(size / 4, 15'000 * block);
    if (slow) size = std::min(size, 15'000 * capacity);
    child running = must(spawnpipe::spawn(piped({.out = capacity}, "write", size, block)));
    pipe_reader& out = running.out();
    std::uint64_t position = 0;
    std::size_t stops = 0;
    std::vector<std::byte> some(70'000);
    const auto take = [&](std::string_view bytes) {
      REQUIRE_FALSE(pattern::first_difference(bytes, position));
      position += bytes.size();
    };
    const deadline limit = patience();
    while (position < size) {
      REQUIRE_FALSE(limit.passed());
      if (any(3) == 0) {
        REQUIRE_OK(out.stop());
        ++stops;
        if (any(2) == 0) {
          const std::string_view left = out.available_text();
          take(left);
          out.consume(left.size());
        }
        REQUIRE_OK(out.resume());
      }
      const std::chrono::microseconds time{any(200)};
      switch (any(5)) {
        case 0: {
          const auto got = out.read_some(std::span(some).first(any.size(some.size())), time);
          if (got) take({reinterpret_cast<const char*>(some.data()), *got});
          break;
        }
        case 1: {
          const auto line = out.read_until(static_cast<char>(any(256)), time);
          if (line) {
            take(*line);
            if (position < size) ++position;  // the delimiter, which is not in the view
          }
          break;
        }
        case 2: {
          const std::string_view all = out.available_text();
          const std::string_view part = all.substr(0, any(all.size() + 1));
          take(part);
          out.consume(part.size());
          break;
        }
        case 3: {
          std::string all;
          static_cast<void>(out.read_all(all, any.size(50'000), time));
          take(all);
          break;
        }
        default: {
          std::string all;
          static_cast<void>(must(out.drain(all, any.size(50'000))));
          take(all);
        }
      }
    }
    CHECK(position == size);
    CHECK(stops > 5);
    CHECK(rest_of(out).empty());
    CHECK(must(running.wait(patience())).success());
  }
}

TEST_CASE("[R4][C2] stop and resume inside callbacks; a stopped reader is not called back") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 1'000'000;
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped({.out = 10'000}, "write", size, 3000)));
  std::uint64_t position = 0;
  bool stopped = false;
  bool end = false;
  running.out().on_readable([&](pipe_reader& out) {
    CHECK_FALSE(stopped);
    CHECK_FALSE(end);
    CHECK_FALSE(pattern::first_difference(out.available_text(), position));
    position += out.available().size();
    out.consume(out.available().size());
    end = out.at_end();
    CHECK_OK(out.stop());
    stopped = true;
    loop.wake();
  });
  loop.on_wake([&] {
    stopped = false;
    CHECK_OK(running.out().resume());
  });
  const deadline limit = patience();
  while (!end && !limit.passed()) static_cast<void>(loop.run(20ms));
  CHECK(end);
  CHECK(position == size);
}

TEST_CASE("[R5] drain takes what is there, and does not wait for a grandchild that holds the pipe") {
  harness::leak_check nothing_left;
  child running = start("grandchild", "hang");
  CHECK(must(running.wait(patience())).success());
  const stopwatch watch;
  std::string all = "id ";
  CHECK(must(running.out().drain(all)) > 0);
  CHECK(all.ends_with("\n"));
  const harness::end_at_exit grandchild(std::strtoll(all.c_str() + 3, nullptr, 10));
  CHECK(must(running.out().drain(all)) == 0);
  CHECK(watch.elapsed() < scaled(1s));
  CHECK_FALSE(running.out().at_end());
  CHECK(running.out().read_line(10ms).failed_with(errc::timed_out));
}

TEST_CASE("[R5] drain takes from the pipe itself, within its limit") {
  harness::leak_check nothing_left;
  // Nothing was pumped before: all of it is in the pipe, and more than the buffer holds.
  for (const bool in_callback : {false, true}) {
    event_loop loop = must(event_loop::create());
    child running = must(spawnpipe::spawn(loop, piped({.out = 100}, "write", 4000)));
    REQUIRE(harness::gone_within(running.id(), 10s));
    std::string all;
    const auto drain = [&] {
      CHECK(must(running.out().drain(all, 0)) == 0);
      CHECK(must(running.out().drain(all, 1)) == 1);
      CHECK(must(running.out().drain(all, 1234)) == 1234);
      CHECK(must(running.out().drain(all)) == 4000 - 1235);
      CHECK(must(running.out().drain(all)) == 0);
    };
    if (in_callback) {
      loop.on_wake(drain);
      loop.wake();
      CHECK_OK(loop.run(patience()));
    } else {
      drain();
    }
    CHECK(all.size() == 4000);
    CHECK_FALSE(pattern::first_difference(all));
    CHECK(running.out().read_line(patience()).failed_with(errc::end_of_stream));
  }
  child endless = start("yes");
  CHECK(line_of(endless.out()) == "y");
  std::string all;
  CHECK_OK(endless.out().drain(all));  // comes to an end
  CHECK_OK(endless.out().stop());
  CHECK_OK(endless.out().drain(all));
}

TEST_CASE("[R8][W6] destroying a reader closes the pipe: the child meets a broken pipe, and nothing is called back") {
  harness::leak_check nothing_left;
  {
    child running = start("yes");
    CHECK(line_of(running.out()) == "y");
    running.out() = pipe_reader();
    CHECK_FALSE(must(running.wait(patience())).success());
  }
  {
    child running = start("yes");
    { const pipe_reader moved = std::move(running.out()); }
    CHECK_FALSE(running.out().is_open());
    CHECK_FALSE(must(running.wait(patience())).success());
  }
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped("yes")));
  auto out = std::make_unique<pipe_reader>(std::move(running.out()));
  int called = 0;
  bool ended = false;
  out->on_readable([&](pipe_reader&) {
    ++called;
    out.reset();
  });
  running.on_exit([&](child&, const exit_status&) { ended = true; });
  CHECK_OK(loop.run(patience()));
  CHECK(called == 1);
  CHECK(ended);
}

TEST_CASE("[R8] destroying readers with a read in flight, with and without bytes on their way") {
  harness::leak_check nothing_left;
  for (int rounds = 0; rounds < 100; ++rounds) {
    child running = start("pieces-on-request", "a", "b");
    CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
    if (rounds % 2 == 0) CHECK(must(running.in().write("\n")) == 1);
    if (rounds % 3 == 0) static_cast<void>(running.wait(std::chrono::microseconds(rounds * 10)));
    running.out() = pipe_reader();
    CHECK_FALSE(running.out().is_open());
  }
}

TEST_CASE("[R1][R2] 64 MiB through callbacks arrive whole, in bounded memory") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = std::size_t{64} << 20;
  event_loop loop = must(event_loop::create());
  child running = must(spawnpipe::spawn(loop, piped("write", size)));
  std::uint64_t position = 0;
  bool good = true;
  std::optional<std::size_t> before;
  running.out().on_readable([&](pipe_reader& out) {
    good = good && !pattern::first_difference(out.available_text(), position);
    position += out.available().size();
    out.consume(out.available().size());
    if (!before) before = host_os::resident_bytes();
  });
  CHECK_OK(loop.run(patience()));
  if (before) CHECK(host_os::resident_bytes().value() <= *before + 1'000'000);
  CHECK(good);
  CHECK(position == size);
  CHECK(running.out().at_end());
  CHECK(must(running.wait(patience())).success());
}

}  // namespace
