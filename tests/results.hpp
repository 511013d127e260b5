// What the test programs write down: one row per case and declaration, for report.py to make the table of.
//
// The file that SPAWNPIPE_RESULTS names gets rows of eight fields with tabs between:
//   kind  program  back end  name  outcome  reason  assertions  seconds
// kind is start or case (name: the case's), observed (the case that runs has seen this rule broken, and does not prove it), broken
// or not-here (name: the rule), end (the program came to its own end).
// outcome is passed, failed or skipped; for broken it says observed or unobserved.
#ifndef SPAWNPIPE_TESTS_RESULTS_HPP
#define SPAWNPIPE_TESTS_RESULTS_HPP

#include <optional>
#include <string>
#include <string_view>

namespace harness {

struct row {
  std::string_view kind;
  std::string_view name = {};
  std::string_view outcome = {};
  std::string_view reason = {};
  int assertions = 0;
  double seconds = 0;
};

// Any thread. Each row is in the file when this returns: a program that is killed leaves what it had.
void record(const row& what);

// After the last case: the declarations, and the line of totals. Returns what main() returns: 0 where cases ran and none failed.
[[nodiscard]] int finish();

// SPAWNPIPE_MECHANISM of the environment: what is to hold trees together. Rows then have it for their back end, and say nothing of
// what is declared as broken. Empty: the usual.
[[nodiscard]] std::string_view chosen_mechanism();

// Asked once, where there is one: why nothing can be shown. That then is the only case, and is skipped.
extern std::optional<std::string> (*before_the_cases)();
[[nodiscard]] bool cases_can_show_something();

// How many assertions have failed so far.
[[nodiscard]] int failed_assertions();

// For the program without doctest and the watchdog: prints and records a failed case.
void record_failure(std::string_view name, std::string_view reason);

}  // namespace harness

#endif
