// Children: starting them, or not; how they end, and how that is learned.
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE_FIXTURE(on_a_loop,
                  "[P1] what a spawn fails with comes through, with stage and subject, and nothing is left") {
  const std::array stages{stage::pipe, stage::redirect, stage::cwd, stage::attributes, stage::process, stage::exec};
  for (const auto where : stages) {
    for (const int number : {1, 2, 11, 12, 13, 24}) {
      auto& script = sim.next_child();
      script.fail_spawn(error{system_code(number), where, "subject"});
      const auto failed = spawn(loop, piped());
      REQUIRE_FALSE(failed);
      CHECK(failed.error().code == system_code(number));
      CHECK(failed.error().where == where);
      CHECK(failed.error().subject == "subject");
      CHECK(sim.objects() == simulated::object_counts{.loops = 1, .wakers = 1});
    }
  }
}

TEST_CASE_FIXTURE(audit, "[P1] a loop that cannot be opened is an error, and the next try works") {
  sim.fail_loop_open(error{system_code(24), stage::loop, "descriptors"});
  const auto failed = event_loop::create();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == system_code(24));
  CHECK(failed.error().where == stage::loop);
  CHECK(sim.objects() == simulated::object_counts{});
  on_own_thread([&] {
    sim.fail_loop_open(error{system_code(24), stage::loop, "descriptors"});
    CHECK(spawn(command("program")).error().code == system_code(24));
    sim.fail_loop_open(error{system_code(12), stage::loop, "memory"});
    CHECK(run(command("program")).error().code == system_code(12));
    auto& script = sim.next_child();
    script.exit();
    CHECK(must(must(spawn(command("program"))).wait(deadline::never())).success());
  });
}

TEST_CASE_FIXTURE(on_a_loop, "[P1] what no system could start is refused before it is asked") {
  using namespace std::string_literals;
  const auto refused = [&](const command& what, std::string_view subject) {
    const auto outcome = spawn(loop, what);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == errc::invalid_argument);
    CHECK(outcome.error() == std::errc::invalid_argument);
    CHECK(outcome.error().where == stage::command);
    CHECK_MESSAGE(outcome.error().subject.find(subject) != std::string::npos, outcome.error().subject);
  };
  refused(command({}), "argv");
  refused(command(""), "program");
  refused(command("a\0b"s), "a");
  refused(command("program", {"x", "y\0z"s}), "y");
  refused(command("program").cwd("d\0"s), "d");
  refused(command("program").env("", "x"), "");
  refused(command("program").env("A=B", "x"), "A=B");
  refused(command("program").env("A\0"s, "x"), "A");
  refused(command("program").env("NAME", "x\0"s), "NAME");
  refused(command("program").in(stdio::from_file{"f\0"s}), "f");
  refused(command("program").out(stdio::to_file{"f\0"s}), "f");
  refused(command("program").err(stdio::to_file{"f\0"s}), "f");
  refused(command("program").in(stdio::pipe{0}), "in");
  refused(command("program").out(stdio::pipe{stdio::pipe::max_capacity + 1}), "out");
  refused(command("program").err(stdio::pipe{std::numeric_limits<std::size_t>::max()}), "err");
  refused(command("program").descriptor(2, {5}), "2");
  refused(command("program").descriptor(1024, {5}), "1024");
  refused(command("program").descriptor(-1, {5}), "-1");
  refused(command("program").on_destroy({.terminate = -1ms}), "");
  refused(command("program").out(stdio::to_file{"f"}).err(stdio::to_file{"f", stdio::file_mode::append}), "f");
  CHECK(sim.objects() == simulated::object_counts{.loops = 1, .wakers = 1});
}

TEST_CASE_FIXTURE(on_a_loop, "[P1] the plan is what the command says") {
  sim.host_environment({"A=1", "B=2", "C=3"});
  auto& script = sim.next_child();
  command what("program", {"one", ""});
  what.argv0("name").cwd("somewhere").env("B", "two").env("D", "4").in(stdio::null{}).err(stdio::merge{});
  what.env().unset("C");
  what.descriptor(7, {70}).descriptor(5, {50}).group(process_group::session);
  auto running = must(spawn(loop, what));
  const auto& plan = script.plan();
  CHECK(plan.program == "program");
  CHECK(plan.argv == std::vector<std::string>{"name", "one", ""});
  CHECK(plan.cwd == "somewhere");
  REQUIRE(plan.environment);
  CHECK(*plan.environment == std::vector<std::string>{"A=1", "B=two", "D=4"});
  CHECK(plan.in == stdio::input(stdio::null{}));
  CHECK(plan.out == stdio::output(stdio::inherit{}));
  CHECK(plan.err == stdio::error_output(stdio::merge{}));
  REQUIRE(plan.descriptors.size() == 2);
  CHECK(plan.descriptors[0].number == 5);
  CHECK(plan.descriptors[0].source == native_handle{50});
  CHECK(plan.descriptors[1].number == 7);
  CHECK(plan.group == process_group::session);
  CHECK(running.id() == script.id());
  CHECK_FALSE(running.in().is_open());
  CHECK_FALSE(running.out().is_open());

  auto& shell = sim.next_child();
  auto second = must(spawn(loop, command::shell("echo $HOME")));
  CHECK(shell.plan().argv == std::vector<std::string>{"/bin/sh", "-c", "echo $HOME"});
  CHECK_FALSE(shell.plan().environment);
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] wait gives the status as often as asked") {
  auto& script = sim.next_child();
  auto running = start();
  CHECK_FALSE(running.status());
  CHECK(running.wait(deadline::now()).failed_with(errc::timed_out));
  sim.after(5ms, [&] { script.exit(exit_status::exited(7)); });
  const auto began = sim.now();
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(7));
  CHECK(sim.now() - began == 5ms);
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(7));
  CHECK(must(running.wait(deadline::now())) == exit_status::exited(7));
  CHECK(running.status() == exit_status::exited(7));
  CHECK(script.exited());
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] the end is learned from the process, not from its pipes") {
  auto& held = sim.next_child();
  auto running = start();
  held.pipes_held();
  held.exit();
  CHECK(must(running.wait(1s)).success());
  CHECK(read_text(running.out(), 9, deadline::now()).failed_with(errc::timed_out));

  auto& closed = sim.next_child();
  auto quiet = start();
  closed.out.end();
  closed.err.end();
  CHECK(quiet.wait(1s).failed_with(errc::timed_out));
  CHECK_FALSE(quiet.status());
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] a child that ended before it was waited for") {
  auto& script = sim.next_child();
  script.exit(exit_status::exited(1));
  auto running = start();
  CHECK(must(running.wait(deadline::now())) == exit_status::exited(1));
}

TEST_CASE_FIXTURE(on_a_loop, "[P4] every status comes through as it is") {
  const std::array all{exit_status::exited(0),           exit_status::exited(1),
                       exit_status::exited(255),         exit_status::exited(259),
                       exit_status::exited(0xC0000005),  exit_status::exited(0xC000013A),
                       exit_status::exited(0xFFFFFFFF),  exit_status::signalled(9),
                       exit_status::signalled(11, true), exit_status::signalled(6, false)};
  for (const auto& status : all) {
    auto& script = sim.next_child();
    auto running = start();
    script.exit(status);
    CHECK(must(running.wait(deadline::never())) == status);
    CHECK(running.status() == status);
  }
}

TEST_CASE_FIXTURE(on_a_loop, "[P2][P4] a status that somebody else took is an error of wait, never a hang") {
  auto& script = sim.next_child();
  auto running = start();
  script.exit(exit_status());
  CHECK(running.wait(deadline::never()).failed_with(errc::status_unavailable));
  CHECK(running.wait(deadline::now()).failed_with(std::errc::no_child_process));
  REQUIRE(running.status());
  CHECK_FALSE(running.status()->known());
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] on_exit is called once, in run only, with the status") {
  auto& script = sim.next_child();
  auto running = start();
  std::vector<exit_status> seen;
  running.on_exit([&](child& who, const exit_status& status) {
    CHECK(&who == &running);
    CHECK(who.status() == status);
    seen.push_back(status);
  });
  script.exit(exit_status::exited(4));
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(4));
  CHECK(seen.empty());
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen == std::vector{exit_status::exited(4)});
  CHECK_OK(loop.run(deadline::never()));
  CHECK(seen.size() == 1);
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[P2] on_exit that is set after the end is called too, and one that was taken back is not") {
  auto& script = sim.next_child();
  auto running = start();
  script.exit(exit_status::exited(4));
  CHECK(must(running.wait(deadline::never())) == exit_status::exited(4));
  int calls = 0;
  running.on_exit([&](child&, const exit_status&) { ++calls; });
  running.on_exit({});
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 0);
  running.on_exit([&](child&, const exit_status&) { ++calls; });
  CHECK_OK(loop.run(deadline::never()));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(on_a_loop, "[P2] a child that moves keeps its process, its pipes and its callback") {
  auto& script = sim.next_child();
  auto first = start();
  child* called = nullptr;
  first.on_exit([&](child& who, const exit_status&) { called = &who; });
  child second = std::move(first);
  child third;
  third = std::move(second);
  CHECK(first.wait(deadline::never()).failed_with(errc::closed));
  CHECK(third.id() == script.id());
  script.out.feed("abc");
  CHECK(must(read_text(third.out(), 9, deadline::never())) == "abc");
  script.exit();
  CHECK_OK(loop.run(deadline::never()));
  CHECK(called == &third);
}

TEST_CASE_FIXTURE(audit, "[P2] an empty child") {
  child none;
  CHECK(none.id() == 0);
  CHECK_FALSE(none.status());
  CHECK(none.wait(deadline::never()).failed_with(errc::closed));
  CHECK(none.stop().failed_with(errc::closed));
  CHECK(none.begin_stop().failed_with(errc::closed));
  CHECK(none.kill().failed_with(errc::closed));
  none.on_exit([](child&, const exit_status&) {});
  CHECK_FALSE(none.in().is_open());
}

TEST_CASE_FIXTURE(on_a_loop, "[P1] only the streams that are pipes are open") {
  for (unsigned mask = 0; mask < 8; ++mask) {
    CAPTURE(mask);
    auto& script = sim.next_child();
    command what("program");
    if ((mask & 1U) != 0) what.in(stdio::pipe{});
    if ((mask & 2U) != 0) what.out(stdio::pipe{});
    if ((mask & 4U) != 0) what.err(stdio::pipe{});
    auto running = must(spawn(loop, what));
    CHECK(running.in().is_open() == ((mask & 1U) != 0));
    CHECK(running.out().is_open() == ((mask & 2U) != 0));
    CHECK(running.err().is_open() == ((mask & 4U) != 0));
    if ((mask & 2U) == 0) CHECK(read_text(running.out(), 9, deadline::never()).failed_with(errc::closed));
    if ((mask & 1U) == 0) CHECK(running.in().write("x").failed_with(errc::closed));
    CHECK(must(running.stop({.close_stdin = 10ms, .terminate = std::nullopt})).phase == stop_phase::kill);
    CHECK(script.in.made() == ((mask & 1U) != 0));
  }
}

}  // namespace
