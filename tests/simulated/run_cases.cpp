// The one-call forms: feeding and capturing together, bounds that end a run, what a result says of them.
#include "simulation.hpp"

#include <memory>

namespace {

using namespace simulation;
using platform::signal_kind;

// run() works on the default loop of its thread: each case has a thread of its own, whose loop ends with it.
class on_a_thread : public audit {
 public:
  template <class Body>
  void within(Body body) {
    on_own_thread(std::move(body));
  }
};

// A child that writes back what it is fed: `piece` bytes for each chance it gets, until its in is closed.
void behave_as_cat(simulated::script& sim, scripted_child& script, std::size_t piece) {
  struct cat {
    simulated::script& sim;
    scripted_child& script;
    std::size_t piece;
    std::size_t done = 0;

    static void step(const std::shared_ptr<cat>& self) {
      const std::string got = self->script.in.received();
      if (got.size() > self->done) {
        const std::string part = got.substr(self->done, self->piece);
        self->script.out.feed(part);
        self->script.err.feed(part.substr(0, 1));
        self->done += part.size();
      } else if (self->script.in.closed()) {
        self->script.exit();
        return;
      }
      if (got.size() - self->done < self->piece) self->script.in.room(self->piece);
      self->sim.when_idle([self] { step(self); });
    }
  };
  const auto self = std::make_shared<cat>(cat{.sim = sim, .script = script, .piece = piece});
  sim.when_idle([self] { cat::step(self); });
}

TEST_CASE_FIXTURE(on_a_thread, "[P3] run feeds and takes together, at any size, and says what became of it") {
  for (const std::size_t size : {0U, 1U, 1000U, 300'000U}) {
    CAPTURE(size);
    within([&] {
      auto& script = sim.next_child();
      behave_as_cat(sim, script, 7001);
      const std::string input = pattern::make(size);
      const auto done = must(run(command("program").in(stdio::pipe{1000}), {.input = input}));
      CHECK(done.success());
      CHECK(done.why == ended_by::itself);
      CHECK(done.status == exit_status::exited(0));
      CHECK(done.out == input);
      CHECK(done.err.size() == (size + 7000) / 7001);
      CHECK(done.unread_input == 0);
      CHECK_FALSE(done.drain_limited);
      CHECK_FALSE(done.output_error);
      CHECK_FALSE(done.last_signal);
      CHECK(done.phase == stop_phase::none);
      CHECK(script.in.closed());
      CHECK(script.released());
    });
  }
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P3] the streams that the command does not mention are piped, in is null without input") {
  within([&] {
    auto& first = sim.next_child();
    first.exit();
    CHECK(must(run(command("program"))).success());
    CHECK(first.plan().in == stdio::input(stdio::null{}));
    CHECK(std::holds_alternative<stdio::pipe>(first.plan().out));
    CHECK(std::holds_alternative<stdio::pipe>(first.plan().err));
    auto& second = sim.next_child();
    second.out.feed("merged");
    second.exit();
    const auto done = must(run(command("program").err(stdio::merge{}).in(stdio::inherit{})));
    CHECK(done.out == "merged");
    CHECK(done.err == "");
    CHECK(second.plan().err == stdio::error_output(stdio::merge{}));
    CHECK(second.plan().in == stdio::input(stdio::inherit{}));
    auto& third = sim.next_child();
    third.in.room_for_all();
    third.exit();
    CHECK(must(run(command("program"), {.input = "x"})).success());
    CHECK(std::holds_alternative<stdio::pipe>(third.plan().in));
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P3][W6] a child that closes its stdin early is no error: what it did not read is counted") {
  within([&] {
    auto& script = sim.next_child();
    script.in.room(3);
    script.in.break_pipe();
    sim.when_idle([&] {
      script.out.feed("done");
      script.exit();
    });
    const auto done = must(run(command("program"), {.input = "0123456789"}));
    CHECK(done.status.success());
    CHECK(done.out == "done");
    CHECK(done.unread_input == 10);
  });
  within([&] {
    auto& script = sim.next_child();
    script.in.room(3);
    sim.when_idle([&] { script.exit(exit_status::exited(1)); });
    const auto done = must(run(command("program"), {.input = "0123456789"}));
    CHECK(done.status == exit_status::exited(1));
    CHECK(done.unread_input == 7);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P3] a failing child is no error of run; a spawn that fails is") {
  within([&] {
    auto& script = sim.next_child();
    script.err.feed("what went wrong");
    script.exit(exit_status::exited(3));
    const auto done = must(run(command("program")));
    CHECK_FALSE(done.success());
    CHECK(done.status == exit_status::exited(3));
    CHECK(done.err == "what went wrong");
    auto& missing = sim.next_child();
    missing.fail_spawn(error{system_code(2), stage::exec, "program"});
    const auto failed = run(command("program"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == system_code(2));
    CHECK(failed.error().where == stage::exec);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P3][R6] an error of a stream is in the result, with the bytes before it") {
  within([&] {
    auto& script = sim.next_child();
    script.out.fail(system_code(5), "before");
    script.err.feed("fine");
    script.exit();
    const auto done = must(run(command("program")));
    CHECK(done.out == "before");
    CHECK(done.err == "fine");
    REQUIRE(done.output_error);
    CHECK(done.output_error->code == system_code(5));
    CHECK(done.output_error->subject == "out");
    CHECK_FALSE(done.success());
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T6][P4] the deadline kills, and is told apart from how the child ended") {
  within([&] {
    auto& script = sim.next_child();
    sim.after(100ms, [&] { script.out.feed("partial"); });
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.until = 5s, .policy = stop_policy::graceful()}));
    CHECK(done.why == ended_by::deadline);
    CHECK(done.status == exit_status::signalled(9));
    CHECK(done.phase == stop_phase::kill);
    CHECK(done.out == "partial");
    CHECK_FALSE(done.success());
    REQUIRE(done.last_signal);
    CHECK(done.last_signal->reached == mechanism::process_group);
    CHECK(done.elapsed == 5s);
    CHECK(sim.now() - began == 5s);
    REQUIRE(script.signals().size() == 1);
    CHECK(script.signals()[0].which == signal_kind::kill);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T6] the deadline stands over the graces of a stop that is under way") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_terminate();
    interrupter interrupted;
    sim.after(1s, [&] { interrupted.interrupt(); });
    const auto began = sim.now();
    const auto done =
        must(run(command("program"), {.until = 5s, .cancel = interrupted, .policy = stop_policy::graceful(1h)}));
    CHECK(done.why == ended_by::cancelled);
    CHECK(done.phase == stop_phase::kill);
    CHECK(sim.now() - began == 5s);
    CHECK(done.elapsed == 5s);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T6][P9] a policy that forbids to kill lets the child go at the deadline") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_terminate();
    script.out.feed("so far");
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.until = 5s, .policy = {.terminate = 1s, .kill = false}}));
    CHECK(done.why == ended_by::deadline);
    CHECK_FALSE(done.status.known());
    CHECK(done.out == "so far");
    CHECK(sim.now() - began == 5s);
    CHECK(done.elapsed == 5s);
    for (const auto& sent : script.signals()) CHECK(sent.which == signal_kind::terminate);
    CHECK_FALSE(script.exited());
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T6][P9] the reaping of a child that cannot be killed is bounded, once") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_kill();
    const auto began = sim.now();
    const auto done =
        must(run(command("program"), {.until = 5s, .policy = {.terminate = std::nullopt, .reap_limit = 1s}}));
    CHECK(done.why == ended_by::deadline);
    CHECK_FALSE(done.status.known());
    CHECK(done.elapsed == 6s);
    CHECK(sim.now() - began == 6s);
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[T6][T7] a deadline that has come, or a cancellation asked for before, spawns nothing") {
  within([&] {
    CHECK(run(command("program"), {.until = deadline::now()}).failed_with(errc::timed_out));
    CHECK(run(command("program"), {.until = sim.now() - 1s}).failed_with(errc::timed_out));
    interrupter interrupted;
    interrupted.interrupt();
    CHECK(run(command("program"), {.cancel = interrupted}).failed_with(errc::cancelled));
    std::stop_source source;
    source.request_stop();
    CHECK(run(command("program"), {.cancel = source.get_token()}).failed_with(errc::cancelled));
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T7] a cancellation stops by the policy, with its graces") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_terminate();
    std::stop_source source;
    sim.after(100ms, [&] { std::thread([&] { source.request_stop(); }).join(); });
    const auto began = sim.now();
    const auto done = must(
        run(command("program"), {.cancel = source.get_token(), .policy = {.close_stdin = 10ms, .terminate = 20ms}}));
    CHECK(done.why == ended_by::cancelled);
    CHECK(done.phase == stop_phase::kill);
    CHECK(sim.now() - began == 130ms);
    CHECK(script.signals().size() == 2);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[T5][P4] an end and a deadline at the same moment: the end wins") {
  within([&] {
    auto& script = sim.next_child();
    sim.after(1s, [&] {
      script.out.feed("last");
      script.exit();
    });
    const auto done = must(run(command("program"), {.until = 1s}));
    CHECK(done.why == ended_by::itself);
    CHECK(done.success());
    CHECK(done.out == "last");
    CHECK(script.signals().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P7] the end of the output is awaited so long after the exit, and what arrived is kept") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    sim.after(1s, [&] {
      script.out.feed("at exit ");
      script.exit();
    });
    sim.after(1100ms, [&] { script.out.feed("after"); });
    sim.after(1300ms, [&] { script.out.feed("too late"); });
    const auto began = sim.now();
    const auto done = must(run(command("program")));
    CHECK(done.drain_limited);
    CHECK(done.why == ended_by::itself);
    CHECK(done.out == "at exit after");
    CHECK(done.status.success());
    CHECK(sim.now() - began == 1250ms);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7] an output that ends in time does not make the call wait longer") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit();
    sim.after(100ms, [&] { script.out.end(); });
    sim.after(200ms, [&] {
      script.err.feed("last");
      script.err.end();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program")));
    CHECK_FALSE(done.drain_limited);
    CHECK(done.success());
    CHECK(done.err == "last");
    CHECK(sim.now() - began == 200ms);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7] drain_limit is the caller's: zero takes what is there; an hour waits an hour") {
  for (const auto limit : {0ms, 1ms, 3'600'000ms}) {
    CAPTURE(limit);
    within([&] {
      auto& script = sim.next_child();
      script.pipes_held();
      script.out.feed("there");
      script.exit();
      const auto began = sim.now();
      const auto done = must(run(command("program"), {.drain_limit = limit}));
      CHECK(done.drain_limited);
      CHECK(done.out == "there");
      CHECK(sim.now() - began == limit);
    });
  }
}

TEST_CASE_FIXTURE(on_a_thread, "[P7][T6] the deadline bounds the awaiting of output too") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    sim.after(900ms, [&] {
      script.out.feed("kept");
      script.exit();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.until = 1s, .drain_limit = 10s}));
    CHECK(done.drain_limited);
    CHECK(done.out == "kept");
    CHECK(done.status.success());
    CHECK(sim.now() - began == 1s);
    CHECK(script.signals().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P7][T7] a cancellation ends the awaiting of output, and what arrived is kept") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit(exit_status::exited(3));
    interrupter interrupted;
    sim.after(1s, [&] {
      script.out.feed("kept");
      interrupted.interrupt();
    });
    const auto began = sim.now();
    const auto done = must(run(command("program"), {.cancel = interrupted, .drain_limit = 10s}));
    CHECK(sim.now() - began == 1s);
    CHECK(done.out == "kept");
    CHECK(done.drain_limited);
    CHECK(done.status == exit_status::exited(3));
    CHECK(script.signals().empty());
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P7][R5][R3][R7] what the pipe holds at the drain limit is taken, whatever it answers first") {
  within([&] {
    auto& script = sim.next_child();
    script.pipes_held();
    script.exit();
    script.out.hold();
    script.err.hold();
    script.out.empty_completion();
    script.out.feed("one ");
    script.out.fail(make_error_code(std::errc::operation_canceled));
    script.out.feed("two");
    sim.after(250ms, [&] {
      script.out.release();
      script.err.release();
    });
    const auto done = must(run(command("program")));
    CHECK(done.drain_limited);
    CHECK(done.out == "one two");
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] capture policies: error, keep_head, keep_head_and_tail") {
  const std::string text = pattern::make(1000);
  const auto run_with = [&](capture_limit limit, scripted_child& script) {
    std::optional<completed> done;
    within([&] {
      for (std::size_t at = 0; at < text.size(); at += 37) {
        sim.when_idle([&, at] {
          script.out.feed(std::string_view(text).substr(at, 37));
          if (at + 37 >= text.size()) script.exit();
        });
      }
      done = must(run(command("program"), {.capture = limit}));
    });
    return *std::move(done);
  };
  {
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = 100, .on_overflow = overflow::error}, script);
    CHECK(done.why == ended_by::output_limit);
    CHECK(done.status == exit_status::signalled(9));
    CHECK(done.out == text.substr(0, 100));
    CHECK(done.out_dropped > 0);
    CHECK_FALSE(done.success());
    CHECK(script.signals().size() == 1);
  }
  {
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = 100, .on_overflow = overflow::keep_head}, script);
    CHECK(done.why == ended_by::itself);
    CHECK(done.status.success());
    CHECK(done.out == text.substr(0, 100));
    CHECK(done.out_dropped == 900);
    CHECK_FALSE(done.success());
    CHECK(script.signals().empty());
  }
  for (const std::size_t limit : {0U, 1U, 2U, 3U, 99U, 100U, 999U, 1000U, 1001U}) {
    CAPTURE(limit);
    auto& script = sim.next_child();
    const auto done = run_with({.bytes = limit, .on_overflow = overflow::keep_head_and_tail}, script);
    const std::size_t kept = std::min<std::size_t>(limit, text.size());
    CHECK(done.out_dropped == text.size() - kept);
    REQUIRE(done.out.size() == kept);
    if (limit >= text.size()) {
      CHECK(done.out == text);
      CHECK(done.success());
    } else {
      const std::size_t tail = limit / 2;
      CHECK(done.out.substr(0, limit - tail) == text.substr(0, limit - tail));
      CHECK(done.out.substr(limit - tail) == text.substr(text.size() - tail));
    }
  }
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] a limit that is met exactly is not exceeded; each stream has its own") {
  within([&] {
    auto& script = sim.next_child();
    script.out.feed("0123456789");
    script.err.feed("0123456789");
    script.exit();
    const auto done = must(run(command("program"), {.capture = {.bytes = 10}}));
    CHECK(done.success());
    CHECK(done.out.size() == 10);
    CHECK(done.err.size() == 10);
    auto& second = sim.next_child();
    second.out.feed("0123456789");
    second.err.feed("0123456789A");
    const auto over = must(run(command("program"), {.capture = {.bytes = 10}}));
    CHECK(over.why == ended_by::output_limit);
    CHECK(over.out == "0123456789");
    CHECK(over.err == "0123456789");
    CHECK(over.out_dropped == 0);
    CHECK(over.err_dropped == 1);
  });
}

TEST_CASE_FIXTURE(on_a_thread,
                  "[P10][T6] a child that goes beyond the limit is stopped by the policy, and read on meanwhile") {
  within([&] {
    auto& script = sim.next_child();
    script.ignore_terminate();
    script.out.feed("0123456789");
    script.on_terminate([&] {
      script.out.feed("and on");
      sim.after(50ms, [&] {
        script.out.feed("and on");
        script.exit(exit_status::exited(0));
      });
    });
    const auto done = must(run(command("program"), {.capture = {.bytes = 5}, .policy = {.terminate = 100ms}}));
    CHECK(done.why == ended_by::output_limit);
    CHECK(done.phase == stop_phase::terminate);
    CHECK(done.status == exit_status::exited(0));
    CHECK(done.out == "01234");
    CHECK(done.out_dropped == 17);
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P3] options that are impossible are refused, and nothing is spawned") {
  within([&] {
    CHECK(run(command("program"), {.drain_limit = -1ms}).failed_with(errc::invalid_argument));
    CHECK(run(command("program"), {.capture = {.bytes = capture_limit::max_bytes + 1}})
              .failed_with(errc::invalid_argument));
    CHECK(run(command("program"), {.policy = {.close_stdin = -1ms}}).failed_with(errc::invalid_argument));
    CHECK(run(command("program"), {.policy = {.terminate = -1ms}}).failed_with(errc::invalid_argument));
    CHECK(run(command("program"), {.policy = {.reap_limit = -1ms}}).failed_with(errc::invalid_argument));
    CHECK(run(command("program").in(stdio::null{}), {.input = "x"}).failed_with(errc::invalid_argument));
    CHECK(run(command({})).failed_with(errc::invalid_argument));
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P3][T3] a run that has to wait long ends exactly, also beyond 2^32 ms") {
  within([&] {
    const auto length = std::chrono::milliseconds((std::int64_t{1} << 32) + 5);
    auto& script = sim.next_child();
    script.ignore_terminate();
    const auto began = sim.now();
    CHECK(must(run(command("program"), {.until = length})).why == ended_by::deadline);
    CHECK(sim.now() - began == length);
    for (const auto& wait : sim.waits()) CHECK(wait.until <= wait.began + 24h);
  });
}

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
    CHECK(script.released());
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
  CHECK(script.released());
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
