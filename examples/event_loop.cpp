// Two children on one event loop: their lines are printed as they come, and their ends as they happen. Callbacks are
// called inside loop.run() only, on this thread. It returns when nothing is left to wait for.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  auto loop = spawnpipe::event_loop::create();
  if (!loop) {
    std::cerr << loop.error().message() << '\n';
    return 1;
  }

  int ended_well = 0;
  const auto start = [&](const char* name, const char* line) {
    auto started = spawnpipe::spawn(*loop, spawnpipe::command::shell(line).out(spawnpipe::stdio::pipe{}));
    if (!started) return started;
    started->out().on_readable([name](spawnpipe::pipe_reader& out) {
      while (const auto text = out.read_line(spawnpipe::deadline::now())) std::cout << name << ": " << *text << '\n';
      if (const auto broken = out.error()) std::cerr << name << ": " << broken->message() << '\n';
    });
    started->on_exit([name, &ended_well](spawnpipe::child&, const spawnpipe::exit_status& status) {
      std::cout << name << ' ' << to_string(status) << '\n';
      if (status.success()) ++ended_well;
    });
    return started;
  };

  const auto tick = start("clock", "for i in 1 2 3; do echo tick $i; sleep 0.2; done");
  const auto count = start("counter", "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done");
  for (const auto* started : {&tick, &count}) {
    if (!*started) std::cerr << started->error().message() << '\n';
  }

  if (auto all = loop->run(10s); !all) std::cerr << "loop: " << all.error().message() << '\n';
  return ended_well == 2 ? 0 : 1;
}
