// A program that waits with poll(2).
#include <spawnpipe/posix.hpp>
#include <spawnpipe/spawnpipe.hpp>

#include <poll.h>

#include <algorithm>
#include <climits>
#include <iostream>
using namespace std::chrono_literals;

//! [milliseconds]
// A deadline as poll(2) wants it, rounded up.
int milliseconds(spawnpipe::deadline until) {
  if (until.is_never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.remaining()).count();
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(left, INT_MAX));
}
//! [milliseconds]

int main() {
  //! [poll]
  auto loop = spawnpipe::event_loop::create().value();
  auto show = [](const spawnpipe::completed& done) {
    std::cout << done.out << "ended by: " << to_string(done.why) << '\n';
  };
  auto hello = spawnpipe::run_async(loop, {"echo", "hello"}, {}, show).value();
  auto sleep = spawnpipe::run_async(loop, {"sleep", "60"}, {.until = 1s}, show).value();

  while (hello.running() || sleep.running()) {
    const int patience = milliseconds(loop.next_deadline());  // asked right before waiting
    pollfd ready[] = {
        {spawnpipe::posix::fd(loop.native()), POLLIN, 0}};  // and the program's own
    poll(ready, std::size(ready), patience);
    if (auto turn = loop.run(spawnpipe::deadline::now());
        !turn && turn.error() != spawnpipe::errc::timed_out) {
      return std::cerr << turn.error().message() << '\n', 1;
    }
  }
  //! [poll]
}
