// run: feeding and taking together, and the bounds that end it.
#include "runs.hpp"
#include "simulation.hpp"

#include <spawnpipe/stop_token.hpp>

namespace {

using namespace simulation;
using platform::signal_kind;

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

}  // namespace
