// Waiting for a child that cannot go on, because nobody takes what it writes: said, and not confused with anything
// else.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[P2] a full stream that nobody consumes is output_stalled, after 250 ms, by name") {
  for (const char* which : {"out", "err"}) {
    CAPTURE(which);
    auto& script = sim.next_child();
    auto running = start(4);
    auto& pipe = which == std::string_view("out") ? script.out : script.err;
    auto& reader = which == std::string_view("out") ? running.out() : running.err();
    pipe.feed("0123456789");
    pipe.backed_up();
    const auto began = sim.now();
    const auto stalled = running.wait(deadline::never());
    CHECK(stalled.failed_with(errc::output_stalled));
    CHECK(stalled.error().subject == which);
    CHECK(sim.now() - began >= 250ms);
    CHECK(sim.now() - began < 300ms);
    // The condition is what it was; asking again does not make it better.
    CHECK(running.wait(deadline::never()).failed_with(errc::output_stalled));
    sim.at_next_wait([&] { script.exit(); });
    reader.consume(4);
    pipe.backed_up(false);
    CHECK(must(running.wait(deadline::never())).success());
    std::string rest;
    CHECK_OK(reader.read_all(rest, 100, deadline::never()));
    CHECK(rest == "456789");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] a full buffer alone stalls nobody: the pipe behind it has room") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("01234");
  CHECK(running.wait(10s).failed_with(errc::timed_out));
  sim.after(10s, [&] { script.out.backed_up(); });
  const auto began = sim.now();
  CHECK(running.wait(deadline::never()).failed_with(errc::output_stalled));
  CHECK(sim.now() - began >= 10s);
  CHECK(sim.now() - began < 11s);
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] of two full streams, the one that the child waits for is named") {
  for (const bool second : {false, true}) {
    auto& script = sim.next_child();
    auto running = start(4);
    script.out.feed("0123456789");
    script.err.feed("0123456789");
    (second ? script.err : script.out).backed_up();
    const auto stalled = running.wait(deadline::never());
    CHECK(stalled.failed_with(errc::output_stalled));
    CHECK(stalled.error().subject == (second ? "err" : "out"));
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] a stream that fills up later than the other is noticed as well") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("0123456789");
  sim.after(5s, [&] {
    script.err.feed("0123456789");
    script.err.backed_up();
  });
  const auto began = sim.now();
  CHECK(running.wait(deadline::never()).error().subject == "err");
  CHECK(sim.now() - began >= 5250ms);
  CHECK(sim.now() - began < 6s);
}

TEST_CASE_FIXTURE(on_a_loop, "[P2][R4] a stream that was stopped here stalls its child as well") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK_OK(running.out().stop());
  script.out.backed_up();
  CHECK(running.wait(1min).failed_with(errc::output_stalled));
  CHECK_OK(running.out().resume());
  script.out.backed_up(false);
  sim.after(1ms, [&] { script.exit(); });
  CHECK(must(running.wait(1min)).success());
}

TEST_CASE_FIXTURE(on_a_loop, "[P2][T5] a deadline before the stall is a timeout; an exit before it is the exit") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("0123456789");
  script.out.backed_up();
  CHECK(running.wait(100ms).failed_with(errc::timed_out));
  sim.after(100ms, [&] { script.exit(); });
  CHECK(must(running.wait(deadline::never())).success());
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] waiting for a child with a full stream does not go round and round") {
  auto& script = sim.next_child();
  auto running = start(4);
  script.out.feed("0123456789");
  sim.forget_waits();
  CHECK(running.wait(60s).failed_with(errc::timed_out));
  CHECK(sim.waits().size() < 60 * 50);
}

}  // namespace
