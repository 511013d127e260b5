// What a system may answer a read: nothing, less, an end, an error with bytes, an abort; and a buffer that is full.
#include "simulation.hpp"

namespace {

using namespace simulation;

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

}  // namespace
