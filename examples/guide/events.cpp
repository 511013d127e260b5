// Lines as they come, and ends as they happen, on a loop of the library's own.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [events]
  auto loop = spawnpipe::event_loop::create().value();
  auto steps = spawnpipe::command::shell("for n in 1 2 3; do echo step $n; sleep 0.1; done");
  auto child = spawnpipe::spawn(loop, steps.out(spawnpipe::stdio::pipe{})).value();

  child.out().on_readable([](spawnpipe::pipe_reader& out) {
    while (auto line = out.read_line(spawnpipe::deadline::now())) std::cout << *line << '\n';
  });
  child.on_exit([](spawnpipe::child&, const spawnpipe::exit_status& status) {
    std::cout << to_string(status) << '\n';
  });
  loop.run(10s).value();  // returns when there is nothing left to wait for
  //! [events]
}
