// Talking with a child, line by line.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [talk]
  namespace stdio = spawnpipe::stdio;
  auto squares = spawnpipe::command::shell("while read n; do echo $((n * n)); done");
  auto child = spawnpipe::spawn(squares.in(stdio::pipe{}).out(stdio::pipe{})).value();

  const spawnpipe::deadline until = 5s;  // for all that follows, together
  for (const char* number : {"6\n", "42\n"}) {
    child.in().write_all(number, until).value();
    std::cout << child.out().read_line(until).value() << '\n';
  }
  child.in().close().value();  // the end of its input
  std::cout << to_string(child.wait(until).value()) << '\n';
  //! [talk]
}
