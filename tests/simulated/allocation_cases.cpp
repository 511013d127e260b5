// Memory that cannot be had: every allocation of the library fails in turn, alone and with all behind it, in scenarios that need no
// system; and what it says of each kind.
#include "allocation.hpp"
#include "runs.hpp"
#include "torture.hpp"

#include <array>
#include <optional>
#include <utility>

namespace {

using namespace simulation;
using harness::allocation_failure;
using harness::allocation_pause;
using harness::which_fail;

constexpr const char* not_counted = "this sanitizer's operator new cannot be made to fail";
constexpr std::size_t small = 64;

// The case's own.
std::string text_of_300() {
  const allocation_pause ours;
  return pattern::make(300);
}

command piped(std::size_t capacity = small) { return on_a_loop::piped(capacity); }

// What the script is, and then what is done: the library's allocations fail in the second only.
struct scenario {
  const char* name;
  void (*prepare)(simulated::script& sim);
  void (*act)();
};

void one_cat(simulated::script& sim) { behave_as_cat(sim, sim.next_child(), 16); }
void two_cats(simulated::script& sim) {
  one_cat(sim);
  one_cat(sim);
}
void one_that_writes(simulated::script& sim) {
  auto& script = sim.next_child();
  for (int i = 0; i < 40; ++i) script.out.feed("some lines\nof output\n");
  script.out.end();
  script.err.end();
  script.in.room_for_all();
  sim.when_idle([&] { script.exit(); });
}
void three_that_hang(simulated::script& sim) {
  for (int i = 0; i < 3; ++i) sim.next_child().ignore_terminate();
}

void fed_and_captured() {
  const std::string input = text_of_300();
  const auto done = run(piped(), {.input = input});
  if (done && !done->output_error) CHECK(done->out == input);
  if (done) CHECK(done->unread_input == 0);
}
void head_and_tail() {
  run_options options;
  options.capture = {.bytes = 100, .on_overflow = overflow::keep_head_and_tail};
  const auto done = run(piped(), options);
  if (done) CHECK(done->out.size() <= 100);
}
void spilled() {
  run_options options;
  options.capture = {
      .bytes = 100, .on_overflow = overflow::spill, .spill_to = "a folder with a long name/output of step 7."};
  const auto done = run(piped(), options);
  if (done && !done->output_error) CHECK(!done->out_file.empty());
}
void two_jobs() {
  auto loop = event_loop::create();
  if (!loop) return;
  int ended = 0;
  std::array<std::optional<job>, 2> jobs;
  for (auto& each : jobs) {
    auto made = run_async(*loop, piped(), {.input = "some text that is longer than a short one"},
                          [&](const completed&) { ++ended; });
    if (made) each = std::move(*made);
  }
  const auto ran = loop->run(1h);
  CHECK(ran);
  CHECK(ended == (jobs[0] ? 1 : 0) + (jobs[1] ? 1 : 0));
}
void conversation() {
  auto loop = event_loop::create();
  if (!loop) return;
  auto running = spawn(*loop, piped());
  if (!running) return;
  std::string owned(40, 'x');
  std::string got;
  static_cast<void>(running->in().write("some text"));
  static_cast<void>(running->in().write_owned(owned));
  static_cast<void>(running->in().write_all("more of it\n", 1s));
  static_cast<void>(running->in().flush(1s));
  static_cast<void>(running->out().read_line(1s));
  static_cast<void>(running->out().drain(got));
  static_cast<void>(running->out().read_all(got, 10'000, 1s));
  static_cast<void>(running->in().close());
  static_cast<void>(running->wait(1s));
  CHECK(balanced(running->in().books()));
}
void all_stopped() {
  auto loop = event_loop::create();
  if (!loop) return;
  std::array<std::optional<child>, 3> all;
  std::array<child*, 3> which{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (auto made = spawn(*loop, piped())) all[i] = std::move(*made);
    which[i] = all[i] ? &*all[i] : nullptr;
  }
  const auto reports = stop_all(which, stop_policy::graceful(5ms));
  for (std::size_t i = 0; i < all.size(); ++i) CHECK((!all[i] || reports[i].has_value()));
}
void callbacks() {
  auto loop = event_loop::create();
  if (!loop) return;
  auto running = spawn(*loop, piped());
  if (!running) return;
  bool over = false;
  running->out().on_readable([&](pipe_reader& out) {
    out.consume(out.available().size());
    over = out.at_end() || out.error();
  });
  running->on_exit([](child&, const exit_status&) {});
  const auto ran = loop->run(1h);
  CHECK(ran);
  CHECK(over);
}
void guarded() {
  auto guard = forward_interrupts::begin();
  if (!guard) return;
  auto running = spawn(piped());
  if (!running) return;
  static_cast<void>(running->stop(stop_policy::graceful(5ms)));
}
// More than an interrupter has places for without memory.
void interrupted() {
  interrupter from_elsewhere;
  std::array<std::optional<forward_interrupts>, 12> guards;
  for (auto& each : guards) {
    if (auto made = forward_interrupts::begin()) each.emplace(std::move(*made));
  }
  auto running = spawn(piped());
  if (!running) return;
  static_cast<void>(running->wait(1ms, from_elsewhere));
  static_cast<void>(running->stop(stop_policy::immediate()));
}

constexpr std::array all = {
    scenario{"a run that feeds and captures", one_cat, fed_and_captured},
    scenario{"output beyond its limit: its head and tail", one_that_writes, head_and_tail},
    scenario{"output beyond its limit: a file", one_that_writes, spilled},
    scenario{"two runs on a loop", two_cats, two_jobs},
    scenario{"a conversation", one_cat, conversation},
    scenario{"three children that are stopped together", three_that_hang, all_stopped},
    scenario{"callbacks", one_that_writes, callbacks},
    scenario{"interrupts that are forwarded", three_that_hang, guarded},
    scenario{"many that wait for an interrupter", three_that_hang, interrupted},
};

// Each on a thread of its own, whose loop is made and ends with it. True where the failure came.
bool with_failure(simulated::script& sim, const scenario& what, int at, which_fail which) {
  bool came = false;
  bool stranger = false;
  sim.reset();
  std::thread([&] {
    what.prepare(sim);
    // Never destroyed: it lasts until the thread has ended.
    alignas(allocation_failure) std::byte place[sizeof(allocation_failure)];
    new (place) allocation_failure(at, which, simulated::inside_back_end);
    try {
      what.act();
    } catch (const std::bad_alloc&) {
    } catch (...) {
      stranger = true;
    }
    came = allocation_failure::happened();
  }).join();
  CHECK_FALSE(stranger);
  CHECK(sim.objects() == simulated::object_counts{});
  for (const auto& misuse : sim.misuse()) FAIL_CHECK("misuse of the seam: " << misuse);
  CHECK(sim.deadlocks() == 0);
  sim.reset();
  return came;
}

TEST_CASE("[W8][W9][P1][P9] any allocation that fails: an error or an exception, and nothing is left") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  auto& sim = simulated::script::get();
  torture::report sum("allocations");
  for (const scenario& each : all) {
    CAPTURE(each.name);
    sum.scenario_played();
    static_cast<void>(with_failure(sim, each, torture::all_places, which_fail::one));
    const long held = harness::allocations_held();
    for (const which_fail which : {which_fail::one, which_fail::all_from_there}) {
      int at = 1;
      for (; at < 2000; ++at) {
        CAPTURE(at);
        CAPTURE((which == which_fail::one ? "alone" : "and all behind it"));
        if (!with_failure(sim, each, at, which)) break;
        CHECK(harness::allocations_held() == held);
        sum.case_played("new");
      }
      CHECK(at < 2000);
    }
  }
  CHECK(sum.cases() > 100);
  sum.print("function", "each allocation, alone and with all behind it");
}

// ---- what is said

// The next allocation of the library's fails, until `work` is over.
template <class Work>
void without_memory(Work work) {
  const allocation_failure none(1, which_fail::all_from_there, simulated::inside_back_end);
  work();
}

TEST_CASE_FIXTURE(on_a_loop, "[W1][W8] a write that cannot be queued takes nothing, says so, and the next one works") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  auto& script = sim.next_child();
  auto running = start(small);
  std::string owned(10, 'y');
  without_memory([&] {
    const auto copied = running.in().write("abc");
    const auto given = running.in().write_owned(owned);
    const allocation_pause ours;
    CHECK(copied.failed_with(std::errc::not_enough_memory));
    CHECK(copied.error().where == stage::write);
    CHECK(copied.error().subject == "in");
    CHECK(given.failed_with(std::errc::not_enough_memory));
  });
  CHECK(owned.size() == 10);
  CHECK(running.in().books() == write_books{});
  CHECK_FALSE(running.in().error());
  CHECK(must(running.in().write("abc")) == 3);
  script.in.room_for_all();
  CHECK_OK(running.in().flush(1s));
  CHECK(script.in.received() == "abc");
}

TEST_CASE_FIXTURE(on_a_loop,
                  "[R6] a reader that cannot have its buffer says so, to its callback too, and closes its end") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  auto& script = sim.next_child();
  auto running = start(small);
  script.out.feed("some");
  int told = 0;
  running.out().on_readable([&](pipe_reader& out) { told += out.error() ? 1 : 0; });
  without_memory([&] {
    const auto ran = loop.run(1ms);
    CHECK_FALSE(ran.failed_with(errc::cancelled));
  });
  CHECK(told == 1);
  REQUIRE(running.out().error());
  CHECK(*running.out().error() == std::errc::not_enough_memory);
  CHECK(running.out().error()->subject == "out");
  CHECK(script.out.closed());
}

TEST_CASE_FIXTURE(on_a_thread, "[P3] input that cannot be queued is fed when there is memory again, and is whole") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  within([&] {
    for (int at = 1; at < 60; ++at) {
      CAPTURE(at);
      sim.reset();
      behave_as_cat(sim, sim.next_child(), 16);
      const std::string input = pattern::make(300);
      const auto what = piped();
      std::optional<result<completed>> done;
      {
        const allocation_failure one(at, which_fail::one, simulated::inside_back_end);
        try {
          done.emplace(run(what, {.input = input}));
        } catch (const std::bad_alloc&) {
          continue;
        }
      }
      if (!*done) continue;
      CHECK((*done)->status.success());
      CHECK((*done)->unread_input == 0);
      if (!(*done)->output_error) CHECK((*done)->out == input);
    }
  });
}

TEST_CASE_FIXTURE(on_a_thread, "[P10] output that there is no memory for is dropped, counted, and said to be") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  within([&] {
    int dropped = 0;
    for (int at = 1; at < 60; ++at) {
      CAPTURE(at);
      sim.reset();
      one_that_writes(sim);
      const auto what = piped(1000);
      run_options options;
      options.capture.on_overflow = overflow::keep_head;
      std::optional<result<completed>> done;
      {
        const allocation_failure none(at, which_fail::all_from_there, simulated::inside_back_end);
        try {
          done.emplace(run(what, options));
        } catch (const std::bad_alloc&) {
          continue;
        }
      }
      if (!*done || !(*done)->output_error || (*done)->out_dropped == 0) continue;
      ++dropped;
      CHECK(*(*done)->output_error == std::errc::not_enough_memory);
      CHECK((*done)->out.size() + (*done)->out_dropped == 40 * 21);
      CHECK_FALSE((*done)->success());
    }
    CHECK(dropped > 0);
  });
}

TEST_CASE_FIXTURE(audit, "[W9][C1] a destruction on a thread that never used the library allocates nothing") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  std::optional<child> left;
  on_own_thread([&] {
    static_cast<void>(sim.next_child());
    left.emplace(must(spawn(piped())));
    CHECK(must(left->in().write("abc")) == 3);
  });
  int asked = -1;
  on_own_thread([&] {
    allocation_counter counter;
    left.reset();
    asked = counter.count();
  });
  CHECK(asked == 0);
}

}  // namespace
