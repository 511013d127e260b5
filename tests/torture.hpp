// What the library is made to do while every call that it makes is made to fail in turn. Each back end's fault_cases.cpp
// does the failing; it asserts that nothing is left and that nothing takes long. A scenario asserts what holds whatever failed: an error says
// what and where, a value is right, the books balance.
#ifndef SPAWNPIPE_TESTS_TORTURE_HPP
#define SPAWNPIPE_TESTS_TORTURE_HPP

#include "harness.hpp"

#include <span>

namespace torture {

struct scenario {
  const char* name;
  void (*act)();
};

// Of streams: feeding, capturing, stopping, resuming. Of processes: starting, stopping, destroying. The first ones are the most telling.
[[nodiscard]] std::span<const scenario> of_streams();
[[nodiscard]] std::span<const scenario> of_processes();

// What the fault that is there excuses.
struct excuse {
  bool held = false;       // a release that failed: what waits for an end of what it held waits for its deadline
  bool false_end = false;  // the system says that a stream has ended which has not
};
extern excuse excused;

// For waits that come to an end, unless that is excused.
[[nodiscard]] spawnpipe::deadline limit();

void check_said(const spawnpipe::error& said);
// True where there is a value; else what the error says is checked.
template <class T>
[[nodiscard]] bool went_well(const spawnpipe::result<T>& outcome) {
  if (!outcome) check_said(outcome.error());
  return outcome.has_value();
}

}  // namespace torture

#endif
