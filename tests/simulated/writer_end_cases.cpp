// The ends of a writer: closed, stopped, destroyed, with bytes in its queue and in flight.
#include "simulation.hpp"

namespace {

using namespace simulation;

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
