#include "torture.hpp"

#include "children.hpp"

#include <spawnpipe/forward_interrupts.hpp>
#include <spawnpipe/stop_token.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace torture {
namespace {

using harness::command;
using spawnpipe::child;
using spawnpipe::ended_by;
using spawnpipe::stop_policy;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

void wait_for(child& running) {
  if (const auto status = running.wait(limit()); went_well(status)) CHECK(status->success());
}

// What is left of a tree may be out of reach, and is not waited for.
stop_policy kill_soon() {
  stop_policy how = stop_policy::immediate();
  how.reap_limit = harness::scaled(200ms);
  return how;
}

void three_pipes() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
  if (!went_well(running)) return;
  static_cast<void>(running->in().close());
  wait_for(*running);
}

void surroundings() {
  const harness::temp_dir folder;
  harness::write_file(folder / "in", "some text");
  auto running = spawnpipe::spawn(command("cat")
                                      .in(spawnpipe::stdio::from_file{folder / "in"})
                                      .out(spawnpipe::stdio::to_file{folder / "out"})
                                      .err(merge{})
                                      .cwd(folder.text())
                                      .env("SOME", "thing"));
  if (went_well(running)) wait_for(*running);
}

void no_streams() {
  auto what = command("exit").in(null{}).out(null{}).err(null{});
  what.env().clear();
  auto running = spawnpipe::spawn(what.argv0("another name"));
  if (went_well(running)) wait_for(*running);
}

void shell_line() {
  const auto done = spawnpipe::run(spawnpipe::command::shell("echo text"), {.until = limit()});
  if (!went_well(done)) return;
  if (done->success() && !excused.false_end) CHECK(done->out.starts_with("text"));
}

void missing_program() {
  const auto refused = spawnpipe::spawn(spawnpipe::command("spawnpipe-no-such-program", {"x"}));
  REQUIRE_FALSE(refused);
  check_said(refused.error());
}

void missing_folder() {
  const harness::temp_dir folder;
  const auto refused = spawnpipe::spawn(command("exit").cwd(folder / "missing"));
  REQUIRE_FALSE(refused);
  check_said(refused.error());
}

void missing_input() {
  const harness::temp_dir folder;
  const auto refused = spawnpipe::spawn(command("cat").in(spawnpipe::stdio::from_file{folder / "missing"}));
  REQUIRE_FALSE(refused);
  check_said(refused.error());
}

void stopped_by_all_phases() {
  auto running = spawnpipe::spawn(command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  static_cast<void>(went_well(running->out().read_line(limit())));
  CHECK_OK(running->stop(stop_policy::graceful(5ms), limit()));
}

void stopped_in_the_background() {
  auto loop = spawnpipe::event_loop::create();
  if (!went_well(loop)) return;
  auto running = spawnpipe::spawn(*loop, command("ignore-terminate").in(pipe{}).out(null{}).err(null{}));
  if (!went_well(running)) return;
  CHECK_OK(running->begin_stop(stop_policy::graceful(5ms)));
  static_cast<void>(loop->run(limit()));
  CHECK(running->status().has_value());
}

void destroyed() {
  auto running = spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(pipe{}).on_destroy(kill_soon()));
  if (went_well(running)) static_cast<void>(running->out().read_line(limit()));
}

void detached() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}));
  if (!went_well(running)) return;
  const auto id = running->id();
  CHECK_OK(running->detach());
  CHECK(harness::gone_within(id, 10s));
  // Its loop is in progress, and reaps it. One of them may fail.
  for (int round = 0; round < 2; ++round) static_cast<void>(spawnpipe::run(command("exit"), {.until = limit()}));
}

void tree_waited_for() {
  auto running = spawnpipe::spawn(command("grandchild", "until-eof").in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  static_cast<void>(running->wait(limit()));
  static_cast<void>(running->in().close());
  if (const auto report = running->wait_tree(limit()); went_well(report)) CHECK(report->gone);
}

void tree_killed() {
  auto running = spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  static_cast<void>(running->out().read_line(limit()));
  static_cast<void>(went_well(running->kill()));
  static_cast<void>(running->stop(kill_soon(), limit()));
}

void held_output() {
  const auto done = spawnpipe::run(command("grandchild", "sleep", 60), {.until = limit(), .drain_limit = 20ms});
  if (went_well(done) && done->why == ended_by::itself && !done->output_error && !excused.false_end) {
    CHECK(done->drain_limited);
  }
}

void deadline_comes() {
  const auto done = spawnpipe::run(command("hang"), {.until = 20ms});
  if (went_well(done)) CHECK(done->why == ended_by::deadline);
}

void cancelled() {
  std::stop_source asked;
  std::thread asks([&] {
    std::this_thread::sleep_for(5ms);
    asked.request_stop();
  });
  const auto done = spawnpipe::run(command("hang"), {.until = limit(), .cancel = asked.get_token()});
  asks.join();
  if (went_well(done)) CHECK((done->why == ended_by::cancelled || excused.held));
}

void many_stopped() {
  std::vector<child> all;
  std::vector<child*> which;
  for (int i = 0; i < 3; ++i) {
    auto running = spawnpipe::spawn(command("hang").in(pipe{}).out(null{}).err(null{}));
    if (went_well(running)) all.push_back(std::move(*running));
  }
  for (child& each : all) which.push_back(&each);
  for (const auto& report : spawnpipe::stop_all(which, stop_policy::graceful(1ms), limit())) CHECK_OK(report);
}

void tied_to_the_host() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}).end_with_host());
  if (!went_well(running)) return;
  static_cast<void>(running->in().close());
  wait_for(*running);
}

void best_tree() {
  auto running =
      spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(null{}).tree(spawnpipe::process_tree::best));
  if (!went_well(running)) return;
  static_cast<void>(running->out().read_line(limit()));
  CHECK_OK(running->stop(kill_soon(), limit()));
}

void session() {
  auto running = spawnpipe::spawn(
      command("until-eof").in(pipe{}).out(null{}).err(null{}).group(spawnpipe::process_group::session));
  if (!went_well(running)) return;
  static_cast<void>(went_well(running->terminate()));
  static_cast<void>(running->in().close());
  static_cast<void>(running->wait(limit()));
}

void interrupts_forwarded() {
  auto guard = spawnpipe::forward_interrupts::begin();
  if (!went_well(guard)) return;
  auto running = spawnpipe::spawn(command("exit").in(null{}).out(null{}).err(null{}));
  if (went_well(running)) wait_for(*running);
}

constexpr std::array all = {
    scenario{"a child with three pipes", three_pipes},
    scenario{"a child with an environment, a directory and files", surroundings},
    scenario{"a child that is stopped by all phases", stopped_by_all_phases},
    scenario{"a running child that is destroyed", destroyed},
    scenario{"a line for the shell", shell_line},
    scenario{"a child without streams and variables", no_streams},
    scenario{"a program that is not there", missing_program},
    scenario{"a directory that is not there", missing_folder},
    scenario{"an input that is not there", missing_input},
    scenario{"a child that is stopped while its loop runs", stopped_in_the_background},
    scenario{"a child that is let go", detached},
    scenario{"a tree that is waited for", tree_waited_for},
    scenario{"a tree that is killed", tree_killed},
    scenario{"output that a grandchild holds", held_output},
    scenario{"a run whose deadline comes", deadline_comes},
    scenario{"a run that is cancelled", cancelled},
    scenario{"three children that are stopped together", many_stopped},
    scenario{"a child that is tied to its host", tied_to_the_host},
    scenario{"a tree that is held together as well as can be", best_tree},
    scenario{"a child with a session of its own", session},
    scenario{"interrupts that are forwarded", interrupts_forwarded},
};

}  // namespace

std::span<const scenario> of_processes() { return all; }

}  // namespace torture
