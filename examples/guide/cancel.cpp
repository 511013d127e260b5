// A stop token ends a run from another thread.
#include <iostream>
#include <thread>

//! [cancel]
#include <spawnpipe/spawnpipe.hpp>
#include <spawnpipe/stop_token.hpp>

bool was_stopped(std::stop_token token) {
  auto done = spawnpipe::run({"sleep", "60"}, {.cancel = token});
  // Stopped before anything was started, that is an error of the call.
  if (!done) return done.error() == spawnpipe::errc::cancelled;
  return done->why == spawnpipe::ended_by::cancelled;
}
//! [cancel]

int main() {
  std::jthread sleeper([](std::stop_token token) {
    std::cout << (was_stopped(token) ? "stopped\n" : "not stopped\n");
  });
}
