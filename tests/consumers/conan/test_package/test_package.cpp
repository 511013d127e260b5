// That the package can be compiled with, linked and run.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>

int main() {
  const auto done = spawnpipe::run(spawnpipe::command::shell("echo it works"), {.until = std::chrono::seconds(30)});
  std::cout << (done ? done->out : done.error().message() + '\n');
  return done && done->success() ? 0 : 1;
}
