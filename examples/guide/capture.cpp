// Output without end, in bounded memory.
#include <spawnpipe/spawnpipe.hpp>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  //! [capture]
  auto done =
      spawnpipe::run(
          {"seq", "100000"},
          {.until = 60s,
           .capture = {.bytes = 16, .on_overflow = spawnpipe::overflow::keep_head_and_tail}})
          .value();
  std::cout << done.out << "(" << done.out_dropped << " bytes were dropped between)\n";
  //! [capture]
}
