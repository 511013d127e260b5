// The listener that keeps the totals. doctest's own would count filtered cases as skipped and knows no skip at run time.
#include "results.hpp"

#include "harness.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

namespace harness {

namespace {

// The case that runs. Assertions may come from any thread.
struct running_case {
  std::string name;
  std::string skipped;        // why; empty where it was not
  std::string first_failure;  // where, and what was asserted
};

struct book {
  std::mutex lock;
  running_case now;
  std::set<std::string, std::less<>> observed;  // declared rules that a case looked at
  int failures = 0;                             // of assertions
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

book& the_book() {
  static book one;
  return one;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return line;
}

struct listener final : doctest::IReporter {
  explicit listener(const doctest::ContextOptions& /*options*/) {}

  void report_query(const doctest::QueryData& /*data*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& /*stats*/) override { watchdog::stop(); }

  void test_case_start(const doctest::TestCaseData& data) override {
    {
      const std::lock_guard hold(the_book().lock);
      the_book().now = {.name = data.m_name, .skipped = {}, .first_failure = {}};
    }
    record({.kind = "start", .name = data.m_name});
    watchdog::arm(data.m_name, scaled(watchdog::usual_bound));
  }

  void test_case_reenter(const doctest::TestCaseData& data) override {
    watchdog::arm(data.m_name, scaled(watchdog::usual_bound));
  }

  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    watchdog::disarm();
    running_case over;
    {
      const std::lock_guard hold(the_book().lock);
      over = the_book().now;
    }
    const auto count = [&](int& total, std::string_view outcome, std::string_view reason) {
      ++total;
      record({.kind = "case",
              .name = over.name,
              .outcome = outcome,
              .reason = reason,
              .assertions = stats.numAssertsCurrentTest,
              .seconds = stats.seconds});
    };
    if (!stats.testCaseSuccess) {
      const bool silent = over.first_failure.empty();
      count(the_book().failed, "failed", silent ? "ended by an exception, or too slow" : over.first_failure);
    } else if (!over.skipped.empty()) {
      count(the_book().skipped, "skipped", over.skipped);
      std::printf("skipped: %s: %s\n", over.name.c_str(), over.skipped.c_str());
    } else if (stats.numAssertsCurrentTest == 0) {
      count(the_book().failed, "failed", "made no assertion");
      std::printf("FAILED: %s: made no assertion\n", over.name.c_str());
    } else {
      count(the_book().passed, "passed", "");
    }
    std::fflush(stdout);
  }

  void test_case_exception(const doctest::TestCaseException& exception) override {
    note_failure("exception: " + std::string(exception.error_string.c_str()));
  }

  void subcase_start(const doctest::SubcaseSignature& /*subcase*/) override {}
  void subcase_end() override {}

  void log_assert(const doctest::AssertData& data) override {
    if (data.m_failed) note_failure(place(data.m_file, data.m_line) + data.m_expr);
  }

  void log_message(const doctest::MessageData& data) override {
    if ((data.m_severity & doctest::assertType::is_warn) == 0) {
      note_failure(place(data.m_file, data.m_line) + data.m_string.c_str());
    }
  }

  // By a filter, or by a decorator. The filter is the user's wish; the decorator has no reason to give.
  void test_case_skipped(const doctest::TestCaseData& data) override {
    if (data.m_skip) record_failure(data.m_name, "is skipped by a decorator, without a reason: use SKIP_CASE");
  }

 private:
  static std::string place(const char* file, int line) {
    const std::string_view path = file;
    return std::string(path.substr(path.find_last_of("/\\") + 1)) + ":" + std::to_string(line) + ": ";
  }

  static void note_failure(std::string what) {
    const std::lock_guard hold(the_book().lock);
    ++the_book().failures;
    if (the_book().now.first_failure.empty()) the_book().now.first_failure = std::move(what);
  }
};

DOCTEST_REGISTER_LISTENER("totals", 1, listener);

}  // namespace

std::optional<std::string_view> broken(std::string_view rule) {
  for (const declaration& each : this_column.broken) {
    if (each.rule == rule) return each.reason;
  }
  return std::nullopt;
}

void observed_broken(std::string_view rule) {
  {
    const std::lock_guard hold(the_book().lock);
    the_book().observed.emplace(rule);
  }
  record({.kind = "observed", .name = rule});
}

int failed_assertions() {
  const std::lock_guard hold(the_book().lock);
  return the_book().failures;
}

void skip(std::string reason) {
  const std::lock_guard hold(the_book().lock);
  the_book().now.skipped = reason.empty() ? "no reason given" : std::move(reason);
}

void bound_case(std::chrono::milliseconds bound) {
  std::string name;
  {
    const std::lock_guard hold(the_book().lock);
    name = the_book().now.name;
  }
  watchdog::arm(name, scaled(bound));
}

std::chrono::milliseconds scaled(std::chrono::milliseconds time) {
  static const int factor = std::getenv("SPAWNPIPE_SLOW") == nullptr ? 1 : 4;
  return time * factor;
}

// The file is open for one row at a time: children of other threads do not inherit it for longer, whatever the system calls the
// flag against that.
void record(const row& what) {
  static const char* const path = std::getenv("SPAWNPIPE_RESULTS");
  static bool first = true;
  static std::mutex lock;
  if (path == nullptr) return;
  const std::lock_guard hold(lock);
  std::FILE* const file = std::fopen(path, std::exchange(first, false) ? "wb" : "ab");
  if (file == nullptr) return;
  std::fprintf(file, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%.3f\n", one_line(what.kind).c_str(),
               one_line(this_column.program).c_str(),
               one_line(chosen_mechanism().empty() ? this_column.back_end : chosen_mechanism()).c_str(),
               one_line(what.name).c_str(), one_line(what.outcome).c_str(), one_line(what.reason).c_str(),
               what.assertions, what.seconds);
  std::fclose(file);
}

std::string_view chosen_mechanism() {
  static const char* const named = std::getenv("SPAWNPIPE_MECHANISM");
  return named == nullptr ? std::string_view() : named;
}

std::optional<std::string> (*before_the_cases)() = nullptr;

bool cases_can_show_something() {
  const auto missing = before_the_cases != nullptr ? before_the_cases() : std::nullopt;
  if (!missing) return true;
  const std::string name = "trees by " + std::string(chosen_mechanism());
  ++the_book().skipped;
  record({.kind = "case", .name = name, .outcome = "skipped", .reason = *missing});
  std::printf("skipped: %s: %s\n", name.c_str(), missing->c_str());
  return false;
}

void record_failure(std::string_view name, std::string_view reason) {
  {
    const std::lock_guard hold(the_book().lock);
    ++the_book().failed;
  }
  record({.kind = "case", .name = name, .outcome = "failed", .reason = reason});
  std::printf("FAILED: %s: %s\n", std::string(name).c_str(), std::string(reason).c_str());
  std::fflush(stdout);
}

int finish() {
  const book& totals = the_book();
  if (chosen_mechanism().empty()) {
    for (const declaration& each : this_column.broken) {
      const bool seen = totals.observed.contains(each.rule);
      record({.kind = "broken", .name = each.rule, .outcome = seen ? "observed" : "unobserved", .reason = each.reason});
    }
    for (const declaration& each : this_column.not_here) {
      record({.kind = "not-here", .name = each.rule, .reason = each.reason});
    }
  }
  record({.kind = "end"});
  std::printf("%d passed, %d failed, %d skipped\n", totals.passed, totals.failed, totals.skipped);
  std::fflush(stdout);
  const bool none_ran = totals.passed + totals.failed + totals.skipped == 0;
  if (none_ran) std::fprintf(stderr, "No case ran.\n");
  return totals.failed > 0 || none_ran ? 1 : 0;
}

}  // namespace harness
