// compdb_build: a small build tool on spawnpipe's event loop. Runs the commands of a compile_commands.json in parallel.
//
//   compdb_build [-j JOBS] [-k FAILURES] [--trace FILE] [--timeline FILE.html] build/compile_commands.json
//
// It runs all of them, in any order: a database knows no dependencies, so generated sources must be there before.
// --trace writes what ran when for ui.perfetto.dev, --timeline a page that any browser shows.
// A "command" is run as the system's own build tools run one: by the shell on POSIX, without one on Windows.
// Exit status: 0 all is done, 1 a command failed, 2 the command line or the database is no good, 130 interrupted.
#include "builder.hpp"
#include "command_line.hpp"
#include "compilation_database.hpp"
#include "pictures.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "utf8_path.hpp"

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/event_loop.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

enum exit_code { all_done = 0, some_failed = 1, bad_input = 2, was_interrupted = 130 };

constexpr std::size_t slowest_shown = 5;

spawnpipe::interrupter interrupted;  // global: signal handlers use it

// Refuses what is not a whole number of at least `least`.
CLI::Validator at_least(int least) {
  const auto check = [least](const std::string& text) -> std::string {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data(), end, value);
    if (wrong == std::errc() && stop == end && value >= least) return {};
    return '"' + text + "\" is not a whole number of at least " + std::to_string(least);
  };
  return {check, "N"};
}

std::string outputs_line(const std::vector<compilation>& entries) {
  std::size_t declared = 0;
  std::size_t present = 0;
  for (const auto& entry : entries) {
    std::error_code none;
    if (!entry.output) continue;
    ++declared;
    if (std::filesystem::exists(*entry.output, none)) ++present;
  }
  if (declared == 0) return "the database declares no outputs\n";
  return std::to_string(present) + " of " + std::to_string(declared) + " declared outputs exist\n";
}

std::string summary(build_report& report, const std::vector<compilation>& entries, std::chrono::nanoseconds wall) {
  std::string text = "compdb_build: ";
  if (report.interrupted) text += "interrupted: ";
  text += std::to_string(report.done) + " done, " + std::to_string(report.failed) + " failed, ";
  text += std::to_string(report.stopped) + " stopped, " + std::to_string(report.not_run) + " not run, in ";
  text += seconds(wall) + "; " + outputs_line(entries);

  const std::size_t count = std::min(slowest_shown, report.times.size());
  std::partial_sort(report.times.begin(), report.times.begin() + static_cast<std::ptrdiff_t>(count), report.times.end(),
                    [](const auto& left, const auto& right) { return left.took > right.took; });
  if (count > 0) text += "the slowest:\n";
  for (std::size_t i = 0; i < count; ++i) {
    text += "  " + seconds(report.times[i].took) + "  " + entries[report.times[i].entry].label + '\n';
  }
  return text;
}

exit_code build(const std::string& database, const build_options& options, const picture_files& files) {
  const std::vector<compilation> entries = read_compilation_database(path_of_utf8(database));
  auto loop = spawnpipe::event_loop::create();
  if (!loop) {
    std::cerr << "compdb_build: " << to_string(loop.error()) << '\n';
    return some_failed;
  }

  pictures drawn(*loop, entries, files);
  if (const auto wrong = drawn.begin()) {
    std::cerr << "compdb_build: " << *wrong << '\n';
    return bad_input;
  }

  progress shown(entries.size());
  build_report report = builder(*loop, interrupted, entries, shown, options).run();
  shown.print(summary(report, entries, shown.elapsed()));
  if (const auto wrong = drawn.end("compdb_build " + database)) {
    std::cerr << "compdb_build: " << *wrong << '\n';
    return some_failed;
  }
  if (report.loop_error) {
    std::cerr << "compdb_build: " << to_string(*report.loop_error) << '\n';
    return some_failed;
  }
  if (report.interrupted) return was_interrupted;
  if (std::ferror(stdout) != 0) {
    std::cerr << "compdb_build: could not write to standard output\n";
    return some_failed;
  }
  return report.done == entries.size() ? all_done : some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  terminal::interrupt_on_signals(interrupted);
  std::string database;
  int jobs = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  int keep_going = 1;
  picture_files files;

  CLI::App app("Runs the commands of a compilation database in parallel.", "compdb_build");
  app.add_option("database", database, "compile_commands.json, or the folder that holds it")->required();
  app.add_option("-j,--jobs", jobs, "how many to run at once")->check(at_least(1))->capture_default_str();
  app.add_option("-k,--keep-going", keep_going, "end at so many failures, 0: never")
      ->check(at_least(0))
      ->capture_default_str();
  app.add_option("--trace", files.trace, "write what ran when as a trace, for ui.perfetto.dev or chrome://tracing");
  app.add_option("--timeline", files.timeline, "write what ran when as a page for a browser");
  app.footer(std::string(command_line::convention));
  try {
    const std::vector<std::string> given = command_line::arguments(argc, argv);
    app.parse(std::vector<std::string>(given.rbegin(), given.rend()));  // CLI11 wants the last one first
    return build(database, {static_cast<std::size_t>(jobs), static_cast<std::size_t>(keep_going)}, files);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? all_done : bad_input;
  } catch (const bad_database& bad) {
    std::cerr << "compdb_build: " << bad.what() << '\n';
    return bad_input;
  } catch (const std::exception& unexpected) {
    std::cerr << "compdb_build: " << unexpected.what() << '\n';
    return some_failed;
  }
}
