// How a child ended, and why a run did, are two things.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [endings]
  for (const char* line : {"exit 0", "exit 3", "kill -KILL $$", "sleep 60"}) {
    auto done = spawnpipe::run(spawnpipe::command::shell(line), {.until = 2s}).value();
    std::cout << line << ": " << to_string(done.status) << ", because of "
              << to_string(done.why) << (done.success() ? ", a success\n" : "\n");
  }
  //! [endings]
}
