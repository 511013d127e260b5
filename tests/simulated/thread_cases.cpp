// Whose thread a loop is: wrong ones, handing over, owners that have ended, and several at work at the same time.
#include "simulation.hpp"

#include <spawnpipe/stop_token.hpp>

#include <atomic>
#include <memory>

namespace {

using namespace simulation;

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

}  // namespace
