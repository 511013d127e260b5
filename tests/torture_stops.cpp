#include "torture.hpp"

#include "children.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <vector>

namespace torture {
namespace {

using harness::command;
using spawnpipe::child;
using spawnpipe::event_loop;
using spawnpipe::exit_status;
using spawnpipe::stop_policy;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

stop_policy all_phases() { return brief(stop_policy::graceful(5ms)); }

// Of a child that ends by this, in whatever state it is.
void check_stop(child& running, const stop_policy& how) {
  const auto report = running.stop(how, limit());
  if (!went_well(report)) return;
  CHECK((report->status.known() || excused.end_untold));
  if (running.in().books().accepted > 0) {
    const auto books = running.in().books();
    CHECK(books.accepted == books.delivered + books.unsent + books.dropped + books.unknown);
  }
  const auto again = running.stop(how, limit());
  CHECK(again);
  note_streams(running);
}

void by_all_phases() {
  auto running =
      spawnpipe::spawn(command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  check_stop(*running, all_phases());
}

void by_its_terminate() {
  auto running =
      spawnpipe::spawn(command("exit-on-terminate").in(pipe{}).out(pipe{}).err(pipe{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  check_stop(*running, brief({.terminate = 100ms}));
}

void by_its_stdin() {
  auto running = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}).on_destroy(kill_soon()));
  if (went_well(running)) check_stop(*running, brief(stop_policy::graceful(100ms)));
}

// At once, most likely before it has come to its main.
void just_born() {
  auto running = spawnpipe::spawn(command("hang").in(pipe{}).out(pipe{}).err(pipe{}).on_destroy(kill_soon()));
  if (went_well(running)) check_stop(*running, kill_soon());
}

void while_it_is_fed() {
  auto running =
      spawnpipe::spawn(command("hang", "ready").in(pipe{1 << 20}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->in().write(pattern::make(400'000)));
  check_stop(*running, kill_soon());
}

void while_it_writes() {
  auto running = spawnpipe::spawn(command("yes").in(null{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->wait(2ms));
  check_stop(*running, kill_soon());
}

void ended_before() {
  auto running = spawnpipe::spawn(command("exit", 3).in(pipe{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->wait(limit()));
  check_stop(*running, all_phases());
  note(running->kill());
}

void in_the_background() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  auto running =
      spawnpipe::spawn(*loop, command("ignore-terminate").in(pipe{}).out(null{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  const auto begun = running->begin_stop(all_phases());
  CHECK(begun);
  std::optional<exit_status> told;
  running->on_exit([&](child&, const exit_status& how) { told = how; });
  note(loop->run(limit()));
  CHECK(told);
  CHECK(running->status() == told);
}

// Without a handle its loop waits for it.
void destroyed_in_a_callback() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  auto running =
      spawnpipe::spawn(*loop, command("hang", "up").in(pipe{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  std::optional<child> gone = std::move(*running);
  gone->out().on_readable([&](spawnpipe::pipe_reader&) {
    note_streams(*gone);
    gone.reset();
  });
  note(loop->run(limit()));
  if (gone) note(gone->stop(kill_soon(), limit()));
}

void destroyed() {
  auto running = spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(pipe{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  note_streams(running->in(), running->err());
}

void tree_killed() {
  auto running = spawnpipe::spawn(command("tree", "hang").in(null{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  note(running->kill());
  finish(*running);
}

void best_tree() {
  auto running = spawnpipe::spawn(command("tree", "hang")
                                      .in(null{})
                                      .out(pipe{})
                                      .err(null{})
                                      .tree(spawnpipe::process_tree::best)
                                      .on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  check_stop(*running, kill_soon());
}

// What is left when the child itself has ended.
void left_behind() {
  auto running =
      spawnpipe::spawn(command("grandchild", "sleep", 1000).in(null{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  note(running->wait(limit()));
  check_stop(*running, kill_soon());
}

void many_together() {
  std::vector<child> all;
  std::vector<child*> which;
  all.reserve(3);
  for (int i = 0; i < 3; ++i) {
    auto running = spawnpipe::spawn(command("hang").in(pipe{}).out(null{}).err(null{}).on_destroy(kill_soon()));
    if (went_well(running)) all.push_back(std::move(*running));
  }
  for (child& each : all) which.push_back(&each);
  for (const auto& report : spawnpipe::stop_all(which, brief(stop_policy::graceful(1ms)), limit())) note(report);
}

void at_a_deadline() {
  auto running =
      spawnpipe::spawn(command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  const bool ready = went_well(running->out().read_line(limit()));
  const auto report = running->stop(brief({.terminate = 10s}), 10ms);
  if (went_well(report) && ready) CHECK(report->cut_short);
  note_streams(*running);
}

constexpr std::array all = {
    scenario{"a child that is stopped by all phases", by_all_phases},
    scenario{"a running child that is destroyed", destroyed},
    scenario{"a child that is stopped while its loop runs", in_the_background},
    scenario{"a tree that is killed", tree_killed},
    scenario{"three children that are stopped together", many_together},
    scenario{"a tree that is held together as well as can be", best_tree},
    scenario{"a child that ends when it is asked to", by_its_terminate},
    scenario{"a child that ends with its input", by_its_stdin},
    scenario{"a child that is stopped as soon as it is there", just_born},
    scenario{"a child that is stopped while it is fed", while_it_is_fed},
    scenario{"a child that is stopped while it writes", while_it_writes},
    scenario{"a child that is stopped when it has ended", ended_before},
    scenario{"a child that is destroyed in a callback", destroyed_in_a_callback},
    scenario{"a tree that is stopped when its first process has ended", left_behind},
    scenario{"a stop that a deadline cuts short", at_a_deadline},
};

}  // namespace

std::span<const scenario> of_stops() { return all; }

}  // namespace torture
