// timeout: runs a command with a limit of time, and leaves nothing of it behind. As timeout(1), on every system.
//
//   timeout [-s SIGNAL] [-k GRACE] DURATION COMMAND [ARGUMENT...]
//
// DURATION and GRACE are numbers of seconds, or with m, h or d behind them. When the time has come the command and all that it started
// are asked to end; what is left after GRACE is killed.
//
// Exit status: the command's own, 128 + N where signal N ended it; 124 the time was over, 125 this program failed, 126 the command could
// not be started, 127 it was not found, 130 interrupted.
#include "command_line.hpp"
#include "terminal.hpp"

#include <spawnpipe/spawnpipe.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace {

using spawnpipe::errc;
using milliseconds = std::chrono::milliseconds;

enum exit_code { timed_out = 124, failed = 125, not_started = 126, not_found = 127, interrupted_code = 130 };

spawnpipe::interrupter interrupted;  // global: signal handlers use it

int complain(const spawnpipe::error& why, int code) {
  std::cerr << "timeout: " << to_string(why) << '\n';
  return code;
}

// In a group of its own, so that it can be ended with all that it started, and with the terminal, if there is one: Ctrl-C and Ctrl-Z are
// for the command. Not every back end has that: then a session.
spawnpipe::result<spawnpipe::child> start(const std::vector<std::string>& argv) {
  spawnpipe::command what(argv.front(), {argv.begin() + 1, argv.end()});
  what.tree(spawnpipe::process_tree::best).group(spawnpipe::process_group::foreground);
  auto running = spawnpipe::spawn(what);
  if (running.failed_with(errc::not_supported))
    running = spawnpipe::spawn(what.group(spawnpipe::process_group::session));
  return running;
}

int code_of(const spawnpipe::exit_status& status) {
  if (const auto code = status.code()) return static_cast<int>(*code);
  return status.signal() ? 128 + *status.signal() : failed;
}

int run(const std::vector<std::string>& argv, milliseconds limit, const spawnpipe::stop_policy& policy) {
  auto running = start(argv);
  if (!running) {
    const bool missing = running.error() == std::errc::no_such_file_or_directory;
    return complain(running.error(), missing ? not_found : not_started);
  }
  // At the limit it is left as it is, because it is to be asked first.
  const auto lived = spawnpipe::communicate(
      *running, {.until = limit, .cancel = interrupted, .policy = {.terminate = std::nullopt, .kill = false}});
  if (!lived) return complain(lived.error(), failed);
  // What the command left behind goes, too, when it has ended by itself.
  const auto stopped = running->stop(policy);
  if (!stopped) return complain(stopped.error(), failed);
  if (!stopped->tree.gone) std::cerr << "timeout: something that the command started is still there\n";
  if (lived->why == spawnpipe::ended_by::deadline) return timed_out;
  if (lived->why == spawnpipe::ended_by::cancelled) return interrupted_code;
  return code_of(stopped->status);
}

}  // namespace

int main(int argc, char** argv) {
  terminal::interrupt_on_signals(interrupted);
  double limit = 0;
  double grace = 2;
  int signal = 0;
  std::vector<std::string> command;

  CLI::App app("Runs a command with a limit of time, and leaves nothing of it behind.", "timeout");
  const CLI::AsNumberWithUnit seconds(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}},
                                      CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME");
  app.add_option("-s,--signal", signal, "the number of the signal that asks it to end (POSIX)");
  app.add_option("-k,--kill-after", grace, "how long to wait between asking and killing")
      ->transform(seconds)
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("duration", limit, "how long it may run")
      ->required()
      ->transform(seconds)
      ->check(CLI::NonNegativeNumber);
  app.add_option("command", command, "the command and its arguments")->required();
  app.prefix_command(false)->positionals_at_end(true);
  try {
    const std::vector<std::string> given = command_line::arguments(argc, argv);
    app.parse(std::vector<std::string>(given.rbegin(), given.rend()));  // CLI11 wants the last one first
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : failed;
  }
  const auto rounded = [](double time) { return milliseconds(static_cast<milliseconds::rep>(time * 1000)); };
  return run(command, rounded(limit), {.terminate = rounded(grace), .terminate_signal = signal});
}
