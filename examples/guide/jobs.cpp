// Many runs at once.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
#include <vector>
using namespace std::chrono_literals;

int main() {
  //! [jobs]
  auto loop = spawnpipe::event_loop::create().value();
  std::vector<spawnpipe::job> jobs;
  for (const char* line : {"sleep 1; echo slow", "echo quick", "sleep 60"}) {
    auto show = [](const spawnpipe::completed& done) {
      if (done.success()) std::cout << done.out;
      if (!done.success()) std::cout << "ended by: " << to_string(done.why) << '\n';
    };
    auto what = spawnpipe::command::shell(line);
    auto job = spawnpipe::run_async(loop, what, {.until = 3s}, show);
    jobs.push_back(std::move(job).value());
  }
  loop.run(spawnpipe::deadline::never()).value();
  //! [jobs]
}
