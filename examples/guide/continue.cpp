// A timeout loses nothing: the same call goes on.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
#include <string>
using namespace std::chrono_literals;

int main() {
  //! [continue]
  auto slow = spawnpipe::command::shell("printf 'one '; sleep 2; printf 'two'");
  auto child = spawnpipe::spawn(slow.out(spawnpipe::stdio::pipe{})).value();

  std::string text;
  bool late = false;
  while (child.out().read_all(text, 1000, 100ms).failed_with(spawnpipe::errc::timed_out))
    late = true;
  std::cout << text << (late ? ", in more than one turn\n" : "\n");
  //! [continue]
}
