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
#include <set>
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

// What takes longer than a second, and why.
struct slow {
  std::string_view call;
  const char* reason;
};
constexpr std::array slow_ones = {
    slow{"kill(0)", "a group that seems to be there is waited for, up to the scenario's limit"},
};

const faults::tolerated* tolerance_of(const failure& how, std::string_view where) {
  const auto all = faults::tolerated_of_all();
  const auto at = std::find_if(all.begin(), all.end(), [&](const faults::tolerated& each) {
    return each.call == how.call && (each.code == 0 || each.code == how.code) &&
           (each.scenario.empty() || each.scenario == where);
  });
  return at != all.end() ? &*at : nullptr;
}

// Where each may be told of.
struct told {
  std::string_view call;
  std::vector<spawnpipe::stage> where;
};
const auto all_told = [] {
  using enum spawnpipe::stage;
  return std::vector<told>{
      told{"read(pipe)", {read}},
      told{"writev", {write}},
      told{"writev_nosignal", {write}},
      told{"pthread_sigmask", {write}},
      told{"pipe_cloexec", {pipe, loop, spawnpipe::stage::process}},
      told{"open(redirect)", {redirect}},
      told{"fcntl(F_DUPFD_CLOEXEC)", {loop, pipe, redirect, attributes, spawnpipe::stage::process}},
      told{"fcntl(F_GETFD)", {redirect}},
      told{"fcntl(F_GETFL)", {redirect}},
      told{"fcntl(F_SETFL)", {pipe, redirect}},
      told{"sigaction", {spawnpipe::stage::signal}},
      told{"uv_loop_init", {loop}},
      told{"uv_async_init", {loop}},
      told{"uv_poll_init", {read, write, loop}},
      told{"uv_poll_start", {read, write, loop}},
      told{"uv_spawn", {pipe, exec, spawnpipe::stage::process}},
      told{"clone3", {spawnpipe::stage::process}},
      told{"clone", {spawnpipe::stage::process}},
      told{"block_every_signal", {spawnpipe::stage::process}},
      told{"epoll_create1", {loop}},
      told{"epoll_ctl", {loop, spawnpipe::stage::process, read, write}},
      told{"get_subreaper", {attributes}},
      told{"set_subreaper", {attributes}},
  };
}();
std::span<const spawnpipe::stage> stages_of(std::string_view call) {
  const auto at = std::find_if(all_told.begin(), all_told.end(), [&](const told& each) { return each.call == call; });
  return at != all_told.end() ? std::span(at->where) : std::span<const spawnpipe::stage>();
}

struct played {
  bool came = false;
  std::chrono::nanoseconds took{};
};

played with_fault_once(const torture::scenario& what, const failure& how, int at) {
  const auto before = belongings::now();
  // What the kernel's files do not show counts as gone.
  torture::excused = {.orphans_away = faults::of_older_kernel(how.call) || how.call == "open(kernel's)" ||
                                      how.call == "read(file)"};
  torture::fault_code = std::max(how.code, 0);
  torture::fault_stages = stages_of(how.call);
  torture::errors_heard = 0;
  const auto began = clock::now();
  played all;
  {
    const injected fault(how.call, how.code, at);
    what.act();
    all.came = injected::happened();
  }
  all.took = clock::now() - began;
  torture::excused = {};
  torture::fault_code = 0;
  const auto changed = before.changed();
  CHECK_MESSAGE(changed.empty(), changed);
  return all;
}

// True where the fault came.
bool with_fault(const torture::scenario& what, const failure& how, int at) {
  CAPTURE(std::string(what.name));
  CAPTURE(std::string(how.call));
  CAPTURE(how.code);
  CAPTURE(at);
  const played all = with_fault_once(what, how, at);
  const bool may_be_slow =
      std::any_of(slow_ones.begin(), slow_ones.end(), [&](const slow& each) { return each.call == how.call; });
  if (!may_be_slow) CHECK(all.took < scaled(1s));
  if (all.came && torture::errors_heard == 0) {
    const bool tolerated = tolerance_of(how, what.name) != nullptr;
    CHECK_MESSAGE(tolerated, "nobody heard of it, and no table says why");
  }
  return all.came;
}

// Each failure, at the first, second, third ... place where its call is made.
void every_fault(const torture::scenario& what, torture::report& sum) {
  const int most = torture::most_places();
  what.act();  // what is made once for a thread is there
  std::set<std::string_view> made;
  for (const auto which : {faults::kernel::this_one, faults::kernel::older}) {
    const faults::counted counted(which);
    torture::excused = {.orphans_away = which == faults::kernel::older};
    what.act();
    torture::excused = {};
    for (const auto& [call, times] : faults::counted::calls()) made.insert(call);
  }
  sum.scenario_played();
  static_cast<void>(belongings::settled());
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

int all_scenarios() {
  return static_cast<int>(torture::of_streams().size() + torture::of_processes().size() + torture::of_stops().size() +
                          torture::of_system().size());
}

void play(std::span<const torture::scenario> all) {
  all = torture::chosen(all);
  const bool to_the_end = torture::most_places() == torture::all_places;
  const int before = the_report().cases();
  for (const torture::scenario& each : all) {
    harness::bound_case(to_the_end ? 600s : 120s);
    every_fault(each, the_report());
  }
  CHECK(the_report().cases() > before + 15 * static_cast<int>(all.size()));
  the_report().print("calls", torture::said_places());
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
    std::printf("may be silent: %s (%s)%s%s: %s\n", std::string(each.call).c_str(), code.c_str(),
                each.scenario.empty() ? "" : ", in ", std::string(each.scenario).c_str(), each.reason);
  }
  for (const auto& each : faults::unmet_of_all()) {
    std::printf("met by no scenario: %s: %s\n", std::string(each.call).c_str(), each.reason);
  }
  if (the_report().scenarios() == all_scenarios()) {
    for (const failure& each : faults::of_all()) {
      const auto all = faults::unmet_of_all();
      const bool elsewhere =
          std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.call == each.call; });
      CAPTURE(std::string(each.call));
      CHECK((the_report().played(each.call) || elsewhere));
    }
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
