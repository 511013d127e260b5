// What may be done inside callbacks: nothing that waits, and everything else, destruction included.
#include "no_waiting.hpp"
#include "simulation.hpp"

#include <memory>
#include <stdexcept>

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[C2] inside a callback nothing waits, and nothing re-enters the loop") {
  auto& script = sim.next_child();
  auto& helper = sim.next_child();
  auto running = start(4);
  auto quiet = start(4);
  int calls = 0;
  quiet.on_exit([&](child&, const exit_status&) {
    ++calls;
    const auto began = sim.now();
    sim.forget_waits();
    check_would_deadlock(running, &loop);
    check_now_forms(running);
    CHECK(loop.release_thread().failed_with(errc::would_deadlock));
    CHECK(sim.waits().empty());
    CHECK(sim.now() == began);
    script.in.room_for_all();
  });
  helper.exit();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
  CHECK(script.signals().empty());
  // What was begun in the callback goes on.
  script.out.feed("later");
  std::string all;
  CHECK(running.out().read_all(all, 100, 1ms).failed_with(errc::timed_out));
  CHECK(all == "later");
  CHECK(script.in.received() == "more");
}

TEST_CASE_FIXTURE(audit, "[C2] a callback of one loop cannot wait on another loop of the thread either") {
  on_own_thread([&] {
    auto& first = sim.next_child();
    auto& second = sim.next_child();
    first.exit();
    auto loop = must(event_loop::create());
    auto other = must(event_loop::create());
    auto one = must(spawn(loop, on_a_loop::piped()));
    auto two = must(spawn(other, on_a_loop::piped(4)));
    int calls = 0;
    one.on_exit([&](child&, const exit_status&) {
      ++calls;
      check_would_deadlock(two, &other);
      CHECK(run(command("program")).failed_with(errc::would_deadlock));
    });
    CHECK_OK(loop.run(deadline::never()));
    CHECK(calls == 1);
    second.exit();
    CHECK(must(two.wait(deadline::never())).success());
  });
}

TEST_CASE_FIXTURE(on_a_loop, "[C2][T4] deadline::now() forms in a callback look at their object") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    auto& script = sim.next_child();
    auto& helper = sim.next_child();
    script.out.eager(at_once);
    auto running = start();
    auto other = start();
    std::string got;
    other.on_exit([&](child&, const exit_status&) {
      script.out.feed("there\nmore");
      got += must(running.out().read_line(deadline::now()));
      got += must(read_text(running.out(), 9, deadline::now()));
      CHECK(must(running.out().drain(got)) == 0);
    });
    helper.exit();
    CHECK_OK(loop.run(deadline::never()));
    CHECK(got == "theremore");
  }
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C2][W5][R4] what does not wait is allowed in callbacks: write, stop, close, spawn, begin_stop") {
  auto& script = sim.next_child();
  auto& second = sim.next_child();
  auto running = start();
  child born;
  script.out.feed("go");
  running.out().on_readable([&](pipe_reader& out) {
    if (out.at_end()) return;
    out.consume(2);
    CHECK(must(running.in().write("abc")) == 3);
    CHECK_OK(running.in().stop());
    CHECK_OK(running.err().stop());
    CHECK_OK(running.err().close());
    born = start();
    CHECK_OK(born.begin_stop(stop_policy::immediate()));
    born.on_exit([&](child&, const exit_status&) { CHECK_OK(running.begin_stop()); });
  });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(second.exited());
  CHECK(script.exited());
  CHECK(script.in.closed());
  CHECK(script.err.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[C2] callbacks run in run only, never inside a blocking call") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.out().on_readable([&](pipe_reader&) { ++calls; });
  running.in().on_written([&](pipe_writer&) { ++calls; });
  running.on_exit([&](child&, const exit_status&) { ++calls; });
  loop.on_wake([&] { ++calls; });
  CHECK(must(running.in().write("abc")) == 3);
  loop.wake();
  script.out.feed("x");
  script.in.room_for_all();
  CHECK_OK(running.in().flush(deadline::never()));
  script.exit();
  CHECK(must(running.wait(deadline::never())).success());
  static_cast<void>(loop.next_deadline());
  CHECK(calls == 0);
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls >= 4);
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] a reader may be destroyed inside its own callback, and inside another's") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto one = start();
  auto two = start();
  auto own = std::make_unique<pipe_reader>(std::move(one.out()));
  auto other = std::make_unique<pipe_reader>(std::move(two.out()));
  std::string seen;
  own->on_readable([&](pipe_reader& out) {
    seen += "own:" + std::string(out.available_text());
    own.reset();
    other.reset();
    CHECK(first.out.closed());
    CHECK(second.out.closed());
  });
  other->on_readable([&](pipe_reader&) { seen += "never"; });
  first.out.feed("x");
  second.out.feed("y");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == "own:x");
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] a writer may be destroyed, stopped or closed inside its own callback") {
  for (int how = 0; how < 3; ++how) {
    auto& script = sim.next_child();
    auto running = start();
    auto in = std::make_unique<pipe_writer>(std::move(running.in()));
    int calls = 0;
    in->on_written([&](pipe_writer& writer) {
      ++calls;
      if (how == 0) in.reset();
      if (how == 1) CHECK_OK(writer.stop());
      if (how == 2) CHECK_OK(writer.close());
      script.in.room_for_all();
    });
    CHECK(must(in->write("abcdef")) == 6);
    script.in.room(2);
    CHECK_OK(loop.run(deadline::never()));
    CHECK(calls == (how == 2 ? 2 : 1));
    CHECK(script.in.received() == (how == 2 ? "abcdef" : "ab"));
    CHECK(script.in.closed());
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] a child may be destroyed in its on_exit, and a running one in any callback") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto one = std::make_unique<child>(start());
  auto two = std::make_unique<child>(start());
  const auto began = sim.now();
  second.on_kill([&] { sim.after(20ms, [&] { second.exit(exit_status::signalled(9)); }); });
  int calls = 0;
  one->on_exit([&](child&, const exit_status& status) {
    ++calls;
    CHECK(status == exit_status::exited(3));
    one.reset();
    two.reset();
    CHECK(sim.now() == began);
  });
  two->on_exit([&](child&, const exit_status&) { ++calls; });
  first.exit(exit_status::exited(3));
  // The loop does the waiting that the destructor could not do.
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
  CHECK(first.released());
  CHECK(second.released());
  CHECK(sim.now() - began == 20ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[C3][P9] a child destroyed in a callback goes through all phases of its policy") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  second.ignore_terminate();
  auto one = start();
  auto two = std::make_unique<child>(must(spawn(loop, piped().on_destroy({.close_stdin = 10ms, .terminate = 20ms}))));
  one.on_exit([&](child&, const exit_status&) { two.reset(); });
  first.exit();
  const auto began = sim.now();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(sim.now() - began == 30ms);
  CHECK(second.signals().size() == 2);
  CHECK(second.released());
}

TEST_CASE_FIXTURE(audit, "[C3] the loop may be destroyed in a callback: run returns cancelled") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto loop = std::make_unique<event_loop>(must(event_loop::create()));
  auto one = must(spawn(*loop, on_a_loop::piped()));
  auto two = must(spawn(*loop, on_a_loop::piped()));
  int calls = 0;
  const auto end = [&](child&, const exit_status&) {
    ++calls;
    loop.reset();
  };
  one.on_exit(end);
  two.on_exit(end);
  first.exit();
  second.exit();
  CHECK(loop->run(deadline::never()).failed_with(errc::cancelled));
  CHECK(calls == 1);
  // What was made on it is still good for blocking calls.
  first.out.feed("never read");
  CHECK(must(two.wait(deadline::never())).success());
}

TEST_CASE_FIXTURE(audit, "[C3] everything at once may be destroyed in a callback") {
  struct world {
    event_loop loop = must(event_loop::create());
    child one = must(spawn(loop, on_a_loop::piped()));
    child two = must(spawn(loop, on_a_loop::piped()));
    job work;
  };
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  auto& third = sim.next_child();
  auto all = std::make_unique<world>();
  all->work =
      must(run_async(all->loop, command("program"), {.input = "abc"}, [&](completed) { FAIL_CHECK("called"); }));
  CHECK(must(all->two.in().write("abc")) == 3);
  CHECK_OK(all->two.in().close());
  all->one.out().on_readable([&](pipe_reader&) { all.reset(); });
  all->two.out().on_readable([&](pipe_reader&) { FAIL_CHECK("called"); });
  first.out.feed("x");
  second.out.feed("y");
  CHECK(all->loop.run(deadline::never()).failed_with(errc::cancelled));
  CHECK(all == nullptr);
  CHECK(first.released());
  CHECK(second.released());
  CHECK(third.released());
}

TEST_CASE_FIXTURE(audit, "[C3] the loop's handle may go before the children") {
  auto& script = sim.next_child();
  child running;
  {
    auto loop = must(event_loop::create());
    running = must(spawn(loop, on_a_loop::piped()));
  }
  CHECK(sim.objects().loops == 1);
  script.out.feed("abc");
  CHECK(must(read_text(running.out(), 9, deadline::never())) == "abc");
  script.exit();
  CHECK(must(running.wait(deadline::never())).success());
  pipe_reader out = std::move(running.out());
  running = child();
  CHECK(sim.objects().loops == 1);
  out = pipe_reader();
  CHECK(sim.objects().loops == 0);
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] an exception of a callback comes out of run, and the loop can be run again") {
  auto& script = sim.next_child();
  auto& second = sim.next_child();
  auto running = start();
  auto other = start();
  int reads = 0;
  int exits = 0;
  running.out().on_readable([&](pipe_reader& out) {
    out.consume(100);
    if (++reads == 1) throw std::runtime_error("reader");
  });
  running.on_exit([&](child&, const exit_status&) {
    ++exits;
    throw std::runtime_error("exit");
  });
  other.on_exit([&](child&, const exit_status&) { ++exits; });
  loop.on_wake([] { throw std::runtime_error("wake"); });
  script.out.feed("x");
  CHECK_THROWS_WITH(static_cast<void>(loop.run(deadline::never())), "reader");
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));  // no callback is on the stack any more
  loop.wake();
  CHECK_THROWS_WITH(static_cast<void>(loop.run(deadline::never())), "wake");
  loop.on_wake({});
  script.out.feed("y");
  script.exit();
  second.exit();
  CHECK_THROWS_WITH(static_cast<void>(loop.run(deadline::never())), "exit");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(exits == 2);
  CHECK(reads >= 2);
  CHECK(running.out().at_end());
}

}  // namespace
