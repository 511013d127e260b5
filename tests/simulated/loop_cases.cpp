// The loop: whose thread it is, what may be done inside callbacks, hosts with a loop of their own, and threads.
#include "simulation.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>

namespace {

using namespace simulation;

// What every call that would have to wait says inside a callback and on an adopted loop.
void check_would_deadlock(child& running, event_loop* loop) {
  CHECK(read_text(running.out(), 9, 1h).failed_with(errc::would_deadlock));
  CHECK(running.out().read_line(deadline::never()).failed_with(errc::would_deadlock));
  CHECK(running.out().read_until('x', 1ms).failed_with(errc::would_deadlock));
  std::string all;
  CHECK(running.out().read_all(all, 100, 1h).failed_with(errc::would_deadlock));
  CHECK(all.empty());
  std::string_view rest = "more than the queue of four";
  CHECK(running.in().write_all(rest, 1h).failed_with(errc::would_deadlock));
  CHECK(running.in().flush(1h).failed_with(errc::would_deadlock));
  CHECK(running.wait(1h).failed_with(errc::would_deadlock));
  CHECK(running.wait(deadline::never()).failed_with(std::errc::resource_deadlock_would_occur));
  CHECK(running.stop().failed_with(errc::would_deadlock));
  CHECK(communicate(running).failed_with(errc::would_deadlock));
  if (loop != nullptr) CHECK(loop->run(1h).failed_with(errc::would_deadlock));
  if (loop != nullptr) CHECK(loop->run(deadline::now()).failed_with(errc::would_deadlock));
  CHECK_FALSE(running.status());
}

// The forms that do not wait, with nothing there.
void check_now_forms(child& running) {
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::timed_out));
  CHECK(running.out().read_line(deadline::now()).failed_with(errc::timed_out));
  CHECK(running.in().flush(deadline::now()).failed_with(errc::timed_out));
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
}

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
  CHECK(second.released());
  CHECK(script.released());
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

TEST_CASE_FIXTURE(on_a_loop, "[C1] run returns when there is nothing left to wait for") {
  CHECK_OK(loop.run(deadline::never()));
  auto& script = sim.next_child();
  auto running = start();
  CHECK_OK(loop.run(deadline::never()));  // a child without an on_exit is nothing to wait for
  running.out().on_readable([](pipe_reader& out) { out.consume(9); });
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  running.out().on_readable({});
  CHECK_OK(loop.run(deadline::never()));
  CHECK(must(running.in().write("abc")) == 3);
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  sim.when_idle([&] { script.in.room_for_all(); });
  CHECK_OK(loop.run(deadline::never()));
  running.on_exit([](child&, const exit_status&) {});
  CHECK(loop.run(10ms).failed_with(errc::timed_out));
  sim.when_idle([&] { script.exit(); });
  CHECK_OK(loop.run(deadline::never()));
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] stop lets run return, from inside and from before") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(9);
    loop.stop();
  });
  script.out.feed("x");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
  loop.stop();
  const auto began = sim.now();
  CHECK_OK(loop.run(1h));
  CHECK(sim.now() == began);
  CHECK(loop.run(1h).failed_with(errc::timed_out));
}

TEST_CASE_FIXTURE(on_a_loop, "[C1][T7] wake, from any thread, calls on_wake; many may be one, none is lost") {
  auto& script = sim.next_child();
  auto running = start();
  running.on_exit([](child&, const exit_status&) {});
  int wakes = 0;
  loop.on_wake([&] {
    if (++wakes == 3) script.exit();
  });
  loop.wake();  // before run
  loop.wake();
  sim.when_idle([&] { std::thread([&] { loop.wake(); }).join(); });
  sim.when_idle([&] { loop.wake(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(wakes == 3);
}

TEST_CASE_FIXTURE(on_a_loop, "[C1][T7] wakes and stop requests from threads that run at the same time") {
  sim.wait_for_wake();
  auto& script = sim.next_child();
  auto running = start();
  running.on_exit([](child&, const exit_status&) {});
  std::stop_source source;
  std::atomic<int> wakes = 0;
  loop.on_wake([&] { ++wakes; });
  std::thread waker([&] {
    for (int i = 0; i < 200; ++i) loop.wake();
    while (wakes == 0) std::this_thread::yield();
    source.request_stop();
  });
  CHECK(loop.run(deadline::never(), source.get_token()).failed_with(errc::cancelled));
  waker.join();
  CHECK(wakes >= 1);
  CHECK(script.signals().empty());
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] a call from another thread is wrong_thread, and changes nothing") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("abc");
  const auto wrong = [](const auto& outcome) {
    CHECK(outcome.failed_with(errc::wrong_thread));
    CHECK(outcome.failed_with(std::errc::operation_not_permitted));
  };
  on_own_thread([&] {
    wrong(loop.run(deadline::now()));
    wrong(loop.release_thread());
    wrong(loop.acquire_thread());
    wrong(spawn(loop, command("program")));
    wrong(run_async(loop, command("program"), {}, [](completed) {}));
    wrong(communicate(running));
    wrong(running.wait(deadline::now()));
    wrong(running.stop());
    wrong(running.begin_stop());
    wrong(running.terminate());
    wrong(running.kill());
    wrong(running.detach());
    wrong(read_text(running.out(), 9, deadline::now()));
    wrong(running.out().read_line(deadline::now()));
    std::string all;
    wrong(running.out().read_all(all, 9, deadline::now()));
    wrong(running.out().drain(all));
    wrong(running.out().stop());
    wrong(running.out().resume());
    wrong(running.out().close());
    CHECK(running.out().available().empty());
    running.out().consume(100);
    running.out().on_readable([](pipe_reader&) { FAIL_CHECK("called"); });
    wrong(running.in().write("x"));
    std::string owned = "x";
    wrong(running.in().write_owned(owned));
    std::string_view rest = "x";
    wrong(running.in().write_all(rest, deadline::now()));
    CHECK(rest == "x");
    wrong(running.in().flush(deadline::now()));
    wrong(running.in().close());
    wrong(running.in().stop());
  });
  CHECK(must(read_text(running.out(), 9, deadline::never())) == "abc");
  CHECK(running.in().is_open());
  CHECK_OK(loop.run(1ms));
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] a loop is handed over in two steps") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.feed("abc");
  CHECK(must(read_text(running.out(), 1, deadline::never())) == "a");
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  script.out.hold();
  CHECK_OK(loop.release_thread());
  CHECK_FALSE(script.out.in_flight());  // no operation changes threads
  CHECK_FALSE(script.err.in_flight());
  CHECK(running.wait(deadline::now()).failed_with(errc::wrong_thread));
  CHECK(loop.run(deadline::now()).failed_with(errc::wrong_thread));
  on_own_thread([&] {
    CHECK(running.wait(deadline::now()).failed_with(errc::wrong_thread));
    CHECK_OK(loop.acquire_thread());
    script.out.release();
    script.out.feed("d");
    script.out.end();
    std::string all;
    CHECK_OK(running.out().read_all(all, 100, deadline::never()));
    CHECK(all == "bcd");
    CHECK(must(running.in().write("x")) == 1);
    script.in.room_for_all();
    CHECK_OK(running.in().flush(deadline::never()));
    CHECK_OK(loop.release_thread());
  });
  CHECK_OK(loop.acquire_thread());
  script.exit();
  CHECK(must(running.wait(deadline::never())).success());
  CHECK_OK(loop.acquire_thread());
}

TEST_CASE_FIXTURE(
    on_a_loop,
    "[C1][R4] what the hand-over took back is told by the new owner's run, also where the buffer is full then") {
  for (const bool with_end : {false, true}) {
    auto& script = sim.next_child();
    auto running = start(4);
    std::string seen;
    running.out().on_readable([&](pipe_reader& out) {
      seen += out.available_text();
      out.consume(100);
      if (out.at_end() || seen == "abcd") loop.stop();
    });
    CHECK(loop.run(deadline::now()).failed_with(errc::timed_out));
    script.out.next_retire({.bytes = "abcd", .end = with_end});
    CHECK_OK(loop.release_thread());
    on_own_thread([&] {
      CHECK_OK(loop.acquire_thread());
      CHECK_OK(loop.run(1s));
      CHECK_OK(loop.release_thread());
    });
    CHECK_OK(loop.acquire_thread());
    CHECK(seen == "abcd");
  }
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C1][P3] a run in progress goes on with the new owner, with what the hand-over took back") {
  auto& script = sim.next_child();
  bool ended = false;
  auto work = must(run_async(loop, command("program").out(stdio::pipe{4}), {}, [&](completed done) {
    ended = true;
    CHECK(done.out == "abcdef");
  }));
  CHECK(loop.run(deadline::now()).failed_with(errc::timed_out));
  script.out.next_retire({.bytes = "abcd"});
  CHECK_OK(loop.release_thread());
  on_own_thread([&] {
    CHECK_OK(loop.acquire_thread());
    script.out.feed("ef");
    sim.after(1ms, [&] { script.exit(); });
    CHECK_OK(loop.run(1s));
    CHECK(ended);
    CHECK_OK(loop.release_thread());
  });
  CHECK_OK(loop.acquire_thread());
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] what is destroyed between the two steps of a hand-over does not stand in its way") {
  auto& script = sim.next_child();
  auto& second = sim.next_child();
  auto running = std::make_unique<child>(start());
  auto other = start();
  pipe_reader out = std::move(running->out());
  CHECK(other.wait(deadline::now()).failed_with(errc::timed_out));
  CHECK_OK(loop.release_thread());
  out = pipe_reader();
  running.reset();
  CHECK(script.released());
  on_own_thread([&] {
    CHECK_OK(loop.acquire_thread());
    second.exit();
    CHECK(must(other.wait(deadline::never())).success());
    CHECK_OK(loop.release_thread());
  });
  CHECK_OK(loop.acquire_thread());
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] handing over fails while a write is in flight") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK(must(running.in().write("abc")) == 3);
  CHECK(loop.release_thread().failed_with(std::errc::device_or_resource_busy));
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));  // it is still ours
  CHECK_OK(running.in().close());
  CHECK(loop.release_thread().failed_with(std::errc::device_or_resource_busy));
  script.in.room_for_all();
  CHECK_OK(running.in().flush(deadline::never()));
  CHECK_OK(loop.release_thread());
  CHECK_OK(loop.acquire_thread());
}

TEST_CASE_FIXTURE(audit, "[C1] when the owner thread has ended, another one may take the loop, or destroy it") {
  for (const bool take : {false, true}) {
    auto& script = sim.next_child();
    child running;
    event_loop loop;
    on_own_thread([&] {
      loop = must(event_loop::create());
      running = must(spawn(loop, on_a_loop::piped()));
      CHECK(must(running.in().write("abc")) == 3);
      CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
      CHECK(script.out.in_flight());
    });
    if (!take) continue;  // destruction from here retires every operation
    CHECK(running.wait(deadline::now()).failed_with(errc::wrong_thread));
    CHECK_OK(loop.acquire_thread());
    script.in.room_for_all();
    CHECK_OK(running.in().flush(deadline::never()));
    CHECK(script.in.received() == "abc");
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] what another thread destroys is retired by the owner, in its next pass") {
  auto& script = sim.next_child();
  auto running = std::make_unique<child>(start());
  CHECK(must(running->in().write("abc")) == 3);
  CHECK(running->wait(deadline::now()).failed_with(errc::timed_out));
  on_own_thread([&] { running.reset(); });
  CHECK_FALSE(script.released());
  CHECK(script.signals().empty());
  static_cast<void>(loop.run(1s));
  CHECK(script.released());
  CHECK(script.in.closed());
  CHECK(script.out.closed());
}

TEST_CASE_FIXTURE(audit, "[C1] two loops on two threads share nothing") {
  sim.wait_for_wake();
  const auto work = [&](int seed) {
    auto loop = must(event_loop::create());
    for (int round = 0; round < 20; ++round) {
      // Which script a spawn gets depends on the other thread: both do the same.
      auto running = must(spawn(loop, command("program", {std::to_string(seed)}).in(stdio::pipe{})));
      static_cast<void>(running.in().write("abc"));
      running.on_exit([](child&, const exit_status&) {});
      CHECK_OK(running.begin_stop(stop_policy::immediate()));
      CHECK_OK(loop.run(deadline::never()));
    }
  };
  std::vector<scripted_child*> scripts;
  for (int i = 0; i < 40; ++i) scripts.push_back(&sim.next_child());
  std::thread one([&] { work(1); });
  std::thread two([&] { work(2); });
  one.join();
  two.join();
  for (const auto* each : scripts) CHECK(each->released());
}

TEST_CASE_FIXTURE(audit, "[C1] the default loop of a thread ends with it, and with everything that was left on it") {
  auto& script = sim.next_child();
  auto& second = sim.next_child();
  on_own_thread([&] {
    auto running = must(spawn(on_a_loop::piped()));
    CHECK(must(running.in().write("abc")) == 3);
    CHECK_OK(running.in().close());
    CHECK_OK(running.detach());
    auto other = must(spawn(on_a_loop::piped()));
    CHECK_OK(other.detach());
    CHECK(sim.objects().loops == 1);
  });
  CHECK(sim.objects() == simulated::object_counts{});
  CHECK(script.in.closed());
  CHECK(script.released());
  CHECK(second.released());
}

TEST_CASE_FIXTURE(audit, "[C1] children keep the default loop of a thread that has ended") {
  auto& script = sim.next_child();
  child running;
  on_own_thread([&] { running = must(spawn(on_a_loop::piped())); });
  CHECK(sim.objects().loops == 1);
  CHECK(running.wait(deadline::now()).failed_with(errc::wrong_thread));
  running = child();
  CHECK(script.released());
}

TEST_CASE_FIXTURE(audit, "[C4] an adopted loop: callbacks in the host's turns, and blocking calls refuse") {
  simulated::host host;
  {
    auto loop = must(simulated::adopt(host));
    auto& script = sim.next_child();
    auto running = must(spawn(loop, on_a_loop::piped(4)));
    std::string seen;
    running.out().on_readable([&](pipe_reader& out) {
      seen += out.available_text();
      out.consume(100);
      if (!out.at_end()) check_would_deadlock(running, &loop);
    });
    running.in().on_written([&](pipe_writer& in) { seen += "<" + std::to_string(in.unsent()) + ">"; });
    running.on_exit([&](child&, const exit_status& status) { seen += to_string(status); });
    script.out.hold();
    check_would_deadlock(running, &loop);
    check_now_forms(running);
    CHECK(loop.release_thread().failed_with(errc::not_supported));
    script.out.release();
    CHECK(host.pokes() > 0);
    CHECK(seen.empty());
    script.in.room(1);
    CHECK(host.turn_now());
    script.out.feed("abc");
    CHECK(seen == "<3>");
    for (int i = 0; i < 3; ++i) CHECK(host.turn_now());
    CHECK(seen == "<3>abc");
    script.exit(exit_status::exited(2));
    for (int i = 0; i < 5; ++i) CHECK(host.turn());
    CHECK(seen.find("exited with code 2") != std::string::npos);
  }
  for (int i = 0; i < 3; ++i) host.turn_now();
  CHECK(sim.objects() == simulated::object_counts{});
}

TEST_CASE_FIXTURE(audit, "[C4][P5] on an adopted loop the phases of a stop go on in the host's turns, by its timer") {
  simulated::host host;
  auto loop = must(simulated::adopt(host));
  auto& script = sim.next_child();
  auto running = must(spawn(loop, on_a_loop::piped()));
  script.ignore_terminate();
  bool ended = false;
  running.on_exit([&](child&, const exit_status&) { ended = true; });
  const auto began = sim.now();
  CHECK_OK(running.begin_stop({.close_stdin = 100ms, .terminate = 200ms}));
  for (int i = 0; i < 50 && !ended; ++i) CHECK(host.turn());
  CHECK(ended);
  CHECK(sim.now() - began == 300ms);
  running = child();
  loop = event_loop();
  for (int i = 0; i < 3; ++i) host.turn_now();
}

TEST_CASE_FIXTURE(audit, "[C4][C3] on an adopted loop destruction waits for nothing; the host's turns see to the end") {
  simulated::host host;
  auto& script = sim.next_child();
  script.on_kill([&] { sim.after(20ms, [&] { script.exit(exit_status::signalled(9)); }); });
  const auto began = sim.now();
  {
    auto loop = must(simulated::adopt(host));
    auto running = must(spawn(loop, on_a_loop::piped()));
    CHECK(must(running.in().write("abc")) == 3);
  }
  CHECK(sim.now() == began);
  CHECK(script.signals().size() == 1);
  for (int i = 0; i < 10; ++i) host.turn();
  CHECK(script.released());
  CHECK(sim.objects() == simulated::object_counts{});
  CHECK_FALSE(host.turn());
}

TEST_CASE_FIXTURE(audit, "[C4][C3] an adopted loop may be destroyed in a callback of the host's turn") {
  simulated::host host;
  auto& script = sim.next_child();
  auto loop = std::make_unique<event_loop>(must(simulated::adopt(host)));
  auto running = std::make_unique<child>(must(spawn(*loop, on_a_loop::piped())));
  running->out().on_readable([&](pipe_reader&) {
    running.reset();
    loop.reset();
  });
  script.out.feed("x");
  for (int i = 0; i < 10; ++i) host.turn();
  CHECK(running == nullptr);
  CHECK(script.released());
  CHECK(sim.objects() == simulated::object_counts{});
}

TEST_CASE_FIXTURE(audit,
                  "[C4][C1] wake reaches an adopted loop in the host's next turn; stop has nothing to end there") {
  simulated::host host;
  auto loop = must(simulated::adopt(host));
  int wakes = 0;
  loop.on_wake([&] { ++wakes; });
  std::thread([&] { loop.wake(); }).join();
  CHECK(wakes == 0);
  for (int i = 0; i < 3; ++i) CHECK(host.turn_now());
  CHECK(wakes == 1);
  loop.stop();
  CHECK(host.turn_now());
  loop.on_wake({});
  loop = event_loop();
  for (int i = 0; i < 3; ++i) host.turn_now();
}

TEST_CASE_FIXTURE(audit, "[C4][T7] run_async on an adopted loop, with a cancellation") {
  simulated::host host;
  auto loop = must(simulated::adopt(host));
  auto& script = sim.next_child();
  script.in.room_for_all();
  interrupter interrupted;
  std::optional<completed> ended;
  auto work = must(run_async(loop, command("program"), {.input = "abc", .cancel = interrupted},
                             [&](completed done) { ended = std::move(done); }));
  script.out.feed("output");
  for (int i = 0; i < 5; ++i) host.turn_now();
  CHECK(script.in.received() == "abc");
  CHECK_FALSE(ended);
  interrupted.interrupt();
  for (int i = 0; i < 10 && !ended; ++i) host.turn();
  REQUIRE(ended);
  CHECK(ended->why == ended_by::cancelled);
  CHECK(ended->out == "output");
  work = job();
  loop = event_loop();
  for (int i = 0; i < 3; ++i) host.turn_now();
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C4] a host with a loop of its own waits on native() until next_deadline(), and runs with now") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  CHECK(loop.native().value >= 0);
  std::string seen;
  running.out().on_readable([&](pipe_reader& out) {
    seen += out.available_text();
    out.consume(100);
  });
  running.on_exit([&](child&, const exit_status&) { seen += "."; });
  CHECK(loop.run(deadline::now()).failed_with(errc::timed_out));
  CHECK(loop.next_deadline().is_never());
  const auto began = sim.now();
  CHECK_OK(running.begin_stop({.terminate = 100ms}));
  for (int turns = 0; turns < 20 && seen != "ab."; ++turns) {
    const auto until = loop.next_deadline();
    REQUIRE_FALSE(until.is_never());
    if (turns == 0) script.out.feed("a");
    if (turns == 1) script.out.feed("b");
    // What the host would do: wait for readiness or the deadline. With nothing ready, time passes.
    if (turns > 1 && !until.passed()) sim.advance(until.remaining());
    static_cast<void>(loop.run(deadline::now()));
  }
  CHECK(seen == "ab.");
  CHECK(sim.now() - began == 100ms);
}

TEST_CASE_FIXTURE(on_a_loop, "[C4] next_deadline says now where something is there for a callback") {
  auto& script = sim.next_child();
  auto running = start();
  int calls = 0;
  running.out().on_readable([&](pipe_reader& out) {
    ++calls;
    out.consume(100);
  });
  script.out.feed("x");
  CHECK(loop.next_deadline().is_now());
  CHECK(calls == 0);
  static_cast<void>(loop.run(deadline::now()));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[C5] one stream that never completes holds up no other") {
  auto& withheld = sim.next_child();
  auto& free = sim.next_child();
  auto stuck = start();
  auto running = start();
  for (auto* end :
       {static_cast<simulated::pipe_end*>(&withheld.out), static_cast<simulated::pipe_end*>(&withheld.in)}) {
    end->hold();
  }
  withheld.out.feed("never");
  withheld.in.room_for_all();
  CHECK(must(stuck.in().write("never")) == 5);
  CHECK(must(running.in().write("abc")) == 3);
  free.in.room_for_all();
  free.out.feed("line\n");
  CHECK(must(running.out().read_line(deadline::never())) == "line");
  CHECK_OK(running.in().flush(deadline::never()));
  free.exit();
  CHECK(must(running.wait(deadline::never())).success());
  CHECK(must(stuck.stop(stop_policy::immediate())).phase == stop_phase::kill);
}

TEST_CASE_FIXTURE(on_a_loop, "[C5] a stream that always has more does not starve the others") {
  auto& busy = sim.next_child();
  auto& other = sim.next_child();
  busy.out.eager();
  auto loud = start(16);
  auto quiet = start();
  for (int i = 0; i < 10'000; ++i) busy.out.feed("0123456789abcdef");
  other.out.feed("seen");
  std::string got;
  for (int i = 0; i < 200 && quiet.out().available().empty(); ++i)
    got += must(read_text(loud.out(), 16, deadline::never()));
  CHECK(quiet.out().available_text() == "seen");
}

TEST_CASE_FIXTURE(audit, "[C1] an event_loop without a loop") {
  event_loop none;
  CHECK(none.run(deadline::never()).failed_with(errc::closed));
  CHECK(spawn(none, command("program")).failed_with(errc::closed));
  CHECK(none.release_thread().failed_with(errc::closed));
  none.stop();
  none.wake();
  none.on_wake([] {});
  CHECK(none.native() == native_handle{});
  event_loop other = std::move(none);
  none = std::move(other);
}

TEST_CASE_FIXTURE(audit, "[G8] in a forked copy objects are freed, and nothing of the parent's is touched") {
  auto& script = sim.next_child();
  auto& lingering = sim.next_child();
  auto& let_go = sim.next_child();
  {
    auto loop = must(event_loop::create());
    auto running = must(spawn(loop, on_a_loop::piped()));
    auto other = must(spawn(loop, on_a_loop::piped()));
    CHECK(must(running.in().write("abc")) == 3);
    CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
    CHECK(must(other.in().write("abc")) == 3);
    CHECK_OK(other.in().close());
    auto third = must(spawn(loop, on_a_loop::piped()));
    CHECK_OK(third.detach());
    std::optional<job> work;
    script.out.hold();
    sim.foreign();
    CHECK(spawn(loop, command("program")).failed_with(errc::wrong_thread));
    CHECK(loop.run(deadline::now()).failed_with(errc::wrong_thread));
    CHECK_FALSE(running.wait(deadline::never()));
  }
  CHECK(script.signals().empty());
  CHECK(lingering.signals().empty());
  CHECK(let_go.signals().empty());
}

}  // namespace
