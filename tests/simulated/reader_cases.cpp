// The ways to read: some bytes, a line, up to a delimiter, all, and straight from the buffer.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[R2] read_some waits for the first byte, and returns what came") {
  auto& script = sim.next_child();
  auto running = start();
  sim.when_idle([&] { script.out.feed("abc"); });
  CHECK(must(read_text(running.out(), 10, deadline::never())) == "abc");
  script.out.feed("defgh");
  CHECK(must(read_text(running.out(), 2, deadline::never())) == "de");
  CHECK(must(read_text(running.out(), 10, deadline::never())) == "fgh");
  CHECK(must(running.out().read_some({}, deadline::never())) == 0);
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] what a begin finds at once is returned without a wait") {
  auto& script = sim.next_child();
  script.out.eager();
  script.out.feed("abc");
  auto running = start();
  CHECK(must(read_text(running.out(), 10, deadline::now())) == "abc");
  CHECK(read_text(running.out(), 10, deadline::now()).failed_with(errc::timed_out));
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] the two outputs of a child are two streams") {
  auto& script = sim.next_child();
  auto running = start();
  script.err.feed("error");
  script.out.feed("output");
  CHECK(must(read_text(running.out(), 10, deadline::never())) == "output");
  CHECK(must(read_text(running.err(), 10, deadline::never())) == "error");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] lines come whole, whatever the pieces; nothing is translated") {
  auto& script = sim.next_child();
  auto running = start();
  using namespace std::string_view_literals;
  for (const auto piece : {"fir"sv, "st\r"sv, "\n\nth\0rd\nfou"sv, "rth\x1a\xff"sv}) script.out.feed(piece);
  script.out.end();
  auto& out = running.out();
  CHECK(must(out.read_line(deadline::never())) == "first\r");
  CHECK(must(out.read_line(deadline::never())) == "");
  CHECK(must(out.read_line(deadline::never())) == "th\0rd"sv);
  CHECK_FALSE(out.at_end());
  CHECK(must(out.read_line(deadline::never())) == "fourth\x1a\xff");
  CHECK(out.read_line(deadline::never()).failed_with(errc::end_of_stream));
  CHECK(out.read_line(deadline::never()).failed_with(errc::end_of_stream));
  CHECK(out.at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] read_until takes any delimiter, and changes it between calls") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed(std::string_view("a;b\nc;d\0e", 9));
  auto& out = running.out();
  CHECK(out.read_until('#', deadline::now()).failed_with(errc::timed_out));
  CHECK(must(out.read_until(';', deadline::never())) == "a");
  CHECK(must(out.read_line(deadline::never())) == "b");
  CHECK(must(out.read_until('\0', deadline::never())) == "c;d");
  CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
  CHECK(out.available_text() == "e");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][T5] a line that did not come whole in time is there for the next call") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("half");
  CHECK(running.out().read_line(10ms).failed_with(errc::timed_out));
  sim.after(5ms, [&] { script.out.feed(" a line\nrest"); });
  CHECK(must(running.out().read_line(10ms)) == "half a line");
  CHECK(running.out().available_text() == "rest");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] line_too_long loses no byte and does not stick: the limit") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("123456\n7\n");
  auto& out = running.out();
  out.line_limit(5);
  CHECK(out.read_line(deadline::never()).failed_with(errc::line_too_long));
  CHECK(out.read_line(deadline::never()).failed_with(errc::line_too_long));
  CHECK(out.read_line(deadline::never()).failed_with(std::errc::message_size));
  out.line_limit(6);
  CHECK(must(out.read_line(deadline::never())) == "123456");
  out.line_limit(1);
  CHECK(must(out.read_line(deadline::never())) == "7");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R1] line_too_long loses no byte and does not stick: the buffer") {
  auto& script = sim.next_child();
  auto running = start(8);
  script.out.feed("12345678901\nx\n");
  auto& out = running.out();
  CHECK(out.read_line(deadline::never()).failed_with(errc::line_too_long));
  CHECK(out.available_text() == "12345678");
  CHECK(must(read_text(out, 3, deadline::never())) == "123");
  CHECK(out.read_line(deadline::never()).failed_with(errc::line_too_long));
  CHECK(must(read_text(out, 3, deadline::never())) == "456");
  CHECK(must(out.read_line(deadline::never())) == "78901");
  CHECK(must(out.read_line(deadline::never())) == "x");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a last line as long as the buffer allows, with and without its newline") {
  for (const bool newline : {false, true}) {
    auto& script = sim.next_child();
    auto running = start(8);
    script.out.feed(newline ? "1234567\n" : "1234567");
    script.out.end();
    CHECK(must(running.out().read_line(deadline::never())) == "1234567");
    CHECK(running.out().read_line(deadline::never()).failed_with(errc::end_of_stream));
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][T5] read_all appends, and goes on where it was") {
  auto& script = sim.next_child();
  auto running = start();
  std::string all = "so far: ";
  script.out.feed("one ");
  CHECK(running.out().read_all(all, 1000, 10ms).failed_with(errc::timed_out));
  CHECK(all == "so far: one ");
  sim.when_idle([&] { script.out.feed("two"); });
  sim.when_idle([&] { script.out.end(); });
  CHECK_OK(running.out().read_all(all, 1000, deadline::never()));
  CHECK(all == "so far: one two");
  CHECK_OK(running.out().read_all(all, 1000, deadline::never()));
  CHECK(all == "so far: one two");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] read_all stops at its limit, and leaves the rest") {
  for (const std::size_t capacity : {1U, 3U, 64U}) {
    auto& script = sim.next_child();
    auto running = start(capacity);
    script.out.feed("0123456789");
    script.out.end();
    std::vector<std::byte> all;
    CHECK(running.out().read_all(all, 4, deadline::never()).failed_with(errc::limit_reached));
    CHECK(as_text(all) == "0123");
    CHECK(running.out().read_all(all, 2, deadline::never()).failed_with(errc::limit_reached));
    CHECK(as_text(all) == "0123");
    CHECK_OK(running.out().read_all(all, 10, deadline::never()));
    CHECK(as_text(all) == "0123456789");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a limit that is met exactly is not an error") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("0123");
  script.out.end();
  std::string all;
  CHECK_OK(running.out().read_all(all, 4, deadline::never()));
  CHECK(all == "0123");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] available and consume work on the receive buffer") {
  auto& script = sim.next_child();
  auto running = start();
  auto& out = running.out();
  CHECK(out.available().empty());
  script.out.feed("abcdef");
  CHECK(must(read_text(out, 1, deadline::never())) == "a");
  script.out.feed("gh");
  sim.after(1ms, [] {});
  CHECK(running.wait(2ms).failed_with(errc::timed_out));
  CHECK(out.available_text().ends_with("gh"));
  CHECK(as_text(out.available()) == out.available_text());
  const auto there = out.available_text().size();
  out.consume(2);
  CHECK(out.available_text().size() == there - 2);
  out.consume(1000);
  CHECK(out.available().empty());
  CHECK_FALSE(out.at_end());
}

}  // namespace
