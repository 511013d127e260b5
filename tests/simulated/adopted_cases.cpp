// A loop that the host runs: callbacks in its turns only, and nothing that waits.
#include "no_waiting.hpp"
#include "simulation.hpp"

#include <memory>

namespace {

using namespace simulation;

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

}  // namespace
