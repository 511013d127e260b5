// The library in a host without exceptions and RTTI: this program, the headers and the library are all compiled with
// -fno-exceptions -fno-rtti. No doctest, which wants exceptions. Writes the rows that results.hpp describes.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace sp = spawnpipe;

struct {
  int assertions = 0;
  int failures = 0;
} now;

void expect(bool holds, const char* what, int line) {
  ++now.assertions;
  if (holds) return;
  ++now.failures;
  std::printf("smoke.cpp:%d: does not hold: %s\n", line, what);
}
#define EXPECT(...) expect(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __LINE__)

sp::deadline patience() { return std::getenv("SPAWNPIPE_SLOW") == nullptr ? 10s : 40s; }

// By a signal, or by the exit code that Windows gives it.
bool was_killed(const sp::exit_status& status) {
  if (std::string_view(HARNESS_BACK_END) == "windows") return status.known() && !status.success();
  return status.signal().has_value();
}

sp::command helper(std::string verb, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), std::move(verb));
  return sp::command(HARNESS_CHILD_PROGRAM, std::move(arguments));
}

void run_captures() {
  const auto done = sp::run(helper("cat", {"4096", "both"}), {.input = "line one\nline two\n", .until = patience()});
  EXPECT(done);
  if (!done) return;
  EXPECT(done->success());
  EXPECT(done->out == "line one\nline two\n");
  EXPECT(done->err == done->out);
  const auto failed = sp::run(helper("exit", {"3"}), {.until = patience()});
  EXPECT(failed && failed->status.code() == 3U && !failed->success());
}

void deadline_ends_a_run() {
  const auto before = std::chrono::steady_clock::now();
  const auto done = sp::run(helper("hang"), {.until = 100ms});
  EXPECT(std::chrono::steady_clock::now() - before >= 100ms);
  EXPECT(done && done->why == sp::ended_by::deadline && was_killed(done->status));
}

void lines_are_read() {
  auto running = sp::spawn(helper("pieces", {"first\nsec", "ond\n", "last"}).out(sp::stdio::pipe{}));
  EXPECT(running);
  if (!running) return;
  EXPECT(running->out().read_line(patience()).value_or("") == "first");
  EXPECT(running->out().read_line(patience()).value_or("") == "second");
  EXPECT(running->out().read_line(patience()).value_or("") == "last");
  EXPECT(running->out().read_line(patience()).failed_with(sp::errc::end_of_stream));
  EXPECT(running->wait(patience()).value_or(sp::exit_status()).success());
}

void failures_are_values() {
  const auto missing = sp::spawn(sp::command("/no/such/program"));
  EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
  EXPECT(!missing && missing.error().where == sp::stage::exec);
  EXPECT(sp::run(helper("hang"), {.until = sp::deadline::now()}).failed_with(sp::errc::timed_out));
}

void a_loop_calls_back() {
  auto loop = sp::event_loop::create();
  EXPECT(loop);
  if (!loop) return;
  auto running = sp::spawn(*loop, helper("exit", {"5"}));
  EXPECT(running);
  if (!running) return;
  int calls = 0;
  running->on_exit([&](sp::child&, const sp::exit_status& status) {
    ++calls;
    EXPECT(status.code() == 5U);
  });
  EXPECT(loop->run(patience()));
  EXPECT(calls == 1);
}

// The file is open for one row at a time, so that no child inherits it.
void write_row(const char* kind, const char* name, const char* outcome, const char* reason, double seconds) {
  static bool first = true;
  const char* const path = std::getenv("SPAWNPIPE_RESULTS");
  std::FILE* const rows = path == nullptr ? nullptr : std::fopen(path, std::exchange(first, false) ? "wb" : "ab");
  if (rows == nullptr) return;
  std::fprintf(rows, "%s\tsmoke\t%s\t%s\t%s\t%s\t%d\t%.3f\n", kind, HARNESS_BACK_END, name, outcome, reason,
               now.assertions, seconds);
  std::fclose(rows);
}

}  // namespace

int main() {
  constexpr struct {
    const char* name;
    void (*act)();
  } cases[] = {
      {"[G7] run captures both outputs without exceptions and RTTI", run_captures},
      {"[G7] a deadline ends a run without exceptions and RTTI", deadline_ends_a_run},
      {"[G7] lines are read without exceptions and RTTI", lines_are_read},
      {"[G7] failures are values without exceptions and RTTI", failures_are_values},
      {"[G7] a loop calls back without exceptions and RTTI", a_loop_calls_back},
  };
  int passed = 0;
  int failed = 0;
  for (const auto& each : cases) {
    now = {};
    const auto start = std::chrono::steady_clock::now();
    each.act();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const bool good = now.failures == 0 && now.assertions > 0;
    ++(good ? passed : failed);
    if (!good) std::printf("FAILED: %s\n", each.name);
    write_row("case", each.name, good ? "passed" : "failed", good ? "" : "see its output", seconds.count());
  }
  write_row("end", "", "", "", 0);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
