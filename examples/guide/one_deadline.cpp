// One deadline for many calls, and a result that says which bound fired.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [one_deadline]
  const spawnpipe::deadline until = 500ms;
  int steps = 0;
  for (;; ++steps) {
    auto done = spawnpipe::run({"sleep", "0.2"}, {.until = until});
    if (done.failed_with(spawnpipe::errc::timed_out))
      break;  // it had come: nothing was started
    if (done.value().why == spawnpipe::ended_by::deadline) break;  // it came meanwhile
  }
  std::cout << (steps <= 2 ? "no more than two steps" : "too many steps") << '\n';
  //! [one_deadline]
}
