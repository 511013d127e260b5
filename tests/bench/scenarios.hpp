// What is compared: each scenario as raw calls (scenarios_raw.cpp) and by the library (scenarios_ours.cpp), which do the same.
#ifndef SPAWNPIPE_TESTS_BENCH_SCENARIOS_HPP
#define SPAWNPIPE_TESTS_BENCH_SCENARIOS_HPP

#include "measurement.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

// Bytes in one transfer, that is measured; what comes before it, unmeasured, keeps the start of the child out of it: more than the
// pipe holds, so that the child reads or writes by then.
inline constexpr std::uint64_t transfer_size = std::uint64_t{64} * 1024 * 1024;
inline constexpr std::uint64_t prelude_size = std::uint64_t{128} * 1024;
inline constexpr std::uint64_t child_block = std::uint64_t{64} * 1024;

inline constexpr int wakes_in_one_repeat = 1000;

enum class streams { null_device, pipes };

struct scenarios {
  seconds (*read)(std::size_t block);               // from a child that writes blocks of child_block
  seconds (*read_in_callbacks)(std::size_t block);  // raw: as read
  seconds (*write)(std::size_t block);              // to a child that reads to the end
  seconds (*spawn_and_wait)(streams which);
  seconds (*wake_up)();  // the median time from the wake on one thread to the woken code on another
};

extern const scenarios raw_scenarios;
extern const scenarios our_scenarios;

// The helper program of the tests.
inline constexpr const char* child_program = BENCH_CHILD_PROGRAM;

inline void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("not as expected: ") + what);
}

// For the turns of a wake-up: times that two threads take.
using clock = std::chrono::steady_clock;

}  // namespace bench

#endif
