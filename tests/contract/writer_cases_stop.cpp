// Stopping a writer, losing its reader, and the books through all of it.
#include "cases.hpp"

#include <string>

namespace {

using namespace cases;
using spawnpipe::exit_status;
using spawnpipe::write_books;

void check_stopped(pipe_writer& in) {
  CHECK_FALSE(in.is_open());
  CHECK(in.unsent() == 0);
  CHECK(balanced(in.books()));
  CHECK(in.write("x").failed_with(errc::stopped));
  std::string owned = "x";
  CHECK(in.write_owned(owned).failed_with(errc::stopped));
  std::string_view rest = "x";
  CHECK(in.write_all(rest, patience()).failed_with(errc::stopped));
}

TEST_CASE("[W5][W8] stop with a write in flight, while the child reads nothing") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  child running = must(spawnpipe::spawn(piped({.in = 50'000}, "when-file", folder / "go", "checksum")));
  const std::size_t filled = fill(running.in());
  CHECK(running.in().flush(1ms).failed_with(errc::timed_out));
  const stopwatch watch;
  for (int times = 0; times < 3; ++times) CHECK_OK(running.in().stop());
  CHECK(watch.elapsed() < scaled(1s));
  check_stopped(running.in());
  CHECK(running.in().flush(patience()).failed_with(errc::stopped));
  const write_books books = running.in().books();
  CHECK(books.accepted == filled);
  CHECK(books.dropped + books.unknown == 50'000);
  // The child sees the beginning of its input, and then the end.
  harness::write_file(folder / "go", "");
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.good);
  CHECK(read.count >= books.delivered);
  CHECK(read.count <= books.delivered + books.unknown);
}

TEST_CASE("[W5] stop in every state of a writer") {
  harness::leak_check nothing_left;
  pipe_writer none;
  CHECK_OK(none.stop());
  {
    child fresh = start("until-eof", 4);
    CHECK_OK(fresh.in().stop());
    check_stopped(fresh.in());
    CHECK(must(fresh.wait(patience())).code() == 4U);
    CHECK_OK(fresh.in().stop());
  }
  {
    child idle = start("until-eof", 5);
    CHECK(must(idle.in().write("all of this is delivered")) > 0);
    REQUIRE_OK(idle.in().flush(patience()));
    CHECK_OK(idle.in().stop());
    check_stopped(idle.in());
    CHECK(idle.in().books().dropped == 0);
    CHECK(must(idle.wait(patience())).code() == 5U);
  }
  {
    child closed = must(spawnpipe::spawn(piped({.in = 5000}, "hang")));
    const std::size_t filled = fill(closed.in());
    REQUIRE_OK(closed.in().close());
    CHECK_OK(closed.in().stop());
    CHECK(closed.in().unsent() == 0);
    const write_books books = closed.in().books();
    CHECK(books.accepted == filled);
    CHECK(books.dropped + books.unknown == 5000);
  }
  {
    child moved = start("until-eof", 6);
    pipe_writer in = std::move(moved.in());
    CHECK_OK(moved.in().stop());
    CHECK(in.is_open());
    CHECK_OK(in.stop());
    CHECK(must(moved.wait(patience())).code() == 6U);
  }
}

TEST_CASE("[W5][C2] stop inside callbacks: its own, a reader's, and the exit's; nothing is called after it") {
  harness::leak_check nothing_left;
  for (int from = 0; from < 3; ++from) {
    CAPTURE(from);
    event_loop loop = must(event_loop::create());
    // It reads a little, says so, and reads no more.
    child running = must(spawnpipe::spawn(loop, piped({.in = 500'000}, "cat", 1000)));
    fill(running.in());
    int written = 0;
    bool stopped = false;
    const auto stop = [&] {
      CHECK_OK(running.in().stop());
      stopped = true;
      CHECK(running.in().unsent() == 0);
      CHECK(balanced(running.in().books()));
    };
    running.in().on_written([&](pipe_writer& self) {
      CHECK(&self == &running.in());
      CHECK_FALSE(stopped);
      ++written;
      if (from == 0) stop();
    });
    running.out().on_readable([&](pipe_reader& out) {
      if (from == 1 && !stopped) stop();
      if (from == 2 && !running.status()) static_cast<void>(running.kill());
      out.consume(out.available().size());
    });
    running.on_exit([&](child&, const exit_status&) {
      if (from == 2) stop();
    });
    CHECK_OK(loop.run(patience()));
    CHECK(stopped);
    if (from == 0) CHECK(written == 1);
    // Where the child was ended first, its pipe was broken before.
    if (!running.in().error()) check_stopped(running.in());
  }
}

TEST_CASE("[W6][W7] a child that closed its stdin is a broken pipe and no signal; the error sticks") {
  harness::leak_check nothing_left;
  const std::string signals = host_os::signal_state();
  child running = start("read", 10, 0);
  CHECK(must(running.in().write("0123456789")) == 10);
  CHECK(line_of(running.out()) == "closed");
  // Some systems say it at once, others behind the bytes, which are dropped then.
  auto broken = running.in().write("x");
  const std::size_t in_vain = broken.value_or(0);
  if (broken) {
    CHECK(running.in().flush(patience()).failed_with(std::errc::broken_pipe));
    broken = running.in().write("x");
  }
  REQUIRE_FALSE(broken);
  CHECK(broken.failed_with(std::errc::broken_pipe));
  CHECK(broken.error().where == spawnpipe::stage::write);
  CHECK_FALSE(running.in().is_open());
  std::string owned = "x";
  std::string_view rest = "x";
  for (const auto& again : {running.in().write("").error(), running.in().write("y").error(),
                            running.in().write_owned(owned).error(), running.in().write_all(rest, patience()).error(),
                            running.in().flush(patience()).error(), running.in().error().value()}) {
    CHECK(again.code == broken.error().code);
    CHECK(again.where == broken.error().where);
    CHECK(again.subject == broken.error().subject);
  }
  CHECK(running.in().books() == write_books{.accepted = 10 + in_vain, .delivered = 10, .dropped = in_vain});
  CHECK_OK(running.in().close());
  CHECK_OK(running.in().stop());
  CHECK(running.in().write("y").failed_with(std::errc::broken_pipe));
  CHECK(must(running.wait(patience())).success());
  CHECK(host_os::signal_state() == signals);
}

TEST_CASE("[W6][W8] a pipe that breaks under a queue: flush and write_all say so, and the queue is dropped") {
  harness::leak_check nothing_left;
  const std::string signals = host_os::signal_state();
  for (int way = 0; way < 4; ++way) {
    CAPTURE(way);
    // Once pipe and queue are full it dies, or closes its stdin and lives on.
    const harness::temp_dir folder;
    child running = must(spawnpipe::spawn(way < 2 ? piped({.in = 5000}, "when-file", folder / "go", "read", 10, 0)
                                                  : piped({.in = 5000}, "when-file", folder / "go", "read", 10)));
    pipe_writer& in = running.in();
    const std::string text = pattern::make(2'000'000);
    std::string_view rest = text;
    for (auto taken = in.write(rest); taken && *taken > 0; taken = in.write(rest)) rest.remove_prefix(*taken);
    harness::write_file(folder / "go", "");
    const auto broken = way % 2 == 0 ? in.write_all(rest, patience()) : in.flush(patience());
    CHECK(broken.failed_with(std::errc::broken_pipe));
    CHECK(in.books().accepted == text.size() - rest.size());
    CHECK(in.books().dropped > 0);
    CHECK(in.unsent() == 0);
    CHECK(balanced(in.books()));
  }
  CHECK(host_os::signal_state() == signals);
}

TEST_CASE("[W7] an error is called back once, after the last progress") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  event_loop loop = must(event_loop::create());
  // More than any pipe holds: it is queued, and delivered when the child reads.
  const std::string text = pattern::make(1'000'000);
  child running = must(spawnpipe::spawn(loop, piped({.in = text.size()}, "when-file", folder / "go", "until-eof")));
  int progress = 0;
  int errors = 0;
  running.in().on_written([&](pipe_writer& in) {
    CHECK(errors == 0);
    CHECK(balanced(in.books()));
    in.error() ? ++errors : ++progress;
    if (in.error() || progress > 1) return;
    REQUIRE_OK(in.write(text));
    REQUIRE_OK(running.kill());
  });
  CHECK(must(running.in().write(text)) == text.size());
  CHECK(errors == 0);
  harness::write_file(folder / "go", "");
  running.on_exit([](child&, const exit_status&) {});
  CHECK_OK(loop.run(patience()));
  CHECK(progress > 0);
  CHECK(errors == 1);
  CHECK(running.in().error()->code == std::errc::broken_pipe);
  for (int rounds = 0; rounds < 3; ++rounds) {
    CHECK_FALSE(running.in().write("x"));
    CHECK_OK(loop.run(patience()));
  }
  CHECK(errors == 1);
  CHECK(running.in().books().dropped > 0);
  CHECK(balanced(running.in().books()));
}

TEST_CASE("[W8][W2] the books balance under operations in any order, and the child read what they say") {
  harness::leak_check nothing_left;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    dice any(seed);
    const std::size_t capacity = any.size(200'000);
    child running = must(spawnpipe::spawn(piped({.in = capacity}, "checksum")));
    pipe_writer& in = running.in();
    std::uint64_t position = 0;
    for (std::size_t left = any(60); left > 0; --left) {
      std::string piece = pattern::make(any.size(100'000), position);
      std::string_view rest = piece;
      switch (any(6)) {
        case 0:
        case 1: position += must(in.write(piece)); break;
        case 2: {
          const std::size_t size = piece.size();
          position += must(in.write_owned(piece)) ? size : 0;
          break;
        }
        case 3:
          static_cast<void>(in.write_all(rest, std::chrono::microseconds(any(500))));
          position += piece.size() - rest.size();
          break;
        case 4: static_cast<void>(in.flush(std::chrono::microseconds(any(500)))); break;
        default: static_cast<void>(running.wait(std::chrono::microseconds(any(100))));
      }
      REQUIRE(in.books().accepted == position);
      REQUIRE(balanced(in.books()));
    }
    const std::size_t end = any(3);
    if (end == 0) REQUIRE_OK(in.stop());
    if (end == 1) REQUIRE_OK(in.close());
    if (end == 2) {
      REQUIRE_OK(in.close());
      static_cast<void>(in.flush(std::chrono::microseconds(any(500))));
      REQUIRE_OK(in.stop());
    }
    const sum read = checksum_of(rest_of(running.out()));
    const write_books books = in.books();
    CHECK(balanced(books));
    CHECK(books.unsent == 0);
    CHECK(books.accepted == position);
    CHECK(read.good);
    CHECK(read.count >= books.delivered);
    CHECK(read.count <= books.delivered + books.unknown);
    if (end == 1) CHECK(read.count == position);
    CHECK(must(running.wait(patience())).success());
  }
}

}  // namespace
