// Reading from real children: back pressure, lines, and the three answers.
#include "cases.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace {

using namespace cases;
using spawnpipe::exit_status;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("[R1] a full buffer stops the reading, and the child; consuming lets them go on") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 3'000'000;
  child running = must(spawnpipe::spawn(piped({.out = 5000}, "write", size, 997)));
  CHECK(running.wait(patience()).failed_with(errc::output_stalled));
  CHECK(running.out().available().size() == 5000);
  CHECK(running.wait(20ms).failed_with(errc::timed_out));
  CHECK(running.out().available().size() == 5000);
  CHECK(host_os::running(running.id()));
  std::string all(running.out().available_text().substr(0, 10));
  running.out().consume(10);
  CHECK(running.wait(20ms).failed_with(errc::timed_out));
  CHECK(running.out().available().size() >= 4990);
  REQUIRE_OK(running.out().read_all(all, size, patience()));
  CHECK(all.size() == size);
  CHECK_FALSE(pattern::first_difference(all));
  CHECK(must(running.wait(patience())).success());
}

TEST_CASE("[R1] a child that writes for ever costs no more than the buffer") {
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child endless = must(spawnpipe::spawn(loop, piped({.out = 65536}, "yes")));
  std::size_t called = 0;
  endless.out().on_readable([&](pipe_reader&) { ++called; });
  const deadline full = patience();
  while (endless.out().available().size() < 65536 && !full.passed()) static_cast<void>(loop.run(10ms));
  const auto before = host_os::resident_bytes();
  CHECK(loop.run(300ms).failed_with(errc::timed_out));
  if (before) CHECK(host_os::resident_bytes().value() <= *before + 1'000'000);
  CHECK(endless.out().available().size() == 65536);
  CHECK(called > 0);
  // It goes on where it was.
  std::size_t position = 0;
  const deadline limit = patience();
  const std::size_t far = host_os::small_pieces_are_slow() ? 300'000 : 2'000'000;  // beyond buffer and pipe
  while (position < far) {
    REQUIRE_FALSE(limit.passed());
    std::array<std::byte, 1001> some{};
    const std::size_t got = must(endless.out().read_some(some, patience()));
    for (std::size_t i = 0; i < got; ++i, ++position) {
      const bool right = some[i] == std::byte{static_cast<unsigned char>(position % 2 == 0 ? 'y' : '\n')};
      if (!right) CAPTURE(position);
      if (!right || position + 1 == far) REQUIRE(right);
    }
  }
}

TEST_CASE("[R1][R3] with the buffer full, the child's end is still noticed; what it wrote stays") {
  harness::leak_check nothing_left;
  for (const std::size_t capacity : {1U, 100U, 4096U}) {
    // It fits into pipe and buffer together, so that the child can end; it does not fit into the buffer.
    child running = must(spawnpipe::spawn(piped({.out = capacity}, "write", 4096 + 50)));
    CHECK(must(running.wait(patience())).success());
    pass_until([&] { return running.out().available().size() >= capacity; });
    CHECK(running.out().available().size() == capacity);
    CHECK_FALSE(running.out().at_end());
    const std::string all = rest_of(running.out());
    CHECK(all.size() == 4096 + 50);
    CHECK_FALSE(pattern::first_difference(all));
    CHECK(running.out().at_end());

    event_loop loop = must(event_loop::create());
    child on_loop = must(spawnpipe::spawn(loop, piped({.out = capacity}, "write", 4096 + 50)));
    bool ended = false;
    on_loop.out().on_readable([](pipe_reader&) {});  // takes nothing
    on_loop.on_exit([&](child&, const exit_status& how) {
      ended = how.success();
      loop.stop();
    });
    CHECK_OK(loop.run(patience()));
    CHECK(ended);
    CHECK(rest_of(on_loop.out()).size() == 4096 + 50);
  }
}

TEST_CASE("[R2] lines are what is between newlines, and nothing else is looked at") {
  harness::leak_check nothing_left;
  child running = start("pieces", "one\n", "\n\n", "two\r\n", "th", "ree\nfo", "ur\n \x1A\x7F\t\n", "\r", "\nlast");
  for (const char* line : {"one", "", "", "two\r", "three", "four", " \x1A\x7F\t", "\r", "last"}) {
    CHECK(line_of(running.out()) == line);
  }
  for (int times = 0; times < 3; ++times) {
    CHECK(running.out().read_line(patience()).failed_with(errc::end_of_stream));
    CHECK(running.out().at_end());
  }
  child no_text = start("cat");
  const std::string bytes("\xFF\n\0\x80\n\xC3\n", 7);
  CHECK(must(no_text.in().write(bytes)) == bytes.size());
  for (const auto& line : {std::string("\xFF"), std::string("\0\x80", 2), std::string("\xC3")}) {
    CHECK(line_of(no_text.out()) == line);
  }
  child only_newlines = start("pieces", "\n", "\n");
  CHECK(line_of(only_newlines.out()).empty());
  CHECK(line_of(only_newlines.out()).empty());
  CHECK(only_newlines.out().read_line(patience()).failed_with(errc::end_of_stream));
  child nothing = start("pieces");
  CHECK(nothing.out().read_line(patience()).failed_with(errc::end_of_stream));
}

TEST_CASE("[R2] read_until takes any delimiter, NUL included, and may change from call to call") {
  harness::leak_check nothing_left;
  child running = start("args", "a b", "", "c\nd\ne", "f,g,");  // each is followed by a NUL
  const auto until = [&](char delimiter) { return std::string(must(running.out().read_until(delimiter, patience()))); };
  CHECK(until('\0') == "a b");
  CHECK(until('\0').empty());
  CHECK(until('\n') == "c");
  CHECK(until('\n') == "d");
  CHECK(until('\0') == "e");
  CHECK(until(',') == "f");
  CHECK(until('x') == std::string("g,\0", 3));
  CHECK(running.out().read_until('\0', patience()).failed_with(errc::end_of_stream));
}

TEST_CASE("[R2] a line is as long as the buffer less one, exactly") {
  harness::leak_check nothing_left;
  for (const std::size_t capacity : {8U, 100U, 4096U}) {
    const std::string fits(capacity - 1, 'f');
    const std::string too_long(capacity, 't');
    child running = must(spawnpipe::spawn(
        piped({.out = capacity}, "pieces", fits + "\n", "s\n" + fits + "\n", too_long + "\nnext\n" + fits)));
    pipe_reader& out = running.out();
    CHECK(line_of(out) == fits);
    CHECK(line_of(out) == "s");
    CHECK(line_of(out) == fits);
    for (int times = 0; times < 3; ++times) CHECK(out.read_line(patience()).failed_with(errc::line_too_long));
    CHECK_FALSE(out.error());
    CHECK(out.is_open());
    // No byte was lost, and other reads take them.
    std::array<std::byte, 3> some{};
    CHECK(must(out.read_some(some, patience())) == 3);
    CHECK(text_of(some) == "ttt");
    CHECK(line_of(out) == too_long.substr(3));
    CHECK(line_of(out) == "next");
    CHECK(line_of(out) == fits);
    CHECK(out.read_line(patience()).failed_with(errc::end_of_stream));
  }
}

TEST_CASE("[R2] the line limit is a bound of its own, which can be changed at any time") {
  harness::leak_check nothing_left;
  child running = start("pieces", "abc\nabcd\nabc", "d\nxyz");
  pipe_reader& out = running.out();
  out.line_limit(3);
  CHECK(line_of(out) == "abc");
  for (int times = 0; times < 3; ++times) CHECK(out.read_line(patience()).failed_with(errc::line_too_long));
  out.line_limit(4);
  CHECK(line_of(out) == "abcd");
  CHECK(line_of(out) == "abcd");
  out.line_limit(2);
  CHECK(out.read_line(patience()).failed_with(errc::line_too_long));
  CHECK(rest_of(out) == "xyz");
  child empty = start("pieces", "\n\nx");
  empty.out().line_limit(0);
  CHECK(line_of(empty.out()).empty());
  CHECK(line_of(empty.out()).empty());
  CHECK(empty.out().read_line(patience()).failed_with(errc::line_too_long));
}

TEST_CASE("[R2] a line that comes in pieces, and the view of it, which is good until the next call") {
  harness::leak_check nothing_left;
  child running = must(spawnpipe::spawn(piped({.out = 16}, "pieces-on-request", "first\nsec", "ond", "\n", "third\n")));
  const auto request = [&] { CHECK(must(running.in().write("\n")) == 1); };
  request();
  const std::string_view first = must(running.out().read_line(patience()));
  request();
  request();
  // More comes behind it, and other calls go on, but the view stays.
  CHECK(running.wait(30ms).failed_with(errc::timed_out));
  CHECK(first == "first");
  CHECK(line_of(running.out()) == "second");
  request();
  CHECK(line_of(running.out()) == "third");
}

TEST_CASE("[R2] read_all has a limit, which loses nothing, and appends") {
  harness::leak_check nothing_left;
  const auto writer_of = [](std::size_t size) { return start("write", size); };
  child running = writer_of(100'000);
  std::string all = "head";
  CHECK(running.out().read_all(all, 4, patience()).failed_with(errc::limit_reached));
  CHECK(all == "head");
  all.clear();
  for (std::size_t limit = 0; limit < 100'000; limit += 9999) {
    CHECK(running.out().read_all(all, limit, patience()).failed_with(errc::limit_reached));
    CHECK(all.size() == limit);
  }
  CHECK_OK(running.out().read_all(all, 100'000, patience()));  // the limit, and the end
  CHECK(all.size() == 100'000);
  CHECK_FALSE(pattern::first_difference(all));
  CHECK_OK(running.out().read_all(all, 100'000, patience()));

  child bytes = writer_of(70'000);
  std::vector<std::byte> vector;
  CHECK(bytes.out().read_all(vector, 69'999, patience()).failed_with(errc::limit_reached));
  CHECK(vector.size() == 69'999);
  CHECK_OK(bytes.out().read_all(vector, 70'000, patience()));
  CHECK_FALSE(pattern::first_difference(text_of(vector)));
}

TEST_CASE("[R2] available and consume look into the receive buffer") {
  harness::leak_check nothing_left;
  child running = start("pieces-on-request", "0123456789", "abc");
  pipe_reader& out = running.out();
  CHECK(out.available().empty());
  out.consume(5);
  CHECK(must(running.in().write("\n")) == 1);
  CHECK(out.read_until('-', 50ms).failed_with(errc::timed_out));
  pass_until([&] { return out.available().size() >= 10; });
  CHECK(out.available_text() == "0123456789");
  CHECK(text_of(out.available()) == "0123456789");
  out.consume(4);
  CHECK(out.available_text() == "456789");
  out.consume(0);
  CHECK(must(running.in().write("\n")) == 1);
  pass_until([&] { return out.available().size() >= 9; });
  CHECK(out.available_text() == "456789abc");
  out.consume(1000);
  CHECK(out.available().empty());
  CHECK(rest_of(out).empty());
}

TEST_CASE("[R3] bytes, no bytes yet, and the end are three answers; closed and stopped are others") {
  harness::leak_check nothing_left;
  child running = start("pieces-on-request", "hello");
  pipe_reader& out = running.out();
  std::array<std::byte, 10> some{};
  CHECK(must(out.read_some({}, deadline::now())) == 0);
  CHECK(out.read_some(some, 5ms).failed_with(errc::timed_out));
  CHECK_FALSE(out.at_end());
  CHECK(must(running.in().write("\n")) == 1);
  CHECK(must(out.read_some(some, patience())) == 5);
  for (int times = 0; times < 3; ++times) {
    CHECK(out.read_some(some, patience()).failed_with(errc::end_of_stream));
    CHECK(out.read_line(deadline::now()).failed_with(errc::end_of_stream));
    std::string rest;
    CHECK_OK(out.read_all(rest, 10, patience()));
    CHECK(must(out.drain(rest)) == 0);
    CHECK(rest.empty());
    CHECK(out.at_end());
    CHECK_FALSE(out.error());
  }
  CHECK_OK(out.close());
  CHECK_OK(out.close());
  CHECK(out.read_some(some, patience()).failed_with(errc::closed));
  CHECK(out.resume().failed_with(errc::closed));
  CHECK(pipe_reader().read_line(patience()).failed_with(errc::closed));
  child no_pipe = must(spawnpipe::spawn(harness::command("exit").out(spawnpipe::stdio::null{})));
  CHECK_FALSE(no_pipe.out().is_open());
  CHECK(no_pipe.out().read_some(some, patience()).failed_with(errc::closed));
}

}  // namespace
