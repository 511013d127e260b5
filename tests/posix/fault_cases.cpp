// Every call that the library makes to the system or to libuv is made to fail in turn, with each reason that it may have, at each
// place where it is made, until a scenario comes through without having met the fault: the error is the one that was injected, and says
// where; nothing is left, of descriptors, children, threads and memory; nothing takes long; and the next attempt works.
//
// What may be silent about a fault, and what cannot fail, stands in tables with the reason, in faults.cpp and the engines' fault_cases.cpp.
#include "../children.hpp"
#include "../torture.hpp"
#include "belongings.hpp"
#include "faults.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using faults::failure;
using faults::injected;
using harness::belongings;
using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// The later places of a call in a scenario are most often repetitions.
constexpr int usual_places = 3;

// What takes longer than a second, and why.
struct slow {
  std::string_view call;
  const char* reason;
};
constexpr std::array slow_ones = {
    slow{"kill(0)", "a group that seems to be there is waited for, up to the scenario's limit"},
};

// The numbers by which a system says of a process that it is gone, when it is not.
bool untold(const failure& how) { return how.code == ESRCH; }

const faults::tolerated* tolerance_of(const failure& how) {
  const auto all = faults::tolerated_of_all();
  const auto at = std::find_if(all.begin(), all.end(), [&](const faults::tolerated& each) {
    return each.call == how.call && (each.code == 0 || each.code == how.code);
  });
  return at != all.end() ? &*at : nullptr;
}

// True where the fault came.
bool with_fault(const torture::scenario& what, const failure& how, int at) {
  CAPTURE(std::string(what.name));
  CAPTURE(std::string(how.call));
  CAPTURE(how.code);
  CAPTURE(at);
  const auto before = belongings::now();
  torture::excused = {.untold = untold(how)};
  torture::fault_code = std::max(how.code, 0);
  torture::errors_heard = 0;
  const auto began = clock::now();
  bool came = false;
  {
    const injected fault(how.call, how.code, at);
    what.act();
    came = injected::happened();
  }
  const auto took = clock::now() - began;
  torture::excused = {};
  torture::fault_code = 0;
  const auto changed = before.changed();
  CHECK_MESSAGE(changed.empty(), changed);
  const bool may_be_slow =
      std::any_of(slow_ones.begin(), slow_ones.end(), [&](const slow& each) { return each.call == how.call; });
  if (!may_be_slow) CHECK(took < scaled(1s));
  if (came && torture::errors_heard == 0) {
    const bool tolerated = tolerance_of(how) != nullptr;
    CHECK_MESSAGE(tolerated, "nobody heard of it, and no table says why");
  }
  return came;
}

// Each failure, at the first, second, third ... place where its call is made.
void every_fault(const torture::scenario& what, torture::report& sum) {
  const int most = torture::most_places(usual_places);
  what.act();  // what is made once for a thread is there
  std::map<std::string_view, int> made;
  {
    const faults::counted counted;
    what.act();
    made = faults::counted::calls();
  }
  sum.scenario_played();
  for (const failure& each : faults::of_all()) {
    if (!made.contains(each.call)) continue;
    for (int at = 1; at <= most; ++at) {
      if (!with_fault(what, each, at)) break;
      sum.case_played(each.call);
    }
  }
}

torture::report& the_report() {
  static torture::report all("torture");
  return all;
}

void play(std::span<const torture::scenario> all) {
  const bool to_the_end = torture::most_places(usual_places) == torture::all_places;
  const int before = the_report().cases();
  for (const torture::scenario& each : all) {
    harness::bound_case(to_the_end ? 600s : 120s);
    every_fault(each, the_report());
  }
  CHECK(the_report().cases() > before + 30 * static_cast<int>(all.size()));
  the_report().print("calls", to_the_end ? "each at every place where a scenario makes it"
                                         : "each at its first " + std::to_string(usual_places) + " places");
  CHECK(harness::must(spawnpipe::run(command("exit", 1), {.until = patience()})).status.code() == 1U);
}

TEST_CASE("[P1][P3][W8][R4] any call that fails, in each scenario of streams") { play(torture::of_streams()); }
TEST_CASE("[P1][P9] any call that fails, in each scenario of processes") { play(torture::of_processes()); }
TEST_CASE("[P5][P6][P9] any call that fails, in each scenario of stops") { play(torture::of_stops()); }
TEST_CASE("[P1][C4] any call that fails, in each scenario of this system's own") { play(torture::of_system()); }

TEST_CASE("[P1] each call of the back end is made to fail, or is known to have no way to") {
  const auto fails = [](std::string_view call) {
    const auto all = faults::of_all();
    return std::any_of(all.begin(), all.end(), [&](const failure& each) {
      return each.call == call || each.call.starts_with(std::string(call) + '(');
    });
  };
  const auto known = [](std::string_view call) {
    const auto all = faults::infallible_of_all();
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.call == call; });
  };
  for (const std::string_view each : faults::calls_of_all()) {
    CAPTURE(std::string(each));
    CHECK((fails(each) || known(each)));
  }
  for (const auto& each : faults::infallible_of_all()) {
    std::printf("cannot fail: %s: %s\n", std::string(each.call).c_str(), each.reason);
  }
  for (const auto& each : faults::tolerated_of_all()) {
    const std::string code = each.code == 0                     ? "any"
                             : each.code == faults::short_count ? "only some bytes"
                                                                : std::to_string(each.code);
    std::printf("may be silent: %s (%s): %s\n", std::string(each.call).c_str(), code.c_str(), each.reason);
  }
  for (const slow& each : slow_ones) {
    std::printf("may take longer than a second: %s: %s\n", std::string(each.call).c_str(), each.reason);
  }
}

TEST_CASE("[P1] the reason and the place of a failure are what the system said") {
  const auto said = [](std::string_view call, int code, int at, const spawnpipe::command& what) {
    harness::leak_check nothing_left;
    const injected faults(call, code, at);
    const auto running = spawnpipe::spawn(what);
    REQUIRE_FALSE(running);
    CHECK(injected::happened());
    return running.error();
  };
  const auto piped = command("until-eof").in(pipe{}).out(pipe{}).err(pipe{});
  const std::array names = {"in", "out", "err"};
  for (int at = 1; at <= 3; ++at) {
    const auto pipes = said("pipe_cloexec", EMFILE, at, piped);
    CHECK(pipes == std::errc::too_many_files_open);
    CHECK(pipes.where == spawnpipe::stage::pipe);
    CHECK(pipes.subject == names.at(static_cast<std::size_t>(at - 1)));
  }
  CHECK(said("pipe_cloexec", ENFILE, 1, piped) == std::errc::too_many_files_open_in_system);
}

}  // namespace
