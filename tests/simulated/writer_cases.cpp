// Writing to pipes that take little, late, or nothing: in order, once, and with every byte accounted for.
#include "simulation.hpp"

#include <spawnpipe/stop_token.hpp>

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

}  // namespace
