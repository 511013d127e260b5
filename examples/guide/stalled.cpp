// A child that waits for its output to be read is reported.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
#include <string>
using namespace std::chrono_literals;

int main() {
  //! [stalled]
  spawnpipe::command zeros("head", {"-c", "1000000", "/dev/zero"});
  auto child = spawnpipe::spawn(zeros.out(spawnpipe::stdio::pipe{})).value();

  auto ended = child.wait(60s);
  if (ended.failed_with(spawnpipe::errc::output_stalled)) {
    std::cout << "nobody reads its " << ended.error().subject << '\n';
    std::string output;
    child.out().read_all(output, 2'000'000, 60s).value();
    std::cout << output.size() << " bytes\n";
    ended = child.wait(60s);  // the same call again
  }
  std::cout << to_string(ended.value()) << '\n';
  //! [stalled]
}
