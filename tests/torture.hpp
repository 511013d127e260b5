// What the library is made to do while every call that it makes, and every allocation, is made to fail in turn. Each back end's
// fault_cases.cpp and allocation_cases.cpp do the failing; they assert that nothing is left and that nothing takes long. A scenario
// asserts what holds whatever failed: an error says what and where, a value is right, the books balance.
//
// Where memory is what fails, a call may throw std::bad_alloc: so no assertion has a call of the library in it, which doctest would take
// for a failure.
#ifndef SPAWNPIPE_TESTS_TORTURE_HPP
#define SPAWNPIPE_TESTS_TORTURE_HPP

#include "harness.hpp"
#include "results.hpp"

#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace torture {

struct scenario {
  const char* name;
  void (*act)();
};

// Of streams: feeding, capturing, stopping, resuming. Of processes: starting, redirecting, letting go. Of stops: in each state a child can
// be in. Of this system's own: what other systems have not. The first ones are the most telling.
[[nodiscard]] std::span<const scenario> of_streams();
[[nodiscard]] std::span<const scenario> of_processes();
[[nodiscard]] std::span<const scenario> of_stops();
[[nodiscard]] std::span<const scenario> of_system();

// ---- what the fault that is there excuses, and what it says

struct excuse {
  bool held = false;          // a release that failed: what waits for an end of what it held waits for its deadline
  bool false_end = false;     // the system says that a stream has ended which has not
  bool end_untold = false;    // the system does not say how a process ended
  bool orphans_away = false;  // an older kernel: what is nobody's child any more is out of reach
};
extern excuse excused;
// The system's number for it; 0 where none is known. An error of the system's is this one, or one that the scenario expects.
extern int fault_code;
// The stages at which it may be told.
extern std::span<const spawnpipe::stage> fault_stages;

// For waits that come to an end, unless that is excused.
[[nodiscard]] spawnpipe::deadline limit();

// As it is, but what is left of a tree may be out of reach, and is not waited for.
[[nodiscard]] spawnpipe::stop_policy brief(spawnpipe::stop_policy how);
[[nodiscard]] spawnpipe::stop_policy kill_soon();

// ---- what a scenario heard

// How many errors of the system's it has heard since it began.
extern int errors_heard;

// Asserts that it says what and where. `expected` are those that come without any fault.
void check_said(const spawnpipe::error& said, std::initializer_list<std::errc> expected = {});
// True where there is a value; else what the error says is checked.
template <class T>
[[nodiscard]] bool went_well(const spawnpipe::result<T>& outcome, std::initializer_list<std::errc> expected = {}) {
  if (!outcome) check_said(outcome.error(), expected);
  return outcome.has_value();
}
// For an outcome that may be either.
template <class T>
void note(const spawnpipe::result<T>& outcome) {
  static_cast<void>(went_well(outcome));
}

// What a run says beside its output.
void note_run(const spawnpipe::completed& done);
// What streams say only when they are asked: a failure of one that nobody reads from, or writes to. The readers of a child are stopped first:
// a read that is taken back may fail, too.
void note_streams(const spawnpipe::pipe_writer& in, const spawnpipe::pipe_reader& out);
void note_streams(spawnpipe::child& running);
// Ends it, and then asks them: what comes in its destruction nobody can ask for.
void finish(spawnpipe::child& running);

// A thread that is joined in any case.
class joined_thread {
 public:
  template <class Function>
  explicit joined_thread(Function function) : thread_(std::move(function)) {}
  joined_thread(const joined_thread&) = delete;
  joined_thread& operator=(const joined_thread&) = delete;
  ~joined_thread() {
    if (thread_.joinable()) thread_.join();
  }
  void join() { thread_.join(); }

 private:
  std::thread thread_;
};

// ---- the report

// Counts what was played, for all cases of this program together, and prints it in a line at its end.
class report {
 public:
  explicit report(const char* kind) : kind_(kind), failures_before_(harness::failed_assertions()) {}
  void scenario_played() { ++scenarios_; }
  void case_played(std::string_view what);
  [[nodiscard]] int cases() const noexcept { return cases_; }
  [[nodiscard]] int scenarios() const noexcept { return scenarios_; }
  [[nodiscard]] bool played(std::string_view what) const { return what_.contains(what); }
  // As "torture (linux): 41 scenarios, 37 calls, 2,914 cases, 0 failures; each call at its first 3 places".
  void print(std::string_view noun, std::string_view bounds) const;

 private:
  const char* kind_;
  int scenarios_ = 0;
  int cases_ = 0;
  int failed_cases_ = 0;
  int failures_before_;
  std::set<std::string, std::less<>> what_;
};

// SPAWNPIPE_TORTURE in the environment: so many of the places at which each call is made in a scenario, or each allocation; "all": all of
// them. Three where it is not set. SPAWNPIPE_SCENARIO: the scenario of that name alone.
[[nodiscard]] int most_places();
[[nodiscard]] std::span<const scenario> chosen(std::span<const scenario> all);
inline constexpr int all_places = 100'000;
// As "the first 3 places", for a report.
[[nodiscard]] std::string said_places();

}  // namespace torture

#endif
