// A child that leaves somebody behind.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [tree]
  auto leaves = spawnpipe::command::shell("sleep 60 & echo started");
  leaves.in(spawnpipe::stdio::null{})
      .out(spawnpipe::stdio::pipe{})
      .err(spawnpipe::stdio::null{});
  auto child = spawnpipe::spawn(leaves).value();
  std::cout << child.out().read_line(5s).value() << '\n';
  std::cout << "the shell " << to_string(child.wait(5s).value()) << '\n';

  if (child.wait_tree(100ms).failed_with(spawnpipe::errc::timed_out))
    std::cout << "its tree is still there\n";
  auto report = child.stop(spawnpipe::stop_policy::immediate(), 5s).value();
  std::cout << (report.tree.gone ? "its tree is gone\n" : "something is left\n");
  //! [tree]
}
