// Stopping a child that does not want to.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [stop]
  auto stubborn = spawnpipe::command::shell("trap '' TERM; echo ready; sleep 60");
  auto child = spawnpipe::spawn(stubborn.out(spawnpipe::stdio::pipe{})).value();
  std::cout << child.out().read_line(5s).value() << '\n';

  // Close its stdin, wait 100 ms, ask, wait 100 ms, kill; all within 5 s.
  auto report = child.stop(spawnpipe::stop_policy::graceful(100ms), 5s).value();
  std::cout << to_string(report.status) << " in phase " << to_string(report.phase) << '\n';
  //! [stop]
}
