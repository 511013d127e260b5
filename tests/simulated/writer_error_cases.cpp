// What a system may refuse a write with: it sticks, is told once, and counts every byte.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[W6] a reader that is gone is broken_pipe, tried or lent") {
  for (const bool lent_only : {false, true}) {
    auto& script = sim.next_child();
    script.in.lent_only(lent_only);
    script.in.fail(system_code(std::errc::broken_pipe));
    auto running = start();
    std::string_view rest = "abc";
    auto outcome = running.in().write_all(rest, deadline::never());
    if (outcome) outcome = running.in().flush(deadline::never());
    CHECK(outcome.failed_with(std::errc::broken_pipe));
    CHECK(running.in().write("x").failed_with(std::errc::broken_pipe));
    CHECK(running.in().flush(deadline::never()).failed_with(std::errc::broken_pipe));
    CHECK(balanced(running.in().books()));
    CHECK(running.in().books().delivered == 0);
    CHECK_FALSE(running.in().is_open());
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W7][W8] each error code at each of the first calls sticks as it is") {
  for (const int number : error_numbers) {
    for (int call = 1; call <= 3; ++call) {
      for (int mode = 0; mode < 3; ++mode) {
        CAPTURE(number);
        CAPTURE(call);
        CAPTURE(mode);
        auto& script = sim.next_child();
        script.in.lent_only(mode != 0);
        script.in.eager(mode == 2);
        for (int i = 1; i < call; ++i) script.in.outcome({.bytes = 1});
        script.in.fail(system_code(number));
        auto running = start();
        auto& in = running.in();
        CHECK(in.write("abcdef").has_value() == (mode != 0 || call > 1));
        const auto flushed = in.flush(deadline::never());
        REQUIRE_FALSE(flushed);
        CHECK(flushed.error().code == system_code(number));
        CHECK(flushed.error().where == stage::write);
        CHECK(flushed.error().subject == "in");
        CHECK(in.write("x").error().code == system_code(number));
        CHECK(in.error()->code == system_code(number));
        const auto delivered = static_cast<std::uint64_t>(call - 1);
        CHECK(in.books().delivered == delivered);
        CHECK(in.books().dropped == in.books().accepted - delivered);
        CHECK(balanced(in.books()));
        CHECK(script.in.received().size() == delivered);
        CHECK(script.in.counts().begun + script.in.counts().tried <= call + 1);
        CHECK(script.in.closed());
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W7] bytes that went out before an error are delivered, tried, lent or at once") {
  for (int mode = 0; mode < 3; ++mode) {
    CAPTURE(mode);
    auto& script = sim.next_child();
    script.in.lent_only(mode != 0);
    script.in.eager(mode == 2);
    script.in.fail(system_code(5), 2);
    auto running = start();
    auto& in = running.in();
    CHECK(in.write("abcdef"));
    CHECK(in.flush(deadline::never()).error().code == system_code(5));
    CHECK(in.books().delivered == 2);
    CHECK(balanced(in.books()));
    CHECK(script.in.received() == "ab");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W7] progress is told, then the error, once") {
  auto& script = sim.next_child();
  auto running = start();
  std::string seen;
  running.in().on_written([&](pipe_writer& in) { seen += std::to_string(in.unsent()) + (in.error() ? "!" : " "); });
  CHECK(must(running.in().write("abcdef")) == 6);
  sim.when_idle([&] { script.in.room(2); });
  sim.when_idle([&] { script.in.room(1); });
  sim.when_idle([&] { script.in.fail(system_code(5)); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "4 3 0!");
  CHECK_OK(loop.run(1ms));
  CHECK(seen == "4 3 0!");
}

TEST_CASE_FIXTURE(on_a_loop, "[W7] a callback that is set after the error hears of it once") {
  auto& script = sim.next_child();
  auto running = start();
  script.in.fail(system_code(5));
  CHECK_FALSE(running.in().write("abc"));
  int calls = 0;
  running.in().on_written([&](pipe_writer& in) {
    ++calls;
    CHECK(in.error()->code == system_code(5));
  });
  CHECK_OK(loop.run(deadline::never()));
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[W7][W1] what the pipe takes at once needs no callback; what was queued does") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.in().on_written([&](pipe_writer&) { ++calls; });
  script.in.room(3);
  CHECK(must(running.in().write("abc")) == 3);
  CHECK_OK(loop.run(1ms));
  CHECK(calls == 0);
  CHECK(must(running.in().write("d")) == 1);
  sim.when_idle([&] { script.in.room(1); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[W7][R7] an aborted write that nobody asked to stop is an error") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(must(running.in().write("abc")) == 3);
  script.in.fail(system_code(std::errc::operation_canceled), 1);
  const auto flushed = running.in().flush(deadline::never());
  CHECK(flushed.failed_with(std::errc::operation_canceled));
  CHECK(running.in().books() == write_books{.accepted = 3, .delivered = 1, .dropped = 2});
}

TEST_CASE_FIXTURE(on_a_loop, "[W10] success with zero bytes is an error, at each of the first calls") {
  for (int call = 1; call <= 3; ++call) {
    for (const bool at_once : {false, true}) {
      CAPTURE(call);
      CAPTURE(at_once);
      auto& script = sim.next_child();
      script.in.lent_only();
      script.in.eager(at_once);
      for (int i = 1; i < call; ++i) script.in.outcome({.bytes = 1});
      script.in.zero_success();
      script.in.room_for_all();
      auto running = start();
      CHECK(must(running.in().write("abcdef")) == 6);
      const auto flushed = running.in().flush(deadline::never());
      CHECK(flushed.failed_with(errc::zero_write));
      CHECK(flushed.failed_with(std::errc::io_error));
      CHECK(running.in().write("x").failed_with(errc::zero_write));
      CHECK(script.in.counts().begun == call);
      CHECK(running.in().books().delivered == static_cast<std::uint64_t>(call - 1));
      CHECK(balanced(running.in().books()));
    }
  }
}

}  // namespace
