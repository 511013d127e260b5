// supervise: keeps a command running. Starts it anew when it ends, after a pause that doubles with each short life; stops it, with all that
// it started, on Ctrl-C.
//
//   supervise [-n RESTARTS] [-k GRACE] COMMAND [ARGUMENT...]
//
// Exit status: 0 after Ctrl-C, or where the command ended with 0 (no reason to start it anew); 1 where it was started anew so often as -n
// allows; 2 where it could not be started, or the command line is no good.
#include "command_line.hpp"
#include "terminal.hpp"

#include <spawnpipe/spawnpipe.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;
using milliseconds = std::chrono::milliseconds;

enum exit_code { ended = 0, gave_up = 1, not_started = 2 };

// A life of so long is a success: the next pause is short again.
constexpr auto long_life = 10s;
constexpr milliseconds first_pause = 100ms;
constexpr milliseconds longest_pause = 30s;

spawnpipe::interrupter interrupted;  // global: signal handlers use it

// False where it was interrupted meanwhile.
bool pause_for(milliseconds time) {
  const auto end = clock::now() + time;
  while (!interrupted.interrupted() && clock::now() < end)
    std::this_thread::sleep_for(std::min<milliseconds>(time, 20ms));
  return !interrupted.interrupted();
}

void say(const std::string& text) { std::cerr << "supervise: " << text << std::endl; }

// One life of the command; how it ended, or nothing where we ended it.
std::optional<spawnpipe::exit_status> live(spawnpipe::child& running, const spawnpipe::stop_policy& policy) {
  const auto status = running.wait(spawnpipe::deadline::never(), interrupted);
  const auto stopped = running.stop(policy);  // also what it left behind
  if (!stopped) say(to_string(stopped.error()));
  if (!status) return std::nullopt;
  return *status;
}

int supervise(const spawnpipe::command& what, int restarts, const spawnpipe::stop_policy& policy) {
  milliseconds pause = first_pause;
  for (int count = 0;; ++count) {
    const auto began = clock::now();
    auto running = spawnpipe::spawn(what);
    if (!running) {
      say(to_string(running.error()));
      return not_started;
    }
    const auto status = live(*running, policy);
    if (!status) {
      say("stopped");
      return ended;
    }
    say(what.program() + " " + to_string(*status));
    if (status->success()) return ended;
    if (count == restarts) return gave_up;
    if (clock::now() - began >= long_life) pause = first_pause;
    say("starting it anew in " + std::to_string(pause.count()) + " ms");
    if (!pause_for(pause)) return ended;
    pause = std::min(2 * pause, longest_pause);
  }
}

}  // namespace

int main(int argc, char** argv) {
  terminal::interrupt_on_signals(interrupted);
  int restarts = -1;
  int grace = 5;
  std::vector<std::string> command;

  CLI::App app("Keeps a command running.", "supervise");
  app.add_option("-n,--restarts", restarts, "how often to start it anew; -1: without end")->capture_default_str();
  app.add_option("-k,--kill-after", grace, "seconds between asking it to end and killing it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("command", command, "the command and its arguments")->required();
  app.positionals_at_end(true);
  try {
    const std::vector<std::string> given = command_line::arguments(argc, argv);
    app.parse(std::vector<std::string>(given.rbegin(), given.rend()));  // CLI11 wants the last one first
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? ended : not_started;
  }
  spawnpipe::command what(command.front(), {command.begin() + 1, command.end()});
  what.in(spawnpipe::stdio::null{}).tree(spawnpipe::process_tree::best);
  return supervise(what, restarts, {.terminate = std::chrono::seconds(grace)});
}
