// The first program of the README and of the guide: run a program, and show its output or what went wrong.
//! [run]
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  auto git = spawnpipe::run({"git", "log", "-1", "--oneline"}, {.until = 5s});
  if (!git) return std::cerr << to_string(git.error()) << '\n', 1;
  if (!git->success()) return std::cerr << "git: " << to_string(*git) << '\n' << git->err, 1;
  std::cout << git->out;
}
//! [run]
