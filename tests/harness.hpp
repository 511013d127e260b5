// What every test program stands on, beside doctest: totals of its own, skips with a reason found at run time, rules that a
// back end declares as broken, and a bound on the time of each case.
//
// doctest counts filtered cases as skipped, and fixes a skip when a case is registered; so the totals that count here are kept
// by a listener (results.cpp). A case that makes no assertion fails. A case names the rules it proves in brackets:
//
//   TEST_CASE("[W5][W8] stop with a write in flight") { ... }
//
// Around real children there is more: children.hpp (the helper program, leak checks), scenario.hpp (a host of its own).
#ifndef SPAWNPIPE_TESTS_HARNESS_HPP
#define SPAWNPIPE_TESTS_HARNESS_HPP

#include <spawnpipe/spawnpipe.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace harness {

using namespace std::chrono_literals;

// A rule and why it is spoken of. The rule is a name of the contract ("G2"), with an aspect behind a slash where several of
// one rule are declared ("G1/sigchld").
struct declaration {
  std::string_view rule;
  std::string_view reason;
};

// Whose results these are. Each test program defines it once: broken_rules.cpp of posix/ or windows/, simulated_rules.cpp,
// unit/unit_rules.cpp.
struct column {
  std::string_view program;               // "simulated"
  std::string_view back_end;              // the heading of the table's column: "portable"
  std::span<const declaration> broken;    // what this back end breaks; each must be observed by RULE_HOLDS_OR_BROKEN
  std::span<const declaration> not_here;  // what cannot show on this back end: "real systems only"
};
extern const column this_column;

// Why this back end breaks the rule, where it is declared to.
[[nodiscard]] std::optional<std::string_view> broken(std::string_view rule);
// For RULE_HOLDS_OR_BROKEN: a case has looked at a rule that is declared as broken.
void observed_broken(std::string_view rule);

// For SKIP_CASE.
void skip(std::string reason);

// Each case, and each pass through the subcases of one, may take 20 s; more only where it says so here. Then its name is
// printed and the program ends. Scaled as below.
void bound_case(std::chrono::milliseconds bound);

// Times four where the environment has SPAWNPIPE_SLOW (sanitizers, emulators): for upper bounds, never for lower ones.
[[nodiscard]] std::chrono::milliseconds scaled(std::chrono::milliseconds time);

// A deadline for what is sure to come: bounds a broken test, and is never waited for in one that holds.
[[nodiscard]] inline spawnpipe::deadline patience() { return scaled(10s); }

}  // namespace harness

// Leaves the case, which then counts as skipped for this reason. In the body of a case only.
#define SKIP_CASE(...)            \
  do {                            \
    ::harness::skip(__VA_ARGS__); \
    return;                       \
  } while (false)

// Asserts that a rule holds; or, where the back end declares it as broken, that it is broken still.
#define RULE_HOLDS_OR_BROKEN(rule, ...)                                                                             \
  do {                                                                                                              \
    const bool harness_holds = static_cast<bool>(__VA_ARGS__);                                                      \
    if (const auto harness_reason = ::harness::broken(rule)) {                                                      \
      ::harness::observed_broken(rule);                                                                             \
      CHECK_MESSAGE(!harness_holds, rule " is declared as broken (", std::string(*harness_reason), "), but holds"); \
    } else {                                                                                                        \
      CHECK_MESSAGE(harness_holds, rule " does not hold: " #__VA_ARGS__);                                           \
    }                                                                                                               \
  } while (false)

// Asserts that a result has a value, and shows its error where it has none.
#define REQUIRE_OK(...)                                                                    \
  do {                                                                                     \
    const auto& harness_outcome = (__VA_ARGS__);                                           \
    REQUIRE_MESSAGE(harness_outcome.has_value(), #__VA_ARGS__, ": ",                       \
                    harness_outcome.has_value() ? "" : harness_outcome.error().message()); \
  } while (false)
#define CHECK_OK(...)                                                                    \
  do {                                                                                   \
    const auto& harness_outcome = (__VA_ARGS__);                                         \
    CHECK_MESSAGE(harness_outcome.has_value(), #__VA_ARGS__, ": ",                       \
                  harness_outcome.has_value() ? "" : harness_outcome.error().message()); \
  } while (false)

namespace harness {

// The value of a result; the case ends as failed where it has none.
template <class T>
[[nodiscard]] T must(spawnpipe::result<T> outcome, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!outcome) ADD_FAIL_AT(file, line, outcome.error().message());
  return *std::move(outcome);
}

}  // namespace harness

// How failed assertions show the types of the library.
namespace doctest {

template <>
struct StringMaker<spawnpipe::error> {
  static String convert(const spawnpipe::error& value) { return value.message().c_str(); }
};
template <>
struct StringMaker<spawnpipe::exit_status> {
  static String convert(const spawnpipe::exit_status& value) { return spawnpipe::to_string(value).c_str(); }
};
template <>
struct StringMaker<spawnpipe::stage> {
  static String convert(spawnpipe::stage value) { return std::string(spawnpipe::to_string(value)).c_str(); }
};
template <>
struct StringMaker<spawnpipe::stop_phase> {
  static String convert(spawnpipe::stop_phase value) { return std::string(spawnpipe::to_string(value)).c_str(); }
};
template <>
struct StringMaker<spawnpipe::ended_by> {
  static String convert(spawnpipe::ended_by value) { return std::string(spawnpipe::to_string(value)).c_str(); }
};
template <>
struct StringMaker<std::error_code> {
  static String convert(const std::error_code& value) { return value.message().c_str(); }
};
template <class T>
struct StringMaker<std::optional<T>> {
  static String convert(const std::optional<T>& value) { return value ? toString(*value) : String("nothing"); }
};
template <class Rep, class Period>
struct StringMaker<std::chrono::duration<Rep, Period>> {
  static String convert(std::chrono::duration<Rep, Period> value) {
    return (std::to_string(std::chrono::duration<double>(value).count()) + " s").c_str();
  }
};

}  // namespace doctest

#endif
