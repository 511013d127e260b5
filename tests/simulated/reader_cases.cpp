// Reading, in every way in which a system may bring bytes: late, in pieces, with an error, aborted, racing a stop.
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

TEST_CASE_FIXTURE(on_a_loop, "[R1][R2][R3] a line goes on through a full buffer and an empty completion") {
  // The buffer is full up to one consumed byte; what makes room for it meets a completion that brings nothing.
  auto& script = sim.next_child();
  auto running = start(8);
  auto& out = running.out();
  script.out.feed("\n1234567");
  CHECK(must(out.read_line(deadline::never())) == "");
  CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
  script.out.empty_completion();
  script.out.fail(make_error_code(std::errc::operation_canceled));
  script.out.feed("\n");
  CHECK(must(out.read_line(deadline::never())) == "1234567");
}

TEST_CASE_FIXTURE(on_a_loop, "[R1] a read that was issued before bytes were consumed does not end the reading") {
  // A read is in flight behind what is buffered while its front is consumed; then it fills the buffer's end.
  auto& script = sim.next_child();
  auto running = start(8);
  auto& out = running.out();
  script.out.feed("12345");
  CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
  REQUIRE(script.out.in_flight());
  out.consume(1);
  script.out.feed("678");
  CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
  script.out.empty_completion();
  script.out.feed("\n");
  CHECK(must(out.read_line(deadline::never())) == "2345678");
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

TEST_CASE_FIXTURE(on_a_loop, "[R3][T5] the end, an error and a timeout are three answers") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(read_text(running.out(), 9, 10ms).failed_with(errc::timed_out));
  CHECK(read_text(running.out(), 9, 10ms).failed_with(std::errc::timed_out));
  CHECK_FALSE(running.out().error());
  CHECK_FALSE(running.out().at_end());
  script.out.end();
  CHECK(read_text(running.out(), 9, 10ms).failed_with(errc::end_of_stream));
  CHECK_FALSE(running.out().error());
  CHECK(running.out().at_end());
  script.err.fail(system_code(5));
  const auto failed = read_text(running.err(), 9, 10ms);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == system_code(5));
  CHECK(failed.error().where == stage::read);
  CHECK(failed.error().subject == "err");
  CHECK_FALSE(running.err().at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R3] an empty completion is neither data nor the end") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    auto& script = sim.next_child();
    script.out.eager(at_once);
    for (int i = 0; i < 5; ++i) script.out.empty_completion();
    script.out.feed("x");
    for (int i = 0; i < 5; ++i) script.out.empty_completion();
    script.out.end();
    auto running = start();
    CHECK(must(read_text(running.out(), 9, deadline::never())) == "x");
    CHECK(read_text(running.out(), 9, deadline::never()).failed_with(errc::end_of_stream));
    CHECK(script.out.counts().begun >= 12);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R3] an end that comes with the last bytes") {
  auto& script = sim.next_child();
  script.out.feed({.bytes = "last", .end = true});
  auto running = start();
  CHECK(must(read_text(running.out(), 9, deadline::never())) == "last");
  CHECK(read_text(running.out(), 9, deadline::never()).failed_with(errc::end_of_stream));
  CHECK(script.out.counts().begun == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[R6] bytes that come with an error are delivered before it, and it sticks") {
  for (const bool at_once : {false, true}) {
    for (const std::size_t capacity : {2U, 64U}) {
      CAPTURE(at_once);
      CAPTURE(capacity);
      auto& script = sim.next_child();
      script.out.eager(at_once);
      script.out.feed("abc");
      script.out.fail(system_code(5), "def");
      script.out.feed("never seen");
      auto running = start(capacity);
      std::string got;
      for (;;) {
        const auto more = read_text(running.out(), 64, deadline::never());
        if (!more) {
          CHECK(more.error().code == system_code(5));
          break;
        }
        got += *more;
      }
      CHECK(got == "abcdef");
      REQUIRE(running.out().error());
      CHECK(running.out().error()->code == system_code(5));
      const int begun = script.out.counts().begun;
      for (int i = 0; i < 3; ++i) {
        CHECK(running.out().read_line(1ms).error().code == system_code(5));
        CHECK(running.wait(1ms).failed_with(errc::timed_out));
      }
      CHECK(script.out.counts().begun == begun);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R6][R2] a line that an error cut short is delivered before the error") {
  auto& script = sim.next_child();
  script.out.fail(system_code(5), "one\ntwo");
  auto running = start();
  CHECK(must(running.out().read_line(deadline::never())) == "one");
  CHECK(must(running.out().read_line(deadline::never())) == "two");
  CHECK(running.out().read_line(deadline::never()).error().code == system_code(5));
}

TEST_CASE_FIXTURE(on_a_loop, "[R6] each error code at each of the first calls comes through as it is") {
  for (const int number : error_numbers) {
    for (int call = 1; call <= 3; ++call) {
      for (const bool at_once : {false, true}) {
        CAPTURE(number);
        CAPTURE(call);
        CAPTURE(at_once);
        auto& script = sim.next_child();
        script.out.eager(at_once);
        for (int i = 1; i < call; ++i) script.out.feed("x");
        script.out.fail(system_code(number));
        auto running = start();
        std::string all;
        const auto ended = running.out().read_all(all, 100, deadline::never());
        REQUIRE_FALSE(ended);
        CHECK(ended.error().code == system_code(number));
        CHECK(ended.error().where == stage::read);
        CHECK(all == std::string(static_cast<std::size_t>(call - 1), 'x'));
        CHECK(running.out().error()->code == system_code(number));
        CHECK(script.out.counts().begun == call);
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R7] a read that is aborted without having been asked to is begun again") {
  for (int call = 1; call <= 3; ++call) {
    for (const bool at_once : {false, true}) {
      for (const char* with : {"", "w"}) {
        CAPTURE(call);
        CAPTURE(at_once);
        CAPTURE(with);
        auto& script = sim.next_child();
        script.out.eager(at_once);
        for (int i = 1; i < call; ++i) script.out.feed("x");
        script.out.fail(system_code(std::errc::operation_canceled), with);
        script.out.feed("y");
        script.out.end();
        auto running = start();
        std::string all;
        CHECK_OK(running.out().read_all(all, 100, deadline::never()));
        CHECK(all == std::string(static_cast<std::size_t>(call - 1), 'x') + with + "y");
        CHECK_FALSE(running.out().error());
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R7][T2] reads that are aborted over and over do not move the deadline") {
  auto& script = sim.next_child();
  auto running = start();
  for (int i = 1; i < 100; ++i) {
    sim.after(i * 1ms, [&] { script.out.fail(make_error_code(std::errc::operation_canceled)); });
  }
  const auto began = sim.now();
  CHECK(read_text(running.out(), 9, 50ms).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 50ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[R1] a full buffer stops the reading, and consuming resumes it") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    auto& script = sim.next_child();
    script.out.eager(at_once);
    auto running = start(8);
    script.out.feed("0123456789abcdef");
    CHECK(running.wait(10ms).failed_with(errc::timed_out));
    CHECK(running.out().available_text() == "01234567");
    CHECK(script.out.unread() == 8);
    CHECK_FALSE(script.out.in_flight());
    CHECK(running.wait(10ms).failed_with(errc::timed_out));
    CHECK(script.out.unread() == 8);
    running.out().consume(8);
    CHECK(running.wait(10ms).failed_with(errc::timed_out));
    CHECK(running.out().available_text() == "89abcdef");
    CHECK(script.out.unread() == 0);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R1] the buffer never holds more than its capacity, and every byte comes once") {
  for (const std::size_t capacity : {1U, 2U, 7U, 64U, 1000U}) {
    CAPTURE(capacity);
    auto& script = sim.next_child();
    auto running = start(capacity);
    const std::string text = pattern::make(5000);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t piece = 1 + (at * 7) % 97;
      script.out.feed(std::string_view(text).substr(at, piece));
      at += piece;
    }
    script.out.end();
    std::string got;
    for (std::size_t round = 0; !running.out().at_end(); ++round) {
      CHECK(running.wait(1ms).failed_with(errc::timed_out));
      REQUIRE(running.out().available().size() <= capacity);
      const std::size_t part = std::min(running.out().available().size(), 1 + round % 13);
      got += running.out().available_text().substr(0, part);
      running.out().consume(part);
      REQUIRE(round < 100'000);
    }
    CHECK(got == text);
    CHECK(script.out.largest_request() <= capacity);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R1][P2] with the buffer full, the exit is still noticed") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("0123456789");
  sim.after(1s, [&] { script.exit(exit_status::exited(3)); });
  const auto began = sim.now();
  CHECK(must(running.wait(10s)) == exit_status::exited(3));
  CHECK(sim.now() - began == 1s);
  std::string rest;
  CHECK_OK(running.out().read_all(rest, 100, deadline::never()));
  CHECK(rest == "0123456789");
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] stop keeps what raced the cancel, and what was received before") {
  auto& script = sim.next_child();
  auto running = start();
  auto& out = running.out();
  script.out.feed("before ");
  CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
  script.out.next_retire({.bytes = "raced"});
  CHECK_OK(out.stop());
  CHECK_FALSE(script.out.in_flight());
  CHECK(script.out.counts().retired == 1);
  CHECK(out.available_text() == "before raced");
  CHECK_OK(out.stop());
  CHECK(script.out.counts().retired == 1);
  CHECK(must(read_text(out, 100, deadline::never())) == "before raced");
  CHECK(read_text(out, 100, deadline::never()).failed_with(errc::stopped));
  CHECK(out.read_line(deadline::never()).failed_with(errc::stopped));
  std::string all;
  CHECK(out.read_all(all, 100, deadline::never()).failed_with(errc::stopped));
  CHECK(out.is_open());

  script.out.feed("after");
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(out.available().empty());
  CHECK_OK(out.resume());
  CHECK(must(read_text(out, 100, deadline::never())) == "after");
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] what a retire may come to") {
  struct variant {
    simulated::arrival raced;
    std::string_view text;
  };
  const std::array variants{
      variant{{}, ""},
      variant{{.error = make_error_code(std::errc::operation_canceled)}, ""},
      variant{{.bytes = "raced", .error = make_error_code(std::errc::operation_canceled)}, "raced"},
      variant{{.bytes = "raced"}, "raced"},
  };
  for (const auto& [raced, text] : variants) {
    auto& script = sim.next_child();
    auto running = start();
    auto& out = running.out();
    CHECK(out.read_line(deadline::now()).failed_with(errc::timed_out));
    script.out.next_retire(raced);
    CHECK_OK(out.stop());
    CHECK(out.available_text() == text);
    CHECK_FALSE(out.error());
    CHECK_OK(out.resume());
    script.out.feed(" more");
    std::string all;
    CHECK(out.read_all(all, 100, 1ms).failed_with(errc::timed_out));
    CHECK(all == std::string(text) + " more");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][R6][R3] the end or an error that races the cancel is not lost") {
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
    script.out.next_retire({.bytes = "x", .end = true});
    CHECK_OK(running.out().stop());
    CHECK(must(read_text(running.out(), 9, deadline::now())) == "x");
    CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::end_of_stream));
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
    script.out.next_retire({.bytes = "x", .error = system_code(5)});
    CHECK_OK(running.out().stop());
    CHECK(must(read_text(running.out(), 9, deadline::now())) == "x");
    CHECK(read_text(running.out(), 9, deadline::now()).error().code == system_code(5));
    CHECK_OK(running.out().resume());
    CHECK(read_text(running.out(), 9, deadline::now()).error().code == system_code(5));
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] over many stops and resumes no byte is lost, doubled or reordered") {
  for (const bool at_once : {false, true}) {
    auto& script = sim.next_child();
    script.out.eager(at_once);
    auto running = start(16);
    auto& out = running.out();
    std::string sent;
    std::string got;
    const auto feed = [&](std::size_t size) {
      const std::string piece = pattern::make(size, sent.size());
      sent += piece;
      script.out.feed(piece);
    };
    for (std::size_t i = 0; i < 500; ++i) {
      if (i % 3 != 0) feed(1 + i % 11);
      if (i % 5 == 0) script.out.hold();
      if (i % 2 == 0) CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
      if (i % 7 != 0) CHECK_OK(out.stop());
      script.out.release();
      if (i % 4 != 0) CHECK_OK(out.resume());
      const std::size_t part = std::min<std::size_t>(out.available().size(), i % 17);
      got += out.available_text().substr(0, part);
      out.consume(part);
    }
    script.out.end();
    CHECK_OK(out.resume());
    CHECK_OK(out.read_all(got, 100'000, deadline::never()));
    CHECK(got == sent);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R4][W5] stop returns when the system is finished, not before") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
  script.out.next_retire({.bytes = "raced"});
  script.out.retire_lasts(1s);
  const auto began = sim.now();
  CHECK_OK(running.out().stop());
  CHECK(sim.now() - began == 1s);
  CHECK(running.out().available_text() == "raced");
}

TEST_CASE_FIXTURE(on_a_loop, "[R5] drain takes what the pipe holds now, and never waits") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    auto& script = sim.next_child();
    script.out.eager(at_once);
    auto running = start(64);
    const std::string text = pattern::make(10'000);
    script.out.feed(std::string_view(text).substr(0, 1));
    CHECK(running.wait(1ms).failed_with(errc::timed_out));
    script.out.feed(std::string_view(text).substr(1, 99));
    script.out.feed(std::string_view(text).substr(100));
    script.pipes_held();
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
    sim.forget_waits();
    const auto began = sim.now();
    std::string got = ">";
    CHECK(must(running.out().drain(got)) == text.size());
    CHECK(got == ">" + text);
    CHECK(must(running.out().drain(got)) == 0);
    CHECK(sim.now() == began);
    for (const auto& wait : sim.waits()) CHECK(wait.until <= wait.began);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R5] drain keeps to its limit, and leaves the rest readable") {
  auto& script = sim.next_child();
  auto running = start(8);
  script.out.feed("0123456789abcdef");
  std::string got;
  CHECK(must(running.out().drain(got, 3)) == 3);
  CHECK(must(running.out().drain(got, 0)) == 0);
  CHECK(must(running.out().drain(got, 7)) == 7);
  CHECK(got == "0123456789");
  script.out.end();
  CHECK_OK(running.out().read_all(got, 100, deadline::never()));
  CHECK(got == "0123456789abcdef");
}

TEST_CASE_FIXTURE(on_a_loop, "[R5][R3][R6] an end or an error that drain met shows at the next read") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("x");
  script.out.end();
  std::string got;
  CHECK(must(running.out().drain(got)) == 1);
  CHECK(must(running.out().drain(got)) == 0);
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::end_of_stream));
  script.err.fail(system_code(5), "y");
  CHECK(must(running.err().drain(got)) == 1);
  CHECK(read_text(running.err(), 9, deadline::now()).error().code == system_code(5));
  CHECK(got == "xy");
}

TEST_CASE_FIXTURE(on_a_loop, "[R5][R3][R7] drain looks behind a completion that means nothing") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    auto& script = sim.next_child();
    script.out.eager(at_once);
    auto running = start();
    script.out.empty_completion();
    script.out.feed("a");
    script.out.fail(make_error_code(std::errc::operation_canceled));
    script.out.feed("b");
    std::string got;
    CHECK(must(running.out().drain(got)) == 2);
    CHECK(got == "ab");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[R5] drain of a withheld pipe takes nothing, and loses nothing") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.hold();
  script.out.feed("later");
  std::string got;
  CHECK(must(running.out().drain(got)) == 0);
  CHECK_FALSE(script.out.in_flight());
  script.out.release();
  CHECK(must(running.out().drain(got)) == 5);
  CHECK(got == "later");
}

TEST_CASE_FIXTURE(on_a_loop, "[R8] destruction retires the read in flight, and closes") {
  auto& script = sim.next_child();
  auto running = start();
  {
    pipe_reader out = std::move(running.out());
    CHECK(read_text(out, 9, deadline::now()).failed_with(errc::timed_out));
    CHECK(running.wait(1ms).failed_with(errc::timed_out));
    CHECK(script.out.in_flight());
    script.out.next_retire({.bytes = "raced"});
  }
  CHECK(script.out.counts().retired >= 1);
  CHECK(script.out.closed());
  CHECK_FALSE(running.out().is_open());
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::closed));
  CHECK_FALSE(script.err.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[R8] close drops what was received; every call says closed then") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("abc");
  auto& out = running.out();
  CHECK(must(read_text(out, 1, deadline::never())) == "a");
  CHECK_OK(out.close());
  CHECK_OK(out.close());
  CHECK_OK(out.stop());
  CHECK(script.out.closed());
  CHECK_FALSE(out.is_open());
  CHECK(out.available().empty());
  std::string all;
  CHECK(read_text(out, 9, deadline::never()).failed_with(errc::closed));
  CHECK(out.read_line(deadline::never()).failed_with(errc::closed));
  CHECK(out.read_all(all, 9, deadline::never()).failed_with(errc::closed));
  CHECK(out.drain(all).failed_with(errc::closed));
  CHECK(out.resume().failed_with(errc::closed));
}

TEST_CASE_FIXTURE(audit, "[R8] a reader without a pipe") {
  pipe_reader none;
  CHECK_FALSE(none.is_open());
  CHECK_FALSE(none.at_end());
  CHECK_FALSE(none.error());
  CHECK(none.available().empty());
  CHECK(none.available_text().empty());
  none.consume(5);
  none.line_limit(5);
  none.on_readable([](pipe_reader&) {});
  CHECK(read_text(none, 9, deadline::never()).failed_with(errc::closed));
  CHECK(none.read_line(deadline::never()).failed_with(std::errc::bad_file_descriptor));
  CHECK_OK(none.stop());
  CHECK_OK(none.close());
  CHECK(none.resume().failed_with(errc::closed));
  pipe_reader other = std::move(none);
  none = std::move(other);
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] callbacks get what came, keep what they leave, and see the end once") {
  auto& script = sim.next_child();
  auto running = start();
  std::vector<std::string> seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen.push_back(std::string(out.available_text()) + (out.at_end() ? "$" : ""));
    if (out.available_text().size() >= 4) out.consume(3);
  });
  sim.when_idle([&] { script.out.feed("ab"); });
  sim.when_idle([&] { script.out.feed("cd"); });
  sim.when_idle([&] { script.out.feed("e"); });
  sim.when_idle([&] { script.out.end(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == std::vector<std::string>{"ab", "abcd", "de", "de"});
  CHECK(running.out().available_text() == "de");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen.size() == 4);
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R6] the callback sees an error once, behind the bytes") {
  auto& script = sim.next_child();
  auto running = start();
  std::vector<std::string> seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen.push_back(std::string(out.available_text()) + (out.error() ? "!" : ""));
    out.consume(100);
  });
  sim.when_idle([&] { script.out.feed("ab"); });
  sim.when_idle([&] { script.out.fail(system_code(5), "cd"); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == std::vector<std::string>{"ab", "cd!"});
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] no callback runs between stop and resume; what came is told then") {
  auto& script = sim.next_child();
  auto running = start();
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  script.out.next_retire({.bytes = "raced "});
  CHECK_OK(running.out().stop());
  script.out.feed("later");
  CHECK_OK(loop.run(10ms));
  CHECK(seen == "");
  CHECK_OK(running.out().resume());
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  CHECK(seen == "raced later");
}

TEST_CASE_FIXTURE(on_a_loop, "[R4] a callback that stops its reader is not called again") {
  auto& script = sim.next_child();
  auto running = start(4);
  int calls = 0;
  script.out.feed("0123456789");
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(1);
    CHECK_OK(out.stop());
  });
  CHECK_OK(loop.run(10ms));
  CHECK(calls == 1);
  CHECK_FALSE(script.out.in_flight());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a callback that is set late hears of what came before") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("early");
  script.out.end();
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "early");
  CHECK(running.out().at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a callback that is taken back, or replaces itself") {
  auto& script = sim.next_child();
  auto running = start();
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += "1" + std::string(out.available_text());
    out.consume(100);
    out.on_readable([&](pipe_reader& again) {
      seen += "2" + std::string(again.available_text());
      again.consume(100);
      again.on_readable({});
    });
  });
  sim.when_idle([&] { script.out.feed("a"); });
  sim.when_idle([&] { script.out.feed("b"); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "1a2b");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2] a reader that moves keeps its stream, its bytes and its callback") {
  auto& script = sim.next_child();
  auto running = start();
  pipe_reader* called = nullptr;
  running.out().on_readable([&](pipe_reader& out) {
    called = &out;
    out.consume(100);
  });
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  pipe_reader moved = std::move(running.out());
  pipe_reader again;
  again = std::move(moved);
  script.out.feed("abc");
  script.out.end();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(called == &again);
  CHECK(again.at_end());
}

TEST_CASE_FIXTURE(on_a_loop, "[R1] a buffer that is not full is read into, however little is free") {
  {
    auto& script = sim.next_child();
    auto running = start(8);
    script.out.feed("t0123456");
    CHECK(running.wait(1ms).failed_with(errc::timed_out));
    running.out().consume(1);
    script.out.feed("7");
    CHECK(running.wait(1ms).failed_with(errc::timed_out));
    CHECK(running.out().available_text() == "01234567");
  }
  {
    // A callback that takes off one byte, and then wants to see eight together.
    auto& script = sim.next_child();
    auto running = start(8);
    std::string seen;
    running.out().on_readable([&](pipe_reader& out) {
      if (seen.empty()) {
        seen += out.available_text().substr(0, 1);
        out.consume(1);
      } else if (out.available().size() == 8) {
        seen += out.available_text();
        out.consume(8);
        loop.stop();
      }
    });
    script.out.feed("t01234567");
    CHECK_OK(loop.run(1s));
    CHECK(seen == "t01234567");
  }
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[R1][P2] a line that was looked at holds the buffer until the next call on its reader, no longer") {
  auto& script = sim.next_child();
  auto running = start(8);
  auto& out = running.out();
  script.out.feed("1234567\nmore");
  const std::string_view line = must(out.read_line(deadline::never()));
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(line == "1234567");
  CHECK(out.available().empty());
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(out.available_text() == "more");
  script.out.feed("1234");
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(out.available_text() == "more1234");
  out.consume(8);
  script.out.feed("end");
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(out.available_text() == "end");
}

TEST_CASE_FIXTURE(on_a_loop, "[R2][R3] what a call took out of the cancel of another is told to the callback") {
  // A form that does not wait, inside another object's callback, takes back the read in flight; it leaves bytes and an end.
  for (const bool by_drain : {false, true}) {
    CAPTURE(by_drain);
    auto& script = sim.next_child();
    auto& other = sim.next_child();
    auto running = start();
    auto helper = start();
    std::string seen;
    running.out().on_readable([&](pipe_reader& out) {
      seen += std::string(out.available_text()) + (out.at_end() ? "$" : "");
      out.consume(100);
      seen += out.at_end() ? "." : "";
    });
    helper.on_exit([&](child&, const exit_status&) {
      script.out.next_retire({.bytes = "abcde", .end = true});
      if (by_drain) {
        CHECK(must(running.out().drain(seen, 2)) == 2);
      } else {
        seen += must(read_text(running.out(), 2, deadline::now()));
      }
    });
    sim.when_idle([&] { other.exit(); });
    CHECK_OK(loop.run(1s));
    CHECK(seen == "abcde.");
  }
}

}  // namespace
