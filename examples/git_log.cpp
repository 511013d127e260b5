// Runs git with a five-second timeout, and prints its output, or a message that says what went wrong, and at which
// stage. There are two kinds of "wrong": the process could not be run at all (the result holds an error), and it ran
// but did not succeed (how it ended, and what it wrote to its standard error, are in the result).
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  const auto log = spawnpipe::run({"git", "log", "--oneline", "-5"}, {.until = 5s});
  if (!log) {
    std::cerr << to_string(log.error()) << '\n';
    return 1;
  }
  if (!log->success()) {
    std::cerr << "git " << to_string(*log) << '\n' << log->err;
    return 1;
  }
  std::cout << log->out;
}
