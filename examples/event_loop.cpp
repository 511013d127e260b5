// Two children on one event loop: their lines are printed as they come, and their ends as they happen. Callbacks are
// called inside loop.run() only, on this thread. It returns when nothing is left to wait for.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

// A child, which is this program run again: counts, with a pause after each number.
int count(int last, std::chrono::milliseconds pause) {
  for (int number = 1; number <= last; ++number) {
    std::cout << number << std::endl;
    std::this_thread::sleep_for(pause);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return count(std::stoi(argv[1]), std::chrono::milliseconds(std::stoi(argv[2])));
  auto loop = spawnpipe::event_loop::create();
  if (!loop) {
    std::cerr << to_string(loop.error()) << '\n';
    return 1;
  }

  int ended_well = 0;
  const auto start = [&](const char* name, const char* last, const char* pause) {
    const auto what = spawnpipe::command(argv[0], {last, pause}).out(spawnpipe::stdio::pipe{});
    auto started = spawnpipe::spawn(*loop, what);
    if (!started) return started;
    started->out().on_readable([name](spawnpipe::pipe_reader& out) {
      while (auto line = out.read_line(spawnpipe::deadline::now())) {
        if (line->ends_with('\r')) line->remove_suffix(1);  // on Windows children end their lines with CR LF
        std::cout << name << ": " << *line << '\n';
      }
      if (const auto broken = out.error()) std::cerr << name << ": " << to_string(*broken) << '\n';
    });
    started->on_exit([name, &ended_well](spawnpipe::child&, const spawnpipe::exit_status& status) {
      std::cout << name << ' ' << to_string(status) << '\n';
      if (status.success()) ++ended_well;
    });
    return started;
  };

  const auto slow = start("slow", "3", "200");
  const auto quick = start("quick", "5", "100");
  for (const auto* started : {&slow, &quick}) {
    if (!*started) std::cerr << to_string(started->error()) << '\n';
  }

  if (auto all = loop->run(10s); !all) std::cerr << to_string(all.error()) << '\n';
  return ended_well == 2 ? 0 : 1;
}
