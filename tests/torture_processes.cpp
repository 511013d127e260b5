#include "torture.hpp"

#include "allocation.hpp"
#include "children.hpp"

#include <spawnpipe/forward_interrupts.hpp>
#include <spawnpipe/stop_token.hpp>

#include <array>
#include <string>
#include <vector>

namespace torture {
namespace {

using harness::command;
using spawnpipe::child;
using spawnpipe::ended_by;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// What comes without any fault.
constexpr std::initializer_list<std::errc> not_there = {std::errc::no_such_file_or_directory};

void wait_for(child& running) {
  if (const auto status = running.wait(limit()); went_well(status)) CHECK(status->success());
}

void three_pipes() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}));
  if (!went_well(running)) return;
  note(running->in().close());
  wait_for(*running);
  finish(*running);
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
  note_run(*done);
  if (done->success() && !done->output_error && !excused.false_end) CHECK(done->out.starts_with("text"));
}

void missing_program() {
  const auto refused = spawnpipe::spawn(spawnpipe::command("spawnpipe-no-such-program", {"x"}));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), not_there);
}

void missing_relative_program() {
  const auto refused = spawnpipe::spawn(spawnpipe::command("./spawnpipe-no-such-program"));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), not_there);
}

void missing_folder() {
  const harness::temp_dir folder;
  const auto refused = spawnpipe::spawn(command("exit").cwd(folder / "missing"));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), not_there);
}

void missing_input() {
  const harness::temp_dir folder;
  const auto refused = spawnpipe::spawn(command("cat").in(spawnpipe::stdio::from_file{folder / "missing"}));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), not_there);
}

void detached() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}));
  if (!went_well(running)) return;
  const auto id = running->id();
  const auto let_go = running->detach();
  // Its loop is in progress, and reaps it: while it lasts, so not without memory. One of them may fail.
  const harness::allocation_pause ours;
  CHECK_OK(let_go);
  CHECK(harness::gone_within(id, 10s));
  for (int round = 0; round < 2; ++round) {
    const auto done = spawnpipe::run(command("exit"), {.until = limit()});
    if (went_well(done)) note_run(*done);
  }
}

void tree_waited_for() {
  auto running = spawnpipe::spawn(command("grandchild", "until-eof").in(pipe{}).out(pipe{}).err(null{}));
  if (!went_well(running)) return;
  note(running->wait(limit()));
  note(running->in().close());
  // Who has ended counts as there until it is reaped, where the system does not tell more: by whom it now belongs to, in its own time.
  if (const auto report = running->wait_tree(harness::scaled(200ms)); went_well(report)) CHECK(report->gone);
  finish(*running);
}

void held_output() {
  const auto done = spawnpipe::run(command("grandchild", "sleep", 1000).on_destroy(kill_soon()),
                                   {.until = limit(), .policy = kill_soon(), .drain_limit = 20ms});
  if (!went_well(done)) return;
  note_run(*done);
  if (done->why == ended_by::itself && !done->output_error && !excused.false_end) {
    CHECK(done->drain_limited);
  }
}

void deadline_comes() {
  const auto done = spawnpipe::run(command("hang"), {.until = 20ms});
  if (!went_well(done)) return;
  note_run(*done);
  CHECK(done->why == ended_by::deadline);
}

void cancelled() {
  std::stop_source asked;
  joined_thread asks([&] {
    std::this_thread::sleep_for(5ms);
    asked.request_stop();
  });
  const auto done = spawnpipe::run(command("hang"), {.until = limit(), .cancel = asked.get_token()});
  asks.join();
  if (!went_well(done)) return;
  note_run(*done);
  CHECK((done->why == ended_by::cancelled || excused.held));
}

void tied_to_the_host() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}).end_with_host());
  if (!went_well(running)) return;
  note(running->in().close());
  wait_for(*running);
}

void session() {
  auto running = spawnpipe::spawn(
      command("until-eof").in(pipe{}).out(null{}).err(null{}).group(spawnpipe::process_group::session));
  if (!went_well(running)) return;
  note(running->terminate());
  note(running->in().close());
  note(running->wait(limit()));
}

void interrupts_forwarded() {
  auto guard = spawnpipe::forward_interrupts::begin();
  if (!went_well(guard)) return;
  auto running = spawnpipe::spawn(command("exit").in(null{}).out(null{}).err(null{}));
  if (went_well(running)) wait_for(*running);
}

void file_for_both() {
  const harness::temp_dir folder;
  const std::string path = folder / "both";
  for (const auto mode : {spawnpipe::stdio::file_mode::create_new, spawnpipe::stdio::file_mode::append}) {
    auto running = spawnpipe::spawn(command("write", 10, 10, "both")
                                        .in(null{})
                                        .out(spawnpipe::stdio::to_file{path, mode})
                                        .err(spawnpipe::stdio::to_file{path, mode}));
    if (!went_well(running)) return;
    wait_for(*running);
  }
  const harness::allocation_pause ours;
  if (!excused.held) CHECK(harness::read_file(path).size() == 40);
}

void file_that_is_there() {
  const harness::temp_dir folder;
  harness::write_file(folder / "there", "some text");
  const auto refused = spawnpipe::spawn(command("exit").in(null{}).out(
      spawnpipe::stdio::to_file{folder / "there", spawnpipe::stdio::file_mode::create_new}));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), {std::errc::file_exists});
}

void nobodys_child() {
  const auto id = spawnpipe::spawn_detached(command("exit"));
  if (!went_well(id)) return;
  CHECK(harness::gone_within(*id, 10s));
}

// More than one look at the system for news tells.
void many_children() {
  auto loop = spawnpipe::event_loop::create();
  if (!went_well(loop)) return;
  int ended = 0;
  std::vector<child> all;
  for (int count = 0; count < 12; ++count) {
    auto running = spawnpipe::spawn(*loop, command("exit", count).in(null{}).out(null{}).err(null{}));
    if (!went_well(running)) continue;
    all.push_back(std::move(*running));
    all.back().on_exit([&](child&, const spawnpipe::exit_status&) { ++ended; });
  }
  note(loop->run(limit()));
  CHECK(ended == static_cast<int>(all.size()));
}

constexpr std::array all = {
    scenario{"a child with three pipes", three_pipes},
    scenario{"a child with an environment, a directory and files", surroundings},
    scenario{"a line for the shell", shell_line},
    scenario{"a child without streams and variables", no_streams},
    scenario{"a program that is not there", missing_program},
    scenario{"a program that is not there, below this directory", missing_relative_program},
    scenario{"a directory that is not there", missing_folder},
    scenario{"an input that is not there", missing_input},
    scenario{"a child that is let go", detached},
    scenario{"a tree that is waited for", tree_waited_for},
    scenario{"output that a grandchild holds", held_output},
    scenario{"a run whose deadline comes", deadline_comes},
    scenario{"a run that is cancelled", cancelled},
    scenario{"a child that is tied to its host", tied_to_the_host},
    scenario{"a child with a session of its own", session},
    scenario{"interrupts that are forwarded", interrupts_forwarded},
    scenario{"a file for both outputs, made and added to", file_for_both},
    scenario{"a file that is not to be there", file_that_is_there},
    scenario{"a process that is nobody's child", nobodys_child},
    scenario{"a dozen children on a loop", many_children},
};

}  // namespace

std::span<const scenario> of_processes() { return all; }

}  // namespace torture
