// Writing, to pipes that take little, late, nothing, or fail: every accepted byte is delivered, dropped, or known to be unknown.
#include "simulation.hpp"

#include <cstdint>

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop,
                  "[W1] write takes what the pipe and the queue have room for, says how many, and never waits") {
  auto& script = sim.next_child();
  auto running = start(8);
  auto& in = running.in();
  const auto began = sim.now();
  sim.forget_waits();
  CHECK(must(in.write("0123")) == 4);
  CHECK(must(in.write("456789")) == 4);
  CHECK(must(in.write("89")) == 0);
  CHECK(in.unsent() == 8);
  CHECK(script.in.in_flight());
  CHECK(sim.waits().empty());
  CHECK(sim.now() == began);
  script.in.room_for_all();
  CHECK_OK(in.flush(deadline::never()));
  CHECK(script.in.received() == "01234567");
  CHECK(in.unsent() == 0);
  CHECK(must(in.write("89")) == 2);
  CHECK(script.in.received() == "0123456789");
  CHECK(balanced(in.books()));
}

TEST_CASE_FIXTURE(on_a_loop, "[W1] what the pipe takes at once does not count against the queue") {
  auto& script = sim.next_child();
  script.in.room(5);
  auto running = start(3);
  CHECK(must(running.in().write("0123456789")) == 8);
  CHECK(running.in().books() == write_books{.accepted = 8, .delivered = 5, .unsent = 3});
  CHECK(script.in.received() == "01234");
}

TEST_CASE_FIXTURE(on_a_loop, "[W1][T5] write_all waits for room, and moves its span past what was accepted") {
  for (const bool lent_only : {false, true}) {
    auto& script = sim.next_child();
    script.in.lent_only(lent_only);
    auto running = start(4);
    std::string_view rest = "0123456789";
    CHECK(running.in().write_all(rest, 10ms).failed_with(errc::timed_out));
    CHECK(rest == "456789");
    sim.after(1ms, [&] { script.in.room(3); });
    CHECK(running.in().write_all(rest, 10ms).failed_with(errc::timed_out));
    CHECK(rest == "789");
    std::stop_source stop;
    stop.request_stop();
    CHECK(running.in().write_all(rest, deadline::never(), stop.get_token()).failed_with(errc::cancelled));
    CHECK(rest == "789");
    script.in.room_for_all();
    CHECK_OK(running.in().write_all(rest, deadline::never()));
    CHECK(rest.empty());
    CHECK_OK(running.in().flush(deadline::never()));
    CHECK(script.in.received() == "0123456789");
    CHECK(running.in().books() == write_books{.accepted = 10, .delivered = 10});
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W1] write_all takes what can be taken now, with deadline::now()") {
  auto& script = sim.next_child();
  auto running = start(4);
  std::string_view rest = "0123456789";
  script.in.room(2);
  CHECK(running.in().write_all(rest, deadline::now()).failed_with(errc::timed_out));
  CHECK(rest == "6789");
  CHECK(script.in.received() == "01");
}

TEST_CASE_FIXTURE(on_a_loop, "[W1] a whole buffer is moved in where there is room, or nothing is queued") {
  auto& script = sim.next_child();
  auto running = start(8);
  auto& in = running.in();
  std::string large = pattern::make(100);
  CHECK(must(in.write_owned(large)));
  CHECK(large.empty());
  std::string more = "more";
  CHECK_FALSE(must(in.write_owned(more)));
  CHECK(more == "more");
  std::string nothing;
  CHECK(must(in.write_owned(nothing)));
  script.in.room(98);
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(in.unsent() == 2);
  CHECK(must(in.write_owned(more)));
  CHECK(more.empty());
  script.in.room_for_all();
  CHECK_OK(in.flush(deadline::never()));
  CHECK(script.in.received() == pattern::make(100) + "more");
}

TEST_CASE_FIXTURE(on_a_loop, "[W2] bytes are opaque, and arrive in order, once, whatever the pieces") {
  for (const bool at_once : {false, true}) {
    for (const bool lent_only : {false, true}) {
      auto& script = sim.next_child();
      script.in.eager(at_once);
      script.in.lent_only(lent_only);
      auto running = start(300);
      std::string sent(std::string_view("\0\x1a\r\n\xff", 5));
      sent += pattern::make(20'000);
      std::string_view rest = sent;
      for (std::size_t round = 0; script.in.received().size() < sent.size(); ++round) {
        REQUIRE(round < 100'000);
        if (round % 3 == 0 && !rest.empty()) {
          rest.remove_prefix(must(running.in().write(rest.substr(0, 1 + round % 211))));
        } else if (round % 41 == 0) {
          std::string owned(rest.substr(0, round % 97));
          const std::size_t size = owned.size();
          if (must(running.in().write_owned(owned))) rest.remove_prefix(size);
        }
        script.in.room(1 + round % 89);
        CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
        REQUIRE(balanced(running.in().books()));
      }
      CHECK(script.in.received() == sent);
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W2] no length is cut to 32 bits") {
  // Nothing behind the first megabyte is looked at: the pipe takes ten bytes, and the queue 64 KiB.
  auto& script = sim.next_child();
  script.in.room(10);
  auto running = start();
  const std::string real = pattern::make(1 << 20);
  for (const std::uint64_t size : {(std::uint64_t{1} << 32) + 5, std::uint64_t{1} << 32, std::uint64_t{1} << 31}) {
    const std::span<const std::byte> endless(as_bytes(real).data(), static_cast<std::size_t>(size));
    const auto taken = must(running.in().write(endless));
    CHECK(taken == (size == (std::uint64_t{1} << 32) + 5 ? 10 + stdio::pipe::default_capacity : 0));
  }
  CHECK(script.in.largest_request() < std::uint64_t{1} << 31);
  CHECK(script.in.received() == real.substr(0, 10));
}

TEST_CASE_FIXTURE(on_a_loop, "[W2] an empty write succeeds and asks the system nothing") {
  auto& script = sim.next_child();
  auto running = start();
  auto& in = running.in();
  CHECK(must(in.write("")) == 0);
  std::string empty;
  CHECK(must(in.write_owned(empty)));
  std::string_view rest;
  CHECK_OK(in.write_all(rest, deadline::now()));
  CHECK_OK(in.flush(deadline::now()));
  CHECK(script.in.counts().begun == 0);
  CHECK(script.in.counts().tried == 0);
  CHECK(in.books() == write_books{});
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W3][T5] flush waits for what was accepted before; on a timeout the rest stays, in order") {
  auto& script = sim.next_child();
  auto running = start();
  auto& in = running.in();
  CHECK_OK(in.flush(deadline::never()));
  CHECK(must(in.write("0123456789")) == 10);
  sim.after(1ms, [&] { script.in.room(3); });
  const auto began = sim.now();
  CHECK(in.flush(10ms).failed_with(errc::timed_out));
  CHECK(sim.now() - began == 10ms);
  CHECK(in.unsent() == 7);
  CHECK(in.books() == write_books{.accepted = 10, .delivered = 3, .unsent = 7});
  CHECK(must(in.write("ab")) == 2);
  sim.when_idle([&] { script.in.room(4); });
  sim.when_idle([&] { script.in.room(4); });
  sim.when_idle([&] { script.in.room(1); });
  CHECK_OK(in.flush(deadline::never()));
  CHECK(script.in.received() == "0123456789ab");
  CHECK(in.books() == write_books{.accepted = 12, .delivered = 12});
}

TEST_CASE_FIXTURE(on_a_loop, "[W4] close never waits; the end follows the last accepted byte") {
  auto& script = sim.next_child();
  auto running = start();
  auto& in = running.in();
  CHECK(must(in.write("abcdef")) == 6);
  sim.forget_waits();
  CHECK_OK(in.close());
  CHECK_OK(in.close());
  CHECK(sim.waits().empty());
  CHECK_FALSE(in.is_open());
  CHECK_FALSE(script.in.closed());
  CHECK(in.write("g").failed_with(errc::closed));
  CHECK(in.write("g").failed_with(std::errc::bad_file_descriptor));
  std::string owned = "g";
  CHECK(in.write_owned(owned).failed_with(errc::closed));
  CHECK(owned == "g");
  script.in.room(5);
  CHECK(in.flush(1ms).failed_with(errc::timed_out));
  CHECK_FALSE(script.in.closed());
  script.in.room(1);
  CHECK_OK(in.flush(deadline::never()));
  CHECK(script.in.closed());
  CHECK(script.in.received() == "abcdef");
  CHECK_OK(in.flush(deadline::never()));
  CHECK(in.books() == write_books{.accepted = 6, .delivered = 6});
}

TEST_CASE_FIXTURE(on_a_loop, "[W4] close with nothing queued ends the input at once") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK_OK(running.in().close());
  CHECK(script.in.closed());
  CHECK_OK(running.in().stop());
  CHECK_OK(running.in().flush(deadline::now()));
}

TEST_CASE_FIXTURE(on_a_loop, "[W4] a closed writer's bytes are delivered when the writer is gone") {
  auto& script = sim.next_child();
  auto running = start();
  {
    pipe_writer in = std::move(running.in());
    CHECK(must(in.write("abcdef")) == 6);
    CHECK_OK(in.close());
  }
  CHECK_FALSE(script.in.closed());
  script.in.room(2);
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(script.in.received() == "ab");
  sim.when_idle([&] { script.in.room(2); });
  sim.when_idle([&] { script.in.room(2); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(script.in.received() == "abcdef");
  CHECK(script.in.closed());
  CHECK(script.in.counts().retired == 0);
}

TEST_CASE_FIXTURE(on_a_loop, "[W4] a closed writer ends when the pipe breaks, with and without its object") {
  for (const bool gone : {false, true}) {
    auto& script = sim.next_child();
    auto running = start();
    pipe_writer in = std::move(running.in());
    CHECK(must(in.write("abcdef")) == 6);
    CHECK_OK(in.close());
    if (gone) in = pipe_writer();
    script.in.fail(system_code(std::errc::broken_pipe), 2);
    CHECK_OK(loop.run(deadline::never()));
    CHECK(script.in.closed());
    CHECK(script.in.received() == "ab");
    if (gone) continue;
    CHECK(in.books() == write_books{.accepted = 6, .delivered = 2, .dropped = 4});
    CHECK(in.flush(deadline::never()).failed_with(std::errc::broken_pipe));
    CHECK(in.error()->code == system_code(std::errc::broken_pipe));
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W4][P9] what a closed writer has queued is dropped when its child is stopped") {
  auto& script = sim.next_child();
  {
    auto running = start();
    CHECK(must(running.in().write("abcdef")) == 6);
    CHECK_OK(running.in().close());
    CHECK_OK(running.stop(stop_policy::immediate()));
    CHECK(running.in().books() == write_books{.accepted = 6, .dropped = 6});
    CHECK(script.in.closed());
  }
  CHECK(script.in.received() == "");
}

TEST_CASE_FIXTURE(on_a_loop, "[W4][P9] a closed writer whose child is destroyed lets go") {
  auto& script = sim.next_child();
  {
    auto running = start();
    CHECK(must(running.in().write("abcdef")) == 6);
    CHECK_OK(running.in().close());
  }
  CHECK(script.in.closed());
  CHECK_OK(loop.run(deadline::never()));
  CHECK(script.in.counts().retired == 1);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W4] a closed writer outlives a child that ended on its own: somebody else reads the pipe") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.pipes_held();
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
    CHECK(must(running.in().write("abcdef")) == 6);
    CHECK_OK(running.in().close());
  }
  CHECK_FALSE(script.in.closed());
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  sim.when_idle([&] { script.in.room_for_all(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(script.in.received() == "abcdef");
  CHECK(script.in.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[W4] what a closed writer has queued is dropped at the end of its loop") {
  auto& script = sim.next_child();
  {
    auto running = start();
    script.pipes_held();
    script.exit();
    CHECK(must(running.wait(deadline::never())).success());
    CHECK(must(running.in().write("abcdef")) == 6);
    CHECK_OK(running.in().close());
  }
  CHECK_FALSE(script.in.closed());
  loop = event_loop();
  CHECK(script.in.closed());
  CHECK(script.in.counts().retired == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[W5] stop cancels what is in flight, drops the queue and closes; as often as asked") {
  auto& script = sim.next_child();
  auto running = start(4);
  auto& in = running.in();
  CHECK(must(in.write("abcdef")) == 4);
  CHECK(script.in.in_flight());
  sim.forget_waits();
  CHECK_OK(in.stop());
  CHECK(sim.waits().empty());
  CHECK_FALSE(script.in.in_flight());
  CHECK(script.in.closed());
  CHECK(in.unsent() == 0);
  CHECK(in.books() == write_books{.accepted = 4, .dropped = 4});
  CHECK_OK(in.stop());
  CHECK_OK(in.close());
  CHECK(in.write("x").failed_with(errc::stopped));
  CHECK(in.write("x").failed_with(std::errc::operation_canceled));
  CHECK(in.flush(deadline::never()).failed_with(errc::stopped));
  CHECK_FALSE(in.error());
  CHECK(script.in.counts().retired == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[W5] stop in every other state") {
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK_OK(running.in().stop());  // idle
    CHECK(script.in.closed());
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    CHECK(must(running.in().write("abc")) == 3);
    CHECK_OK(running.in().close());
    CHECK_OK(running.in().stop());  // closed, not delivered
    CHECK(script.in.closed());
    CHECK(running.in().books() == write_books{.accepted = 3, .dropped = 3});
    CHECK_FALSE(running.in().flush(deadline::never()));
  }
  {
    auto& script = sim.next_child();
    auto running = start();
    script.in.fail(system_code(std::errc::broken_pipe));
    CHECK(running.in().write("abc").failed_with(std::errc::broken_pipe));
    CHECK_OK(running.in().stop());  // failed
    CHECK(running.in().write("abc").failed_with(std::errc::broken_pipe));
    CHECK(script.in.closed());
  }
  pipe_writer none;
  CHECK_OK(none.stop());
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][W8] stop while a write completes at the same moment") {
  const std::string text = "0123456789";
  for (std::size_t raced = 0; raced <= text.size(); ++raced) {
    for (const bool known : {true, false}) {
      CAPTURE(raced);
      CAPTURE(known);
      auto& script = sim.next_child();
      auto running = start();
      auto& in = running.in();
      script.in.room(1);
      CHECK(must(in.write(text)) == text.size());
      script.in.next_retire(raced, known);
      CHECK_OK(in.stop());
      const auto books = in.books();
      CHECK(balanced(books));
      CHECK(books.accepted == text.size());
      const std::size_t out = std::min(raced, text.size() - 1);
      if (known) {
        CHECK(books.delivered == 1 + out);
        CHECK(books.dropped == text.size() - 1 - out);
        CHECK(books.unknown == 0);
      } else {
        CHECK(books.delivered == 1);
        CHECK(books.dropped == 0);
        CHECK(books.unknown == text.size() - 1);
      }
      CHECK(script.in.received() == text.substr(0, 1 + out));
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W5] stop returns when the system is finished with the bytes, not before") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(must(running.in().write("abc")) == 3);
  script.in.retire_lasts(1s);
  script.in.next_retire(3);
  const auto began = sim.now();
  CHECK_OK(running.in().stop());
  CHECK(sim.now() - began == 1s);
  CHECK(script.in.received() == "abc");
  CHECK(running.in().books() == write_books{.accepted = 3, .delivered = 3});
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][W8] unknown is only what was lent, the rest of the queue is dropped") {
  auto& script = sim.next_child();
  auto running = start();
  auto& in = running.in();
  CHECK(must(in.write("abc")) == 3);
  CHECK(must(in.write("defgh")) == 5);
  script.in.next_retire(1, false);
  CHECK_OK(in.stop());
  CHECK(in.books() == write_books{.accepted = 8, .dropped = 5, .unknown = 3});
  CHECK(script.in.closed());
}

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

TEST_CASE_FIXTURE(on_a_loop, "[W8] the books balance after every step") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    auto& script = sim.next_child();
    auto running = start(16);
    auto& in = running.in();
    std::string sent;
    bool sure = true;
    for (std::uint64_t step = 0; step < 40; ++step) {
      const std::uint64_t dice = pattern::word(seed * 1000 + step);
      const std::size_t size = dice / 16 % 12;
      const std::string piece = pattern::make(size, sent.size());
      switch (dice % 16) {
        case 0: script.in.hold(); break;
        case 1: script.in.release(); break;
        case 2: script.in.eager(size % 2 == 0); break;
        case 3: script.in.lent_only(size % 2 == 0); break;
        case 4: CHECK_OK(in.close()); break;
        case 5:
          if (step > 20) {
            if (size % 2 == 0) sure = false;
            script.in.next_retire(size, sure);
            CHECK_OK(in.stop());
          }
          break;
        case 6:
          if (step > 25) script.in.fail(system_code(5), size);
          break;
        case 7:
          if (step > 30) script.in.zero_success();
          break;
        case 8:
        case 9: script.in.room(size); break;
        case 10: CHECK(running.wait(deadline::now()).failed_with(errc::timed_out)); break;
        case 11: {
          std::string owned = piece;
          if (in.write_owned(owned).value_or(false)) sent += piece;
          break;
        }
        default: sent += piece.substr(0, in.write(piece).value_or(0));
      }
      const auto books = in.books();
      REQUIRE(balanced(books));
      REQUIRE(books.accepted == sent.size());
      REQUIRE(books.unsent == in.unsent());
      if (sure) {
        REQUIRE(script.in.received() == sent.substr(0, static_cast<std::size_t>(books.delivered)));
      } else {
        REQUIRE(sent.starts_with(script.in.received()));
      }
    }
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[W9] destruction without close is stop") {
  auto& script = sim.next_child();
  auto running = start();
  {
    pipe_writer in = std::move(running.in());
    CHECK(must(in.write("abc")) == 3);
    CHECK(script.in.in_flight());
  }
  CHECK(script.in.closed());
  CHECK(script.in.counts().retired == 1);
  script.in.room_for_all();
  CHECK(running.wait(1ms).failed_with(errc::timed_out));
  CHECK(script.in.received() == "");
}

TEST_CASE_FIXTURE(on_a_loop, "[W9] a writer that is assigned over is stopped") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto one = start();
  auto two = start();
  CHECK(must(one.in().write("abc")) == 3);
  CHECK(must(two.in().write("def")) == 3);
  one.in() = std::move(two.in());
  CHECK(first.in.closed());
  CHECK_FALSE(second.in.closed());
  second.in.room_for_all();
  CHECK_OK(one.in().flush(deadline::never()));
  CHECK(second.in.received() == "def");
  CHECK(two.in().write("x").failed_with(errc::closed));
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

TEST_CASE_FIXTURE(audit, "[W9] a writer without a pipe") {
  pipe_writer none;
  CHECK_FALSE(none.is_open());
  CHECK(none.unsent() == 0);
  CHECK(none.books() == write_books{});
  CHECK_FALSE(none.error());
  CHECK(none.write("x").failed_with(errc::closed));
  std::string_view rest = "x";
  CHECK(none.write_all(rest, deadline::never()).failed_with(errc::closed));
  CHECK(rest == "x");
  CHECK(none.flush(deadline::never()).failed_with(errc::closed));
  CHECK_OK(none.close());
  CHECK_OK(none.stop());
  none.on_written([](pipe_writer&) {});
}

}  // namespace
