// Ctrl-C ends a run, and the program goes on to clean up. The child presses it.
#include <spawnpipe/spawnpipe.hpp>

#include <csignal>
#include <iostream>

//! [handler]
spawnpipe::interrupter interrupted;  // outlives the calls, and the handler
extern "C" void on_interrupt(int) { interrupted.interrupt(); }
//! [handler]

int main() {
  //! [run]
  std::signal(SIGINT, on_interrupt);
  auto line = spawnpipe::command::shell("kill -INT $PPID; sleep 60");
  auto done = spawnpipe::run(line, {.cancel = interrupted}).value();
  std::cout << "ended by: " << to_string(done.why) << '\n';
  //! [run]
}
