// What only POSIX systems have, for the torture: descriptors, adopted loops and orphans, terminals, control groups.
#include "../torture.hpp"

#include "../allocation.hpp"
#include "../children.hpp"
#include "descriptors.hpp"

#include <spawnpipe/posix.hpp>

#include <array>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <uv.h>

namespace torture {
namespace {

using harness::command;
using harness::scaled;
using spawnpipe::errc;
using spawnpipe::event_loop;
using spawnpipe::posix::fd;
using spawnpipe::posix::orphan_adoption;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// A descriptor of the test's own.
class null_device {
 public:
  null_device() : fd_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {}
  null_device(const null_device&) = delete;
  null_device& operator=(const null_device&) = delete;
  ~null_device() { ::close(fd_); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void own_descriptors() {
  const null_device given;
  const auto done = spawnpipe::run(command("fds")
                                       .in(spawnpipe::stdio::handle{fd(given.get())})
                                       .descriptor(5, fd(given.get()))
                                       .descriptor(3, fd(given.get())),
                                   {.until = limit()});
  if (!went_well(done)) return;
  const harness::allocation_pause ours;
  note_run(*done);
  if (!done->success() || done->output_error || excused.held || excused.false_end) return;
  const auto seen = harness::descriptors_of(done->out);
  CHECK(seen.size() == 5);
}

void closed_descriptor() {
  const auto refused = spawnpipe::spawn(command("exit").descriptor(7, fd(900)));
  REQUIRE_FALSE(refused);
  check_said(refused.error(), {std::errc::bad_file_descriptor});
}

// A loop of the host's, on which nothing of ours may be left.
class host_loop {
 public:
  host_loop() { uv_loop_init(&uv); }
  host_loop(const host_loop&) = delete;
  host_loop& operator=(const host_loop&) = delete;
  ~host_loop() {
    // A child that was destroyed while it ran keeps the loop alive until it is reaped.
    for (const spawnpipe::deadline until = scaled(2s); uv_run(&uv, UV_RUN_NOWAIT) != 0 && !until.passed();) {
      std::this_thread::sleep_for(100us);
    }
    uv_run(&uv, UV_RUN_NOWAIT);  // the last turn
    const bool closed = uv_loop_close(&uv) == 0;
    CHECK(closed);
  }

  // Turns until `done` holds or the scenario's limit has come.
  template <class Done>
  void turn_until(Done done) {
    const auto until = limit();
    while (!done() && !until.passed()) {
      if (uv_run(&uv, UV_RUN_NOWAIT) == 0) return;
      std::this_thread::sleep_for(100us);
    }
  }

  uv_loop_t uv{};
};

void adopted_loop() {
  host_loop host;
  auto loop = spawnpipe::posix::adopt(&host.uv);
  if (!went_well(loop)) return;
  auto running = spawnpipe::spawn(*loop, command("cat").in(pipe{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  std::size_t got = 0;
  bool ended = false;
  bool over = false;
  running->out().on_readable([&](spawnpipe::pipe_reader& from) {
    got += from.available().size();
    from.consume(from.available().size());
    over = from.at_end() || from.error();
  });
  running->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) { ended = true; });
  const auto taken = running->in().write("some text");
  note(taken);
  note(running->in().close());
  host.turn_until([&] { return ended && over; });
  note_streams(*running);
  if (running->in().error() || running->out().error()) return;
  if (taken && ended && !excused.false_end) CHECK(got == *taken);
}

void run_on_adopted_loop() {
  host_loop host;
  auto loop = spawnpipe::posix::adopt(&host.uv);
  if (!went_well(loop)) return;
  bool ended = false;
  auto made = spawnpipe::run_async(*loop, command("cat"), {.input = "some text", .until = limit()},
                                   [&](const spawnpipe::completed& done) { ended = true, note_run(done); });
  if (!went_well(made)) return;
  host.turn_until([&] { return ended; });
  CHECK(ended);
}

// Its descriptor is waited for, as a host does that has another loop.
void polled_loop() {
  auto loop = event_loop::create();
  if (!went_well(loop)) return;
  bool ended = false;
  auto made = spawnpipe::run_async(*loop, command("cat"), {.input = "some text", .until = limit()},
                                   [&](const spawnpipe::completed& done) { ended = true, note_run(done); });
  if (!went_well(made)) return;
  const auto until = limit();
  while (!ended && !until.passed()) {
    const auto next = loop->next_deadline();
    struct pollfd ready = {.fd = fd(loop->native()), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, next.is_now() ? 0 : 20);
    note(loop->run(spawnpipe::deadline::now()));
  }
  CHECK(ended);
}

void adopted_orphans() {
  auto adopts = orphan_adoption::begin();
  if (!went_well(adopts)) return;
  auto running = spawnpipe::spawn(
      command("grandchild", "session", "sleep", 1000).in(null{}).out(pipe{}).err(null{}).on_destroy(kill_soon()));
  if (!went_well(running)) return;
  note(running->out().read_line(limit()));
  note(running->wait(limit()));
  if (const auto report = running->stop(kill_soon(), limit()); went_well(report)) {
    if (report->tree.exact) CHECK((report->tree.gone || excused.orphans_away));
  }
  finish(*running);
}

void contained_tree() {
  auto running = spawnpipe::spawn(command("tree", "hang")
                                      .in(null{})
                                      .out(pipe{})
                                      .err(null{})
                                      .tree(spawnpipe::process_tree::contained)
                                      .on_destroy(kill_soon()));
  if (!went_well(running)) {
    const bool expected = running.failed_with(errc::not_supported) || running.failed_with(std::errc::not_enough_memory);
    CHECK((expected || fault_code != 0));
    return;
  }
  note(running->out().read_line(limit()));
  note(running->terminate());
  if (const auto report = running->stop(kill_soon(), limit()); went_well(report) && report->tree.gone) {
    CHECK(report->tree.exact);
  }
  finish(*running);
}

constexpr std::array all = {
    scenario{"descriptors beside the streams", own_descriptors},
    scenario{"a descriptor that is closed", closed_descriptor},
    scenario{"a child on a loop of the host's", adopted_loop},
    scenario{"a run on a loop of the host's", run_on_adopted_loop},
    scenario{"a run on a loop whose descriptor is polled", polled_loop},
    scenario{"an orphan that is adopted", adopted_orphans},
    scenario{"a tree in a control group", contained_tree},
};

}  // namespace

std::span<const scenario> of_system() { return all; }

}  // namespace torture
