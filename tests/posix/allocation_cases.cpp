// Every allocation of a scenario fails in turn, alone and with all behind it, until it comes through without: what comes of that is a
// std::bad_alloc, or an error that says so, and nothing is left. And nothing in a stop or in a destruction allocates.
//
// Each scenario has a thread of its own, whose loop is made and ends with it, with the failures there up to its end. An exception that
// leaves what must not throw ends the program, and fails the run with the case's name.
#include "../allocation.hpp"
#include "../children.hpp"
#include "../torture.hpp"
#include "belongings.hpp"

#include <spawnpipe/posix.hpp>

#include <chrono>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using harness::allocation_counter;
using harness::allocation_failure;
using harness::belongings;
using harness::command;
using harness::patience;
using harness::scaled;
using harness::which_fail;
using spawnpipe::child;
using spawnpipe::stop_policy;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr const char* not_counted = "the sanitizer's operator new cannot be made to fail";

struct outcome {
  bool came = false;
  bool thrown = false;
  bool stranger = false;  // an exception of another type
};

outcome on_own_thread(const torture::scenario& what, int at, which_fail which) {
  outcome all;
  std::thread([&] {
    // Never destroyed: it lasts until the thread has ended.
    alignas(allocation_failure) std::byte place[sizeof(allocation_failure)];
    new (place) allocation_failure(at, which);
    try {
      what.act();
    } catch (const std::bad_alloc&) {
      all.thrown = true;
    } catch (...) {
      all.stranger = true;
    }
    all.came = allocation_failure::happened();
  }).join();
  return all;
}

torture::report& the_report() {
  static torture::report all("allocations");
  return all;
}

// True where the failure came.
bool with_failure(const torture::scenario& what, int at, which_fail which) {
  CAPTURE(std::string(what.name));
  CAPTURE(at);
  CAPTURE((which == which_fail::one ? "alone" : "and all behind it"));
  const auto before = belongings::now();
  torture::errors_heard = 0;
  const auto began = clock::now();
  const outcome seen = on_own_thread(what, at, which);
  CHECK(clock::now() - began < scaled(1s));
  CHECK_FALSE(seen.stranger);
  if (!seen.came) CHECK_FALSE(seen.thrown);
  const auto changed = before.changed();
  CHECK_MESSAGE(changed.empty(), changed);
  return seen.came;
}

void play(std::span<const torture::scenario> all) {
  all = torture::chosen(all);
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  const bool to_the_end = torture::most_places() == torture::all_places;
  const int most = to_the_end ? torture::all_places : 10 * torture::most_places();
  const int before = the_report().cases();
  static_cast<void>(belongings::settled());  // this thread has a loop
  for (const torture::scenario& each : all) {
    harness::bound_case(to_the_end ? 600s : 60s);
    static_cast<void>(on_own_thread(each, torture::all_places, which_fail::one));
    the_report().scenario_played();
    for (const which_fail which : {which_fail::one, which_fail::all_from_there}) {
      for (int at = 1; at <= most && with_failure(each, at, which); ++at) the_report().case_played("new");
    }
  }
  CHECK(the_report().cases() > before + 5 * static_cast<int>(all.size()));
  the_report().print("function",
                     "alone and with all behind it, at each " +
                         (to_the_end ? std::string("place") : "of the first " + std::to_string(most) + " places"));
}

TEST_CASE("[P1][P3][W8] any allocation that fails, in each scenario of streams") { play(torture::of_streams()); }
TEST_CASE("[P1][P9] any allocation that fails, in each scenario of processes") { play(torture::of_processes()); }
TEST_CASE("[P5][P6][P9] any allocation that fails, in each scenario of stops") { play(torture::of_stops()); }
TEST_CASE("[P1][C4] any allocation that fails, in each scenario of this system's own") { play(torture::of_system()); }

// ---- what does not allocate

// Asserts that `work` comes through without memory, and asks for none.
template <class Work>
void check_needs_none(const char* what, Work work) {
  int asked = 0;
  bool thrown = false;
  {
    allocation_failure none_left(1, which_fail::all_from_there);
    try {
      work();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    asked = allocation_failure::happened() ? 1 : 0;
  }
  CAPTURE(std::string(what));
  CHECK(asked == 0);
  CHECK_FALSE(thrown);
}

child started(spawnpipe::command what) {
  auto running = harness::must(spawnpipe::spawn(what.in(pipe{1 << 20}).out(pipe{}).err(pipe{})));
  REQUIRE_OK(running.out().read_line(patience()));
  return running;
}

TEST_CASE("[W9][R8][P9] nothing in a stop, a kill or a destruction allocates") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  const harness::leak_check nothing_left;
  const std::vector<spawnpipe::command> all = {
      command("hang", "up"), command("ignore-terminate"),        command("exit-on-terminate"), command("tree", "hang"),
      command("yes"),        command("grandchild", "sleep", 200)};
  for (const auto& what : all) {
    CAPTURE(what.argv()[1]);
    {
      child running = started(what);
      static_cast<void>(running.in().write(pattern::make(300'000)));
      check_needs_none("stop", [&] { static_cast<void>(running.stop(stop_policy::graceful(2ms), patience())); });
      check_needs_none("stop again", [&] { static_cast<void>(running.stop(stop_policy::graceful(2ms), patience())); });
    }
    {
      child running = started(what);
      static_cast<void>(running.in().write(pattern::make(300'000)));
      check_needs_none("streams", [&] {
        static_cast<void>(running.in().stop());
        static_cast<void>(running.out().stop());
        static_cast<void>(running.err().close());
      });
      check_needs_none("signals", [&] {
        static_cast<void>(running.terminate());
        static_cast<void>(running.kill());
        static_cast<void>(running.wait(patience()));
      });
    }
    {
      auto running = std::optional(started(what));
      static_cast<void>(running->in().write(pattern::make(300'000)));
      check_needs_none("destruction", [&] { running.reset(); });
    }
    {
      std::vector<child> two;
      two.push_back(started(what));
      two.push_back(started(what));
      check_needs_none("begin_stop", [&] {
        for (child& each : two) static_cast<void>(each.begin_stop(stop_policy::graceful(2ms)));
        for (child& each : two) static_cast<void>(each.wait(patience()));
      });
      check_needs_none("destruction of many", [&] { two.clear(); });
    }
  }
}

TEST_CASE("[W9][C1] a destruction on a thread that never used the library allocates nothing") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  const harness::leak_check nothing_left;
  std::optional<child> left;
  std::thread([&] {
    left.emplace(started(command("hang", "up")));
    static_cast<void>(left->in().write(pattern::make(300'000)));
  }).join();
  std::thread([&] { check_needs_none("destruction", [&] { left.reset(); }); }).join();
}

}  // namespace
