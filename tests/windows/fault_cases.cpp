// Every Win32 call that the library makes is made to fail in turn, at each place where it is made, in every scenario: the error
// says where, no handle and no process is left, and nothing takes longer than it would have plus a second.
//
// What a failed release held is not counted against the library, and is all that may stay:
// - the handle of a failed CloseHandle. Where that is an end of a pipe, the other end does not hear of an end, and what waits for
//   that waits for its deadline.
// - where the job's limits could not be taken back, what the child left running ends with the job.
// And where the system is made to say that a stream has ended which has not, the child waits for a reader that it will not have.
#include "../harness.hpp"
#include "../torture.hpp"
#include "faulty_system.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using harness::fault;
using harness::faulty_system;
using harness::scaled;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// The codes that a call may say; the first stands for most.
std::vector<DWORD> codes(std::string_view call) {
  if (call == "ReadFile" || call == "WriteFile" || call == "GetOverlappedResult") {
    return {5, 6, 8, 14, 87, 109, 232, 233, 995, 1450, 1816};
  }
  if (call == "CreateProcessW") return {2, 5, 8, 87, 193, 267, 1455};
  return {ERROR_NO_SYSTEM_RESOURCES};
}

// The codes by which the system says that a stream has ended.
bool says_end(const fault& how) {
  return (how.call == "ReadFile" || how.call == "GetOverlappedResult") &&
         (how.code == ERROR_BROKEN_PIPE || how.code == ERROR_NO_DATA || how.code == ERROR_PIPE_NOT_CONNECTED);
}

struct totals {
  int calls = 0;
  int cases = 0;
};

// One fault. What the scenario says of it is asserted in there.
void with_fault(const torture::scenario& what, const fault& how, clock::duration usual) {
  CAPTURE(std::string(what.name));
  CAPTURE(std::string(how.call));
  CAPTURE(how.code);
  CAPTURE(how.at);
  const faulty_system faults(how);
  const auto began = clock::now();
  torture::excused = {
      .held = how.call == "CloseHandle", .false_end = says_end(how), .end_untold = how.call == "GetExitCodeProcess"};
  what.act();
  const auto took = clock::now() - began;
  const auto excused = std::exchange(torture::excused, {});
  if (!excused.held && !excused.false_end) CHECK(took < usual * 3 + scaled(1s));
  const auto left = faulty_system::left_open();
  CHECK_MESSAGE(left.empty(), "open: ", left.empty() ? "" : left.front());
  CHECK(faulty_system::processes_end(scaled(2s)));
}

totals every_fault(const torture::scenario& what) {
  what.act();  // what is made once for a thread is there
  std::map<std::string_view, int> made;
  clock::duration usual = {};
  {
    const faulty_system faults({});
    const auto began = clock::now();
    what.act();
    usual = clock::now() - began;
    made = faulty_system::calls();
    CHECK(faulty_system::left_open().empty());
  }
  totals sum;
  for (const auto& [call, count] : made) {
    ++sum.calls;
    constexpr int most = 12;  // of one call: the later ones are repetitions of the same place
    for (int at = 1; at <= std::min(count, most); ++at) {
      for (const DWORD code : at <= 3 ? codes(call) : std::vector{codes(call).front()}) {
        with_fault(what, {.call = call, .code = code, .at = at}, usual);
        ++sum.cases;
      }
    }
  }
  std::printf("faults: %s: %d calls, %d cases\n", what.name, sum.calls, sum.cases);
  return sum;
}

// Under Wine each case takes a tenth of a second and more: the `usual` first ones, which are the most telling, but where SPAWNPIPE_TORTURE is
// set all of them. (Behind those are starts that are refused, which make few calls.)
void play(std::span<const torture::scenario> all, std::size_t usual) {
  const std::size_t count = std::getenv("SPAWNPIPE_TORTURE") != nullptr ? all.size() : usual;
  for (std::size_t i = 0; i < count; ++i) {
    harness::bound_case(400s);
    const totals sum = every_fault(all[i]);
    CHECK(sum.calls > (i < usual ? 15 : 0));
    CHECK(sum.cases > (i < usual ? 35 : 0));
  }
}

TEST_CASE("[P1][P3][W8][R4][T7] any call that fails, in each scenario of streams") { play(torture::of_streams(), 6); }
TEST_CASE("[P1][P5][P9] any call that fails, in each scenario of processes") { play(torture::of_processes(), 4); }
TEST_CASE("[P5][P6][P9] any call that fails, in each scenario of stops") { play(torture::of_stops(), 2); }

}  // namespace
