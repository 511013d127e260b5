// How long the back end asks the system to wait. Each engine's folder defines it.
#ifndef SPAWNPIPE_TESTS_POSIX_OBSERVED_WAITS_HPP
#define SPAWNPIPE_TESTS_POSIX_OBSERVED_WAITS_HPP

#include <chrono>
#include <memory>

namespace harness {

// While the result lives, `longest` is the longest wait with a bound that a loop of the library's own has asked for.
[[nodiscard]] std::shared_ptr<void> observe_waits(std::chrono::milliseconds& longest);

}  // namespace harness

#endif
