// Streams to files, and into each other.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [redirect]
  namespace stdio = spawnpipe::stdio;
  auto both = spawnpipe::command::shell("echo one; echo two >&2; echo three");
  std::cout << spawnpipe::run(both.err(stdio::merge{}), {.until = 5s}).value().out;

  both.out(stdio::to_file{"log", stdio::file_mode::append});  // its errors go there too
  std::cout << to_string(spawnpipe::run(both, {.until = 5s}).value()) << '\n';
  spawnpipe::command count("wc", {"-l"});
  std::cout << spawnpipe::run(count.in(stdio::from_file{"log"}), {.until = 5s}).value().out;
  //! [redirect]
}
