// When an observer is called and when not, by which thread, what it may do, and what it costs.
#include "allocation.hpp"
#include "recorder.hpp"
#include "runs.hpp"
#include "simulation.hpp"

#include <memory>

namespace {

using namespace simulation;
using harness::recorder;
using lines = recorder::lines;

TEST_CASE_FIXTURE(on_a_loop, "[C1] nothing is told after the end of an observation") {
  recorder sink;
  auto& script = sim.next_child();
  auto watching = must(observation::begin(sink, loop));
  auto running = start();
  CHECK(sink.said.size() == 1);
  watching = observation();
  CHECK(watching.loop() == 0);
  script.out.feed("x");
  script.exit();
  CHECK_OK(running.wait(1s));
  CHECK_OK(running.stop());
  CHECK_OK(running.out().close());
  static_cast<void>(sim.next_child());
  { auto second = start(); }
  CHECK(sink.said.size() == 1);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[C1] an observation hears of those who are spawned while it lives, whoever else observes") {
  recorder first;
  recorder second;
  for (int i = 0; i < 3; ++i) sim.next_child().in.room_for_all();
  auto unseen = start();
  auto watching = must(observation::begin(first, loop));
  auto one = start();
  {
    auto also = must(observation::begin(second, loop));
    CHECK(also.loop() == watching.loop());
    auto two = start();
    CHECK_OK(unseen.stop());
    CHECK_OK(one.stop());
    CHECK_OK(two.stop());
  }
  CHECK(first.children.size() == 2);
  CHECK(first.count("1 stop began") == 1);
  CHECK(first.count("2 stop began") == 1);
  CHECK(second.children.size() == 1);
  CHECK(second.count("1 stop began") == 1);
  for (const auto& line : second.said) CHECK(line.starts_with("1 "));
  CHECK(first.children[1] == second.children[0]);
  CHECK(first.children[0].number < first.children[1].number);
}

TEST_CASE_FIXTURE(on_a_loop, "[C1] an observation moves, ends from the middle of others, and leaves their order") {
  std::string order;
  recorder sinks[3];
  std::vector<observation> all;
  for (int i = 0; i < 3; ++i) {
    sinks[i].inside = [&order, i] { order += static_cast<char>('a' + i); };
    all.push_back(must(observation::begin(sinks[i], loop)));
  }
  for (int i = 0; i < 4; ++i) static_cast<void>(sim.next_child());
  { auto running = start(); }
  CHECK(order.starts_with("abcabc"));
  order.clear();
  observation moved = std::move(all[1]);
  auto running = start();
  CHECK(order == "abc");
  all.erase(all.begin() + 1);
  order.clear();
  moved = observation();
  auto second = start();
  CHECK(order == "ac");
  order.clear();
  all[0] = std::move(all[1]);
  auto third = start();
  CHECK(order == "c");
}

TEST_CASE_FIXTURE(audit, "[C3] it ends with the loop, before what goes on there is ended, and may outlive it") {
  recorder sink;
  observation watching;
  auto& script = sim.next_child();
  {
    auto loop = must(event_loop::create());
    watching = must(observation::begin(sink, loop));
    auto running = must(spawn(loop, on_a_loop::piped()));
    CHECK(sink.said.size() == 1);
    auto& second = sim.next_child();
    auto detached = must(spawn(loop, on_a_loop::piped()));
    CHECK(must(detached.in().write("abc")) == 3);
    CHECK_OK(detached.detach());
    const auto heard = sink.said.size();
    loop = event_loop();
    CHECK(watching.loop() == 0);
    running = child();
    CHECK(second.released());
    CHECK(sink.said.size() == heard);
  }
  CHECK(script.released());
  CHECK(sim.objects().loops == 0);
}

TEST_CASE_FIXTURE(on_a_thread, "[C1] that of a thread's own loop ends with the thread; run and spawn are heard of") {
  recorder sink;
  observation watching;
  auto& script = sim.next_child();
  static_cast<void>(sim.next_child());
  std::thread::id there;
  script.exit();
  within([&] {
    there = std::this_thread::get_id();
    watching = must(observation::begin(sink));
    CHECK(must(run(command("program"))).success());
    auto left = must(spawn(command("other")));
    CHECK_OK(left.detach());
  });
  CHECK(sink.said.front() == "1 spawned program out err");
  CHECK(sink.count("1 exited with code 0") == 1);
  CHECK(sink.count("2 spawned other") == 1);
  CHECK(sink.said.size() == 5);
  for (const auto& each : sink.threads) CHECK(each == there);
  CHECK(watching.loop() == 0);
}

TEST_CASE_FIXTURE(audit, "[C1] a loop that was handed over tells its new thread") {
  recorder sink;
  auto loop = must(event_loop::create());
  auto watching = must(observation::begin(sink, loop));
  auto& script = sim.next_child();
  auto running = must(spawn(loop, command("program")));
  CHECK_OK(loop.release_thread());
  std::thread::id there;
  on_own_thread([&] {
    there = std::this_thread::get_id();
    recorder other;
    CHECK_OK(loop.acquire_thread());
    script.exit();
    CHECK_OK(running.wait(1s));
    CHECK_OK(loop.release_thread());
  });
  CHECK(sink.said == lines{"1 spawned program", "1 exited with code 0"});
  CHECK(sink.threads.back() == there);
  on_own_thread([&] { CHECK(observation::begin(sink, loop).failed_with(errc::wrong_thread)); });
  CHECK_OK(loop.acquire_thread());
  event_loop none;
  CHECK(observation::begin(sink, none).failed_with(errc::closed));
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[C1][C2] an observer cannot use the library: its calls are refused, and change nothing") {
  auto& script = sim.next_child();
  auto& other_script = sim.next_child();
  int tried = 0;
  within([&] {
    recorder sink;
    auto loop = must(event_loop::create());
    auto watching = must(observation::begin(sink, loop));
    auto other_loop = must(event_loop::create());
    child running;
    child other;
    sink.inside = [&] {
      ++tried;
      CHECK(spawn(loop, command("program")).failed_with(errc::wrong_thread));
      CHECK(spawn(command("program")).failed_with(errc::wrong_thread));
      CHECK(spawn(other_loop, command("program")).failed_with(errc::wrong_thread));
      CHECK(run(command("program")).failed_with(errc::wrong_thread));
      CHECK(loop.run(deadline::now()).failed_with(errc::wrong_thread));
      CHECK(other_loop.run(deadline::now()).failed_with(errc::wrong_thread));
      CHECK(observation::begin(sink, loop).failed_with(errc::wrong_thread));
      if (running.id() != 0) {
        CHECK(running.stop().failed_with(errc::wrong_thread));
        CHECK(running.detach().failed_with(errc::wrong_thread));
        CHECK(running.in().stop().failed_with(errc::wrong_thread));
      }
      if (other.id() != 0) {
        CHECK(other.wait(1h).failed_with(errc::wrong_thread));
        CHECK(other.kill().failed_with(errc::wrong_thread));
        CHECK(other.in().write("x").failed_with(errc::wrong_thread));
        CHECK(other.out().close().failed_with(errc::wrong_thread));
      }
      loop.wake();
    };
    running = must(spawn(loop, on_a_loop::piped()));
    other = must(spawn(other_loop, on_a_loop::piped()));
    CHECK(must(running.stop({.close_stdin = 10ms})).phase == stop_phase::terminate);
    sink.inside = nullptr;
    CHECK(other_script.signals().empty());
    other_script.exit();
    CHECK_OK(other.wait(1s));  // and all is as it was
  });
  CHECK(tried >= 6);
  CHECK(script.signals().size() == 1);
  CHECK(sim.unexpected_spawns() == 0);
}

TEST_CASE_FIXTURE(audit, "[G8] in a forked copy nothing is told, and a trace is not ended twice") {
  recorder sink;
  std::string written;
  auto trace = trace_events::create([&](std::string_view piece) { written += piece; });
  {
    auto loop = must(event_loop::create());
    auto watching = must(observation::begin(sink, loop));
    auto traced = must(observation::begin(trace.sink(), loop));
    static_cast<void>(sim.next_child());
    auto running = must(spawn(loop, on_a_loop::piped()));
    const auto heard = sink.said.size();
    const auto so_far = written;
    sim.foreign();
    running = child();
    CHECK(observation::begin(sink, loop).failed_with(errc::wrong_thread));
    CHECK(trace.close().failed_with(errc::wrong_thread));
    CHECK(sink.said.size() == heard);
    CHECK(written == so_far);
  }
  sim.foreign(false);
}

TEST_CASE_FIXTURE(on_a_loop, "[W9] what an observer does not override does nothing") {
  class deaf final : public observer {};
  deaf sink;
  const observation watching = must(observation::begin(sink, loop));
  sim.next_child().ignore_terminate();
  auto running = must(spawn(loop, on_a_loop::piped()));
  CHECK(must(running.stop({.close_stdin = 10ms, .terminate = 10ms})).phase == stop_phase::kill);
  sim.next_child().fail_spawn({errc::not_supported, spawnpipe::stage::process});
  CHECK(spawn(loop, on_a_loop::piped()).failed_with(errc::not_supported));
}

// Hears of everything, and keeps nothing that could need memory.
class counting final : public observer {
 public:
  int heard = 0;

  void spawned(const spawned_event&) noexcept override { ++heard; }
  void exited(const exited_event&) noexcept override { ++heard; }
  void stop_began(const stop_began_event&) noexcept override { ++heard; }
  void stop_reached(const stop_reached_event&) noexcept override { ++heard; }
  void stop_ended(const stop_ended_event&) noexcept override { ++heard; }
  void stream_closed(const stream_closed_event&) noexcept override { ++heard; }
};

TEST_CASE_FIXTURE(on_a_loop, "[W9][P9] being observed allocates nothing, and not being observed neither") {
  if (!allocations_are_counted()) SKIP_CASE("this sanitizer's operator new cannot be replaced");
  counting sink;
  int allocations[2] = {};
  for (const bool with : {false, true}) {
    observation watching;
    if (with) watching = must(observation::begin(sink, loop));
    auto& script = sim.next_child();
    script.in.room_for_all();
    script.out.next_begin({.bytes = "abc"});
    command what = on_a_loop::piped();
    allocation_counter counter;
    {
      auto running = spawn(loop, what);
      static_cast<void>(running->in().write("abc"));
      static_cast<void>(running->begin_stop());
    }
    allocations[with ? 1 : 0] = counter.count();
  }
  CHECK(allocations[0] > 0);  // the start itself
  CHECK(allocations[1] == allocations[0]);
  CHECK(sink.heard >= 7);
}

}  // namespace
