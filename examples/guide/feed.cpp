// More input and more output than any pipe holds.
#include <spawnpipe/spawnpipe.hpp>

#include <algorithm>
#include <iostream>
#include <string>
using namespace std::chrono_literals;

int main() {
  //! [feed]
  std::string numbers;
  for (int n = 0; n < 200'000; ++n) numbers += std::to_string(n % 1000) + '\n';

  auto copy = spawnpipe::run({"tee", "/dev/stderr"}, {.input = numbers, .until = 60s}).value();
  std::cout << numbers.size() << " bytes in, " << copy.out.size() << " and " << copy.err.size()
            << " out\n";
  //! [feed]
}
