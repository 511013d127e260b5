// What a process used of the machine.
#ifndef SPAWNPIPE_RESOURCE_USAGE_HPP
#define SPAWNPIPE_RESOURCE_USAGE_HPP

#include <spawnpipe/standard.hpp>

#include <cstdint>
#include <optional>

namespace spawnpipe {

/// What a process had used when it ended. What a system does not count is not there, rather than 0.
///
/// Linux: of the process and of those descendants that were waited for in it, as getrusage(2) has it, so that a shell's counts
/// hold its commands'. Windows: of the process alone.
struct resource_usage {
  std::chrono::nanoseconds elapsed{0};  ///< From its start to its end, on the steady clock.
  std::chrono::nanoseconds user{0};  ///< CPU time in the program. Linux counts in ticks or finer, by its configuration.
  std::chrono::nanoseconds system{0};  ///< CPU time in the system on its behalf.
  std::optional<std::uint64_t> peak_memory =
      std::nullopt;  ///< Bytes resident at the most; Linux: of the largest of them.
  std::optional<std::uint64_t> voluntary_switches =
      std::nullopt;  ///< How often it gave up the CPU to wait. Not on Windows.
  std::optional<std::uint64_t> involuntary_switches =
      std::nullopt;  ///< How often it was taken off the CPU. Not on Windows.

  friend bool operator==(const resource_usage&, const resource_usage&) noexcept = default;
};

}  // namespace spawnpipe

#endif
