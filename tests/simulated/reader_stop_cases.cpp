// Stopping, resuming, draining and closing a reader, while bytes race the cancel.
#include "simulation.hpp"

namespace {

using namespace simulation;

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

}  // namespace
