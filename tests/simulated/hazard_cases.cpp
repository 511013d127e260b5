// What reviews of overlapped pipe classes warned of: operations begun twice, memory given back too early, completions
// that race, come in any order or not at all, teardown that allocates.
#include "allocation.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <memory>

namespace {

using namespace simulation;

// ---- any order

TEST_CASE_FIXTURE(on_a_loop, "[P2][P3][R3] what happens to a child at one moment may be told in any order") {
  std::array<int, 6> order{0, 1, 2, 3, 4, 5};
  do {
    for (const bool one_by_one : {false, true}) {
      CAPTURE(order[0]);
      CAPTURE(one_by_one);
      auto& script = sim.next_child();
      script.pipes_held();
      auto running = start(64);
      const auto happen = [&](int what) {
        switch (what) {
          case 0: script.out.feed("output"); break;
          case 1: script.err.feed("errors"); break;
          case 2: script.in.room_for_all(); break;
          case 3: script.exit(exit_status::exited(7)); break;
          case 4: script.out.end(); break;
          default: script.err.end(); break;
        }
      };
      // What a stream holds comes before its end.
      const auto at = [&](int what) { return std::ranges::find(order, what) - order.begin(); };
      if (at(4) < at(0) || at(5) < at(1)) continue;
      if (one_by_one) {
        for (const int what : order) sim.when_idle([=] { happen(what); });
      } else {
        sim.when_idle([&] {
          for (const int what : order) happen(what);
        });
      }
      const auto done = must(communicate(running, {.input = "input"}));
      CHECK(done.out == "output");
      CHECK(done.err == "errors");
      CHECK(done.status == exit_status::exited(7));
      CHECK(done.why == ended_by::itself);
      CHECK_FALSE(done.drain_limited);
      if (at(2) < at(3) || done.unread_input == 0) CHECK(script.in.received() == "input");
      CHECK(script.in.received().size() + done.unread_input == 5);
    }
  } while (std::ranges::next_permutation(order).found);
}

// ---- completions that were told and not handled

TEST_CASE_FIXTURE(audit, "[R4][W5][W8][C4] stop takes a completion back out of the inbox, and uses it") {
  simulated::host host;
  auto loop = must(simulated::adopt(host));
  auto& script = sim.next_child();
  auto running = must(spawn(loop, on_a_loop::piped()));
  CHECK(must(running.in().write("abcdef")) == 6);
  CHECK(host.turn_now());
  script.out.feed("received");
  script.err.fail(system_code(5), "failed");
  script.in.room(2);
  host.in_next_turn([&] {
    CHECK_OK(running.out().stop());
    CHECK(running.out().available_text() == "received");
    CHECK_OK(running.err().stop());
    CHECK(running.err().available_text() == "failed");
    CHECK(running.err().error()->code == system_code(5));
    CHECK_OK(running.in().stop());
    CHECK(running.in().books() == write_books{.accepted = 6, .delivered = 2, .dropped = 4});
  });
  CHECK(host.turn_now());
  CHECK(script.out.counts().retired == 0);
  CHECK(script.in.counts().retired == 0);
  CHECK(script.in.closed());
  CHECK_OK(running.out().resume());
  script.out.feed(" more");
  for (int i = 0; i < 3; ++i) host.turn_now();
  CHECK(running.out().available_text() == "received more");
  script.exit();
  for (int i = 0; i < 3; ++i) host.turn_now();
  CHECK(running.status() == exit_status::exited(0));
  running = child();
  loop = event_loop();
  for (int i = 0; i < 3; ++i) host.turn_now();
}

TEST_CASE_FIXTURE(audit, "[C3][R8][W9][P9][C4] everything may be destroyed while its completion is in the inbox") {
  for (int which = 0; which < 6; ++which) {
    CAPTURE(which);
    simulated::host host;
    auto& script = sim.next_child();
    auto loop = std::make_unique<event_loop>(must(simulated::adopt(host)));
    auto running = std::make_unique<child>(must(spawn(*loop, on_a_loop::piped())));
    std::unique_ptr<job> work;
    auto& second = sim.next_child();
    work = std::make_unique<job>(must(run_async(*loop, command("program"), {.input = "abc"}, [](completed) {})));
    CHECK(must(running->in().write("abcdef")) == 6);
    CHECK(host.turn_now());
    for (auto* each : {&script, &second}) {
      each->out.feed("x");
      each->in.room(1);
      each->exit(exit_status::exited(3));
      each->err.fail(system_code(5));
    }
    host.in_next_turn([&] {
      if (which == 0) running->out() = pipe_reader();
      if (which == 1) running->in() = pipe_writer();
      if (which == 2) running.reset();
      if (which == 3) work.reset();
      if (which == 4) loop.reset();
      if (which == 5) {
        running.reset();
        work.reset();
        loop.reset();
      }
    });
    for (int i = 0; i < 5; ++i) host.turn_now();
    running.reset();
    work.reset();
    loop.reset();
    for (int i = 0; i < 5; ++i) host.turn();
    CHECK(sim.objects() == simulated::object_counts{});
    CHECK(script.released());
    CHECK(second.released());
  }
}

TEST_CASE_FIXTURE(audit, "[C2][T4][C4] deadline::now() forms find what is in the inbox already") {
  simulated::host host;
  auto loop = must(simulated::adopt(host));
  auto& script = sim.next_child();
  auto running = must(spawn(loop, on_a_loop::piped()));
  CHECK(must(running.in().write("abc")) == 3);
  CHECK(host.turn_now());
  script.out.feed("line\n");
  script.err.feed("text");
  script.in.room_for_all();
  host.in_next_turn([&] {
    CHECK(must(running.out().read_line(deadline::now())) == "line");
    CHECK(must(read_text(running.err(), 9, deadline::now())) == "text");
  });
  CHECK(host.turn_now());
  CHECK_OK(running.in().flush(deadline::now()));
  script.exit();
  for (int i = 0; i < 3; ++i) host.turn_now();
  CHECK(must(running.wait(deadline::now())).success());
  running = child();
  loop = event_loop();
  for (int i = 0; i < 3; ++i) host.turn_now();
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W5][W8][P10] a run that ends its child for its output, while a write of it is in the inbox") {
  for (const bool output_first : {true, false}) {
    auto& script = sim.next_child();
    auto running = start();
    sim.when_idle([&] {
      if (output_first) script.out.feed("too much");
      script.in.room(2);
      if (!output_first) script.out.feed("too much");
    });
    const auto done = must(communicate(running, {.input = "abcdef", .capture = {.bytes = 3}}));
    CHECK(done.why == ended_by::output_limit);
    CHECK(done.out == "too");
    CHECK(done.unread_input == 4);
    CHECK(running.in().books() == write_books{.accepted = 6, .delivered = 2, .dropped = 4});
    CHECK(script.in.received() == "ab");
  }
}

// ---- withheld

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4][P5] nothing that is withheld keeps a stop from coming to its end") {
  auto& script = sim.next_child();
  auto running = start();
  script.in.hold();
  script.out.hold();
  script.err.hold();
  script.in.room_for_all();
  script.out.feed("never seen");
  CHECK(must(running.in().write("never sent")) == 10);
  CHECK(running.wait(1h).failed_with(errc::timed_out));
  const auto began = sim.now();
  CHECK_OK(running.out().stop());
  CHECK_OK(running.in().stop());
  CHECK_OK(running.err().close());
  CHECK(must(running.stop(stop_policy::immediate())).phase == stop_phase::kill);
  CHECK(sim.now() == began);
  CHECK(running.in().books() == write_books{.accepted = 10, .dropped = 10});
  CHECK(script.in.received() == "");
}

TEST_CASE_FIXTURE(on_a_loop, "[W5][R4] a cancel that the system accepts late is waited for, by destruction too") {
  auto& script = sim.next_child();
  const auto began = sim.now();
  {
    auto running = start();
    script.pipes_held();
    CHECK(must(running.in().write("abc")) == 3);
    CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
    script.in.retire_lasts(1s);
    script.out.retire_lasts(1s);
    script.err.retire_lasts(1s);
  }
  CHECK(sim.now() - began == 3s);
  CHECK(script.in.closed());
  CHECK(script.out.closed());
}

TEST_CASE_FIXTURE(on_a_loop, "[R1][W3] completions that come long after their wait was given up") {
  auto& script = sim.next_child();
  auto running = start();
  script.out.hold();
  script.in.hold();
  script.out.feed("late");
  script.in.room_for_all();
  CHECK(must(running.in().write("abc")) == 3);
  CHECK(running.in().flush(1s).failed_with(errc::timed_out));
  CHECK(read_text(running.out(), 9, 1s).failed_with(errc::timed_out));
  std::string scratch(100, 'x');  // where the last read was lent is gone
  script.out.release();
  script.in.release();
  CHECK_OK(running.in().flush(1s));
  CHECK(must(read_text(running.out(), 9, 1s)) == "late");
  CHECK(scratch == std::string(100, 'x'));
}

// ---- teardown

TEST_CASE_FIXTURE(on_a_loop, "[W9][R8][P9] nothing in stop, close or destruction allocates") {
  if (!allocations_are_counted()) SKIP_CASE("this sanitizer's operator new cannot be replaced");
  const auto begun = [&] {
    auto running = start(8);
    CHECK(must(running.in().write("0123456789")) == 8);
    CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
    return running;
  };
  const auto count = [&](const auto& what) {
    auto& script = sim.next_child();
    auto running = std::make_unique<child>(begun());
    script.out.next_retire({.bytes = "abc"});
    script.in.next_retire(2);
    allocation_counter counter;
    what(running);
    const int allocations = counter.count();
    CHECK(allocations == 0);
  };
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->in().stop()); });
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->out().stop()); });
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->out().close()); });
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->in().close()); });
  count([](std::unique_ptr<child>& running) { running->in() = pipe_writer(); });
  count([](std::unique_ptr<child>& running) { running->out() = pipe_reader(); });
  count([](std::unique_ptr<child>& running) { running.reset(); });
  count([](std::unique_ptr<child>& running) {
    static_cast<void>(running->in().close());
    running->in() = pipe_writer();
    running.reset();
  });
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->begin_stop()); });
  count([](std::unique_ptr<child>& running) { static_cast<void>(running->detach()); });
}

TEST_CASE_FIXTURE(audit, "[W9][C3] nor does the end of a loop, with everything in flight") {
  if (!allocations_are_counted()) SKIP_CASE("this sanitizer's operator new cannot be replaced");
  for (int i = 0; i < 3; ++i) static_cast<void>(sim.next_child());
  struct world {
    event_loop loop = must(event_loop::create());
    child one = must(spawn(loop, on_a_loop::piped()));
    child two = must(spawn(loop, on_a_loop::piped()));
    job work = must(run_async(loop, command("program"), {.input = "abc"}, [](completed) {}));
  };
  auto all = std::make_unique<world>();
  CHECK(must(all->one.in().write("abc")) == 3);
  CHECK(must(all->two.in().write("abc")) == 3);
  CHECK_OK(all->two.in().close());
  CHECK(all->one.wait(deadline::now()).failed_with(errc::timed_out));
  allocation_counter counter;
  all.reset();
  CHECK(counter.count() == 0);
  CHECK(sim.objects() == simulated::object_counts{});
}

TEST_CASE_FIXTURE(audit, "[P9][C3] objects may be destroyed in any order") {
  // Loop, child, in, out, err, job: all 720 orders, with operations in flight.
  std::array<int, 6> order{0, 1, 2, 3, 4, 5};
  do {
    auto& script = sim.next_child();
    auto& second = sim.next_child();
    auto loop = std::make_unique<event_loop>(must(event_loop::create()));
    auto running = std::make_unique<child>(must(spawn(*loop, on_a_loop::piped())));
    auto in = std::make_unique<pipe_writer>(std::move(running->in()));
    auto out = std::make_unique<pipe_reader>(std::move(running->out()));
    auto err = std::make_unique<pipe_reader>(std::move(running->err()));
    auto work = std::make_unique<job>(must(run_async(*loop, command("program"), {.input = "abc"}, [](completed) {})));
    static_cast<void>(in->write("abc"));
    if (order[0] % 2 == 0) static_cast<void>(in->close());
    static_cast<void>(running->wait(deadline::now()));
    for (const int which : order) {
      if (which == 0) loop.reset();
      if (which == 1) running.reset();
      if (which == 2) in.reset();
      if (which == 3) out.reset();
      if (which == 4) err.reset();
      if (which == 5) work.reset();
    }
    REQUIRE(sim.objects() == simulated::object_counts{});
    REQUIRE(script.released());
    REQUIRE(second.released());
    REQUIRE(sim.misuse().empty());
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[W7][R6] a system that fails everything from some call on is reported once, and left alone") {
  for (int call = 1; call <= 6; ++call) {
    CAPTURE(call);
    auto& script = sim.next_child();
    {
      for (int i = 1; i < call; ++i) script.in.outcome({.bytes = 1});
      for (int i = 0; i < 20; ++i) script.in.fail(system_code(5));
      for (int i = 1; i < call; ++i) script.out.feed("x");
      for (int i = 0; i < 20; ++i) script.out.fail(system_code(6));
    }
    auto running = start();
    int read_errors = 0;
    int write_errors = 0;
    running.out().on_readable([&](pipe_reader& out) {
      out.consume(9);
      if (out.error()) ++read_errors;
    });
    running.in().on_written([&](pipe_writer& in) {
      if (in.error()) ++write_errors;
    });
    static_cast<void>(running.in().write("abcdefgh"));
    CHECK_OK(loop.run(1h));
    CHECK(read_errors == 1);
    CHECK(write_errors == 1);
    CHECK(script.out.counts().begun == call);
    CHECK(script.in.counts().begun + script.in.counts().tried <= call + 1);
  }
}

}  // namespace
