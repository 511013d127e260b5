// communicate, on a child that runs already, and run_async, on a loop.
#include "runs.hpp"
#include "simulation.hpp"

#include <spawnpipe/stop_token.hpp>

#include <stdexcept>

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop, "[P3] communicate does the same for a child that runs already") {
  auto& script = sim.next_child();
  behave_as_cat(sim, script, 100);
  auto running = start(64);
  const std::string input = pattern::make(5000);
  const auto done = must(communicate(running, {.input = input}));
  CHECK(done.success());
  CHECK(done.out == input);
  CHECK(done.err.size() == 50);
  CHECK(must(running.wait(deadline::now())).success());
}

TEST_CASE_FIXTURE(on_a_loop, "[P3][R2][W1] communicate goes on from what was written and read before") {
  auto& script = sim.next_child();
  auto running = start(64);
  CHECK(must(running.in().write("before ")) == 7);
  script.out.feed("first line\nsecond ");
  CHECK(must(running.out().read_line(deadline::never())) == "first line");
  CHECK_OK(running.err().stop());
  script.err.feed("errors");
  sim.when_idle([&] { script.in.room_for_all(); });
  sim.when_idle([&] {
    script.out.feed("line");
    script.exit();
  });
  const auto done = must(communicate(running, {.input = "after"}));
  CHECK(script.in.received() == "before after");
  CHECK(done.out == "second line");
  CHECK(done.err == "errors");
  CHECK(done.unread_input == 0);
}

TEST_CASE_FIXTURE(
    on_a_loop, "[T6][P9] communicate under a policy that forbids to kill leaves the child running, with its output") {
  auto& script = sim.next_child();
  auto running = start();
  script.ignore_terminate();
  script.out.feed("so far");
  const auto began = sim.now();
  const auto done = must(communicate(running, {.until = 1s, .policy = {.terminate = 10ms, .kill = false}}));
  CHECK(done.why == ended_by::deadline);
  CHECK(done.out == "so far");
  CHECK_FALSE(done.status.known());
  CHECK(sim.now() - began == 1s);
  CHECK_FALSE(running.status());
  CHECK(running.out().is_open());
  script.out.feed(" and on");
  CHECK(must(read_text(running.out(), 99, deadline::never())) == " and on");
  script.exit(exit_status::exited(1));
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(1));
}

TEST_CASE_FIXTURE(on_a_loop, "[P3] communicate refuses what it cannot do") {
  auto& script = sim.next_child();
  auto running = must(spawn(loop, command("program").out(stdio::pipe{})));
  CHECK(communicate(running, {.input = "x"}).failed_with(errc::invalid_argument));
  CHECK(communicate(running, {.drain_limit = -1ms}).failed_with(errc::invalid_argument));
  child none;
  CHECK(communicate(none).failed_with(errc::closed));
  script.out.feed("x");
  script.exit();
  CHECK(must(communicate(running)).out == "x");
}

TEST_CASE_FIXTURE(on_a_loop, "[T6][T7] communicate with a deadline or a cancellation that has come stops the child") {
  interrupter interrupted;
  interrupted.interrupt();
  for (const bool by_deadline : {true, false}) {
    auto& script = sim.next_child();
    auto running = start();
    const auto done =
        communicate(running, by_deadline ? run_options{.until = deadline::now()} : run_options{.cancel = interrupted});
    REQUIRE_OK(done);
    CHECK(done->why == (by_deadline ? ended_by::deadline : ended_by::cancelled));
    CHECK(done->status == exit_status::signalled(9));
    CHECK(script.exited());
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P3][C2] run_async calls back in run, with everything; many at once") {
  std::vector<job> jobs;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    auto& script = sim.next_child();
    script.in.room_for_all();
    sim.after((5 - i) * 10ms, [&, i] {
      script.out.feed(std::to_string(i) + script.in.received());
      script.exit(exit_status::exited(static_cast<std::uint32_t>(i)));
    });
    std::string input = "abc";  // copied
    jobs.push_back(must(run_async(loop, command("program"), {.input = input}, [&, i](completed done) {
      order.push_back(i);
      CHECK(done.out == std::to_string(i) + "abc");
      CHECK(done.status.code() == static_cast<std::uint32_t>(i));
      CHECK(done.why == ended_by::itself);
    })));
    input.assign(3, '!');
    CHECK(jobs.back().running());
    CHECK(jobs.back().id() == script.id());
  }
  CHECK_OK(loop.run(deadline::never()));
  CHECK(order == std::vector{4, 3, 2, 1, 0});
  for (const auto& each : jobs) CHECK_FALSE(each.running());
  CHECK(jobs[0].stop().failed_with(errc::closed));
}

TEST_CASE_FIXTURE(on_a_loop, "[P5][T6] a job that is stopped, cancelled or timed out says so") {
  std::stop_source source;
  std::vector<ended_by> why;
  const auto note = [&](completed done) {
    why.push_back(done.why);
    CHECK(done.phase == stop_phase::kill);
  };
  for (int i = 0; i < 3; ++i) sim.next_child().ignore_terminate();
  auto stopped = must(run_async(loop, command("program"), {}, note));
  auto cancelled = must(run_async(loop, command("program"), {.cancel = source.get_token()}, note));
  auto timed = must(run_async(loop, command("program"), {.until = 30ms}, note));
  CHECK(stopped.stop({.terminate = -1ms}).failed_with(errc::invalid_argument));
  sim.after(10ms, [&] { CHECK_OK(stopped.stop({.terminate = 5ms})); });
  sim.after(20ms, [&] { source.request_stop(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(why == std::vector{ended_by::stopped, ended_by::cancelled, ended_by::deadline});
}

TEST_CASE_FIXTURE(on_a_loop, "[T7] a job is cancelled by another thread while run waits") {
  sim.wait_for_wake();
  static_cast<void>(sim.next_child());
  std::stop_source source;
  std::optional<completed> ended;
  auto work = must(run_async(loop, command("program"), {.cancel = source.get_token()},
                             [&](completed done) { ended = std::move(done); }));
  std::thread other([&] { source.request_stop(); });
  CHECK_OK(loop.run(deadline::never()));
  other.join();
  REQUIRE(ended);
  CHECK(ended->why == ended_by::cancelled);
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] a job may be destroyed in its own callback, and in another's") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  job one;
  job two;
  int calls = 0;
  one = must(run_async(loop, command("program"), {}, [&](completed) {
    ++calls;
    one = job();
    two = job();
  }));
  two = must(run_async(loop, command("program"), {}, [&](completed) { FAIL_CHECK("called"); }));
  sim.when_idle([&] { first.exit(); });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
  CHECK(second.released());
  CHECK(second.signals().size() == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[C3][P9] a job that is destroyed ends its child, and calls nobody") {
  auto& script = sim.next_child();
  {
    auto work = must(run_async(loop, command("program"), {.input = "abc"}, [&](completed) { FAIL_CHECK("called"); }));
    CHECK(loop.run(1ms).failed_with(errc::timed_out));
  }
  CHECK(script.released());
  CHECK_OK(loop.run(1s));
  job none;
  CHECK_FALSE(none.running());
  CHECK(none.id() == 0);
  CHECK(none.stop().failed_with(errc::closed));
}

TEST_CASE_FIXTURE(on_a_loop, "[C3] a job's callback starts the next job, and throws") {
  auto& first = sim.next_child();
  auto& second = sim.next_child();
  first.exit();
  second.exit();
  job one;
  job two;
  bool ended = false;
  one = must(run_async(loop, command("program"), {}, [&](completed) {
    two = must(run_async(loop, command("program"), {}, [&](completed) { ended = true; }));
    throw std::runtime_error("job");
  }));
  CHECK_THROWS_WITH(static_cast<void>(loop.run(deadline::never())), "job");
  CHECK_OK(loop.run(deadline::never()));
  CHECK(ended);
}

TEST_CASE_FIXTURE(on_a_loop, "[P3] a job that moves goes on") {
  auto& script = sim.next_child();
  bool ended = false;
  job first = must(run_async(loop, command("program"), {}, [&](completed) { ended = true; }));
  job second = std::move(first);
  job third;
  third = std::move(second);
  CHECK(third.running());
  CHECK_FALSE(first.running());
  script.exit();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(ended);
}

TEST_CASE_FIXTURE(on_a_loop, "[C2] jobs make progress inside blocking calls too, but call back in run") {
  auto& script = sim.next_child();
  auto& other = sim.next_child();
  bool ended = false;
  auto work = must(run_async(loop, command("program"), {.input = "abc"}, [&](completed) { ended = true; }));
  auto running = start();
  script.in.room_for_all();
  sim.after(1ms, [&] { script.exit(); });
  sim.after(2ms, [&] { other.exit(); });
  CHECK(must(running.wait(deadline::never())).success());
  CHECK(script.in.received() == "abc");
  CHECK(script.exited());
  CHECK_FALSE(ended);
  CHECK_OK(loop.run(deadline::never()));
  CHECK(ended);
}

TEST_CASE_FIXTURE(on_a_loop, "[P1] run_async hands on what the spawn says") {
  sim.next_child().fail_spawn(error{system_code(2), stage::exec, "program"});
  CHECK(run_async(loop, command("program"), {}, [](completed) {}).error().code == system_code(2));
  CHECK(run_async(loop, command("program"), {.until = deadline::now()}, [](completed) {}).failed_with(errc::timed_out));
  interrupter interrupted;
  interrupted.interrupt();
  CHECK(run_async(loop, command("program"), {.cancel = interrupted}, [](completed) {}).failed_with(errc::cancelled));
  CHECK_OK(loop.run(deadline::never()));
}

}  // namespace
