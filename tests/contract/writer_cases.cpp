// Writing to real children: what is taken, in which order it arrives, and how it ends.
#include "cases.hpp"

#include <cstring>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::write_books;

TEST_CASE("[W1] write takes what fits, says how much, and never waits") {
  harness::leak_check nothing_left;
  child running = must(spawnpipe::spawn(piped({.in = 1000}, "hang", "up")));
  CHECK(line_of(running.out()) == "up");
  pipe_writer& in = running.in();
  const stopwatch watch;
  // Far more than pipe and queue hold: the queue is filled to its last byte, and no further.
  const std::string text = pattern::make(4'000'000);
  const std::size_t taken = must(in.write(text));
  CHECK(taken >= 1000);
  CHECK(taken < text.size());
  CHECK(in.unsent() == 1000);
  CHECK(in.books().delivered == taken - 1000);
  for (int rounds = 0; rounds < 1000; ++rounds) REQUIRE(must(in.write("more")) == 0);
  CHECK(in.unsent() == 1000);
  CHECK(in.books() == write_books{.accepted = taken, .delivered = taken - 1000, .unsent = 1000});
  CHECK(watch.elapsed() < scaled(2s));
}

TEST_CASE("[W1] small writes fill the queue to its capacity exactly") {
  harness::leak_check nothing_left;
  for (const std::size_t capacity : {1U, 2U, 7U, 4096U, 200'000U}) {
    if (capacity < 7 && host_os::small_pieces_are_slow()) continue;  // the pipe itself is filled by as many at a time
    child running = must(spawnpipe::spawn(piped({.in = capacity}, "hang")));
    pipe_writer& in = running.in();
    dice any(capacity);
    for (std::size_t position = 0;;) {
      const std::size_t wanted = any.size(9000);
      const std::size_t taken = must(in.write(pattern::make(wanted, position)));
      position += taken;
      REQUIRE(in.unsent() <= capacity);
      REQUIRE(balanced(in.books()));
      if (taken < wanted) REQUIRE(in.unsent() == capacity);
      if (taken == 0) break;
    }
    CHECK(in.unsent() == capacity);
  }
}

TEST_CASE("[W1] write_owned takes a whole buffer or nothing of it") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  child running = must(spawnpipe::spawn(piped({.in = 1000}, "when-file", folder / "go", "checksum")));
  pipe_writer& in = running.in();
  std::string first = pattern::make(500'000);
  CHECK(must(in.write_owned(first)));  // larger than the queue, but the queue is empty
  CHECK(first.empty());
  CHECK(in.unsent() > 1000);
  std::string second = pattern::make(1, 500'000);
  CHECK_FALSE(must(in.write_owned(second)));
  CHECK(second.size() == 1);
  CHECK(must(in.write(second)) == 0);
  std::string empty;
  CHECK(must(in.write_owned(empty)));
  CHECK(in.books().accepted == 500'000);
  harness::write_file(folder / "go", "");
  REQUIRE_OK(in.flush(patience()));
  CHECK(must(in.write_owned(second)));
  std::string third = pattern::make(1000, 500'001);
  CHECK(must(in.write_owned(third)));
  REQUIRE_OK(in.close());
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.count == 501'001);
  CHECK(read.good);
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[W2] every byte value arrives, in order and once, in whatever pieces it was written") {
  harness::leak_check nothing_left;
  std::string text = std::string("\0\x1A\r\n\xFF\r\n\x1A\0\0\n\r", 12);
  for (int value = 0; value < 256; ++value) text += static_cast<char>(value);
  text += pattern::make(host_os::small_pieces_are_slow() ? 60'000 : 300'000);
  for (const std::size_t capacity : {3U, 5000U, 65536U}) {
    child running = must(spawnpipe::spawn(piped({.in = capacity}, "cat")));
    std::string back;
    dice any(capacity);
    const deadline limit = patience();
    for (std::string_view rest = text; !rest.empty();) {
      REQUIRE_FALSE(limit.passed());
      std::string_view piece = rest.substr(0, any.size(20'000));
      std::string owned(piece);
      switch (any(3)) {
        case 0: rest.remove_prefix(must(running.in().write(piece))); break;
        case 1: rest.remove_prefix(must(running.in().write_owned(owned)) ? piece.size() : 0); break;
        default: {
          const std::size_t whole = piece.size();
          static_cast<void>(running.in().write_all(piece, 100us));
          rest.remove_prefix(whole - piece.size());
        }
      }
      static_cast<void>(running.out().read_all(back, text.size() + 1, deadline::now()));
    }
    REQUIRE_OK(running.in().close());
    CHECK((rest_of(running.out(), std::move(back)) == text));
    CHECK(must(running.wait(patience())).success());
  }
}

TEST_CASE("[W2] an empty write succeeds, in every way of writing and flushing") {
  harness::leak_check nothing_left;
  child running = start("checksum");
  std::string_view rest;
  CHECK(must(running.in().write("")) == 0);
  CHECK(must(running.in().write(std::span<const std::byte>())) == 0);
  CHECK_OK(running.in().write_all(rest, deadline::now()));
  CHECK_OK(running.in().flush(deadline::now()));
  CHECK(running.in().books() == write_books{});
  REQUIRE_OK(running.in().close());
  CHECK(checksum_of(rest_of(running.out())).count == 0);
}

TEST_CASE("[W2] a buffer of 32 MiB goes out whole") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = std::size_t{32} << 20;
  child running = start("checksum");
  std::string text = pattern::make(size);
  CHECK(must(running.in().write_owned(text)));
  REQUIRE_OK(running.in().flush(patience()));
  CHECK(running.in().books() == write_books{.accepted = size, .delivered = size});
  REQUIRE_OK(running.in().close());
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.count == size);
  CHECK(read.good);
}

TEST_CASE("[W3] flush waits until all is delivered; when it is out of time the rest stays queued, in order") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  child running = must(spawnpipe::spawn(piped({.in = 100'000}, "when-file", folder / "go", "checksum")));
  pipe_writer& in = running.in();
  const std::size_t filled = fill(in);
  const std::size_t unsent = in.unsent();
  CHECK(unsent == 100'000);
  for (int rounds = 0; rounds < 5; ++rounds) {
    CHECK(in.flush(2ms).failed_with(errc::timed_out));
    CHECK(in.unsent() == unsent);
  }
  harness::write_file(folder / "go", "");
  REQUIRE_OK(in.flush(patience()));
  CHECK(in.unsent() == 0);
  CHECK(in.books() == write_books{.accepted = filled, .delivered = filled});
  CHECK_OK(in.flush(deadline::now()));
  CHECK(must(in.write(pattern::make(10, filled))) == 10);
  REQUIRE_OK(in.close());
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.count == filled + 10);
  CHECK(read.good);
}

TEST_CASE("[W4] a closed writer's queue is delivered by the loop, also when the writer is gone") {
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  const std::string text = pattern::make(700'000);
  for (const bool destroyed : {false, true}) {
    const std::string go = folder / (destroyed ? "second" : "first");
    event_loop loop = must(event_loop::create());
    child running = must(spawnpipe::spawn(loop, piped({.in = 1'000'000}, "when-file", go, "checksum")));
    CHECK(must(running.in().write(text)) == text.size());
    CHECK(running.in().unsent() > 0);
    const stopwatch watch;
    REQUIRE_OK(running.in().close());
    REQUIRE_OK(running.in().close());
    CHECK(watch.elapsed() < scaled(1s));
    if (destroyed) running.in() = pipe_writer();
    CHECK(loop.run(20ms).failed_with(errc::timed_out));  // the queue alone keeps it going
    harness::write_file(go, "");
    CHECK_OK(loop.run(patience()));
    const sum read = checksum_of(rest_of(running.out()));
    CHECK(read.count == text.size());
    CHECK(read.good);
    if (!destroyed) CHECK(running.in().books() == write_books{.accepted = text.size(), .delivered = text.size()});
  }
}

TEST_CASE("[W4] after close flush is allowed and write is not; blocking calls deliver what is left") {
  harness::leak_check nothing_left;
  child running = must(spawnpipe::spawn(piped({.in = 1'000'000}, "checksum")));
  CHECK(must(running.in().write(pattern::make(600'000))) == 600'000);
  REQUIRE_OK(running.in().close());
  CHECK_FALSE(running.in().is_open());
  CHECK(running.in().write("x").failed_with(errc::closed));
  std::string owned = "x";
  CHECK(running.in().write_owned(owned).failed_with(errc::closed));
  CHECK(owned == "x");
  std::string_view rest = "x";
  CHECK(running.in().write_all(rest, patience()).failed_with(errc::closed));
  CHECK(rest == "x");
  REQUIRE_OK(running.in().flush(patience()));
  CHECK_OK(running.in().flush(deadline::now()));
  CHECK(running.in().books() == write_books{.accepted = 600'000, .delivered = 600'000});
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.count == 600'000);
  CHECK(read.good);

  child waited = must(spawnpipe::spawn(piped({.in = 1'000'000}, "until-eof", 6)));
  CHECK(must(waited.in().write(pattern::make(600'000))) == 600'000);
  REQUIRE_OK(waited.in().close());
  waited.in() = pipe_writer();
  CHECK(must(waited.wait(patience())).code() == 6U);
}

TEST_CASE("[W4][W8] what a closed writer has queued is dropped when the child is stopped, whoever holds the pipe") {
  harness::leak_check nothing_left;
  for (const bool held : {false, true}) {
    // The child alone is ended; its grandchild keeps the other end of the pipe.
    auto what = held ? piped({.in = 5000}, "tree", "hang") : piped({.in = 5000}, "hang", "0");
    child running = must(spawnpipe::spawn(what.group(spawnpipe::process_group::host)));
    const std::int64_t grandchild = std::strtoll(line_of(running.out()).c_str(), nullptr, 10);
    std::optional<harness::end_at_exit> at_exit;
    if (held) at_exit.emplace(grandchild);
    const std::size_t filled = fill(running.in());
    REQUIRE_OK(running.in().close());
    CHECK(running.in().flush(1ms).failed_with(errc::timed_out));
    CHECK_OK(running.stop(spawnpipe::stop_policy::immediate(), patience()));
    if (held && !host_os::kill_takes_the_tree()) CHECK(host_os::running(grandchild));
    CHECK_FALSE(running.in().flush(patience()));
    const write_books books = running.in().books();
    CHECK(books.accepted == filled);
    CHECK(books.unsent == 0);
    CHECK(books.dropped + books.unknown == 5000);
    CHECK(balanced(books));
  }
}

TEST_CASE("[W9][W8] destruction without close is a stop: what is queued does not go out") {
  static_assert(std::is_nothrow_destructible_v<pipe_writer>);
  static_assert(noexcept(std::declval<pipe_writer&>().stop()));
  harness::leak_check nothing_left;
  harness::temp_dir folder;
  child running = must(spawnpipe::spawn(piped({.in = 100'000}, "when-file", folder / "go", "checksum")));
  write_books before;
  {
    pipe_writer in = std::move(running.in());
    CHECK_FALSE(running.in().is_open());
    CHECK(running.in().write("x").failed_with(errc::closed));
    fill(in);
    before = in.books();
    CHECK(before.unsent == 100'000);
  }
  harness::write_file(folder / "go", "");
  const sum read = checksum_of(rest_of(running.out()));
  CHECK(read.good);
  CHECK(read.count >= before.delivered);
  CHECK(read.count < before.accepted);
  CHECK(must(running.wait(patience())).success());
}

}  // namespace
