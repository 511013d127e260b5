// The job of a child: the child and all that it starts, from its first instruction on. Nothing can leave it.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_JOB_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_JOB_HPP

#include "handle.hpp"

#include <spawnpipe/resource_usage.hpp>

#include <optional>

namespace spawnpipe::platform {

// Ends what is in it when its last handle is closed, also by the end of the host. None where the system refuses (GetLastError).
[[nodiscard]] unique_handle make_job() noexcept;
// How many are in it now, and what all that were ever in it used.
struct job_count {
  DWORD alive = 0;
  bool unlisted = false;  // some are alive, but the job lists none
  resource_usage used;
};
[[nodiscard]] std::optional<job_count> count_of(HANDLE job) noexcept;
// From now on what is in it outlives the handle.
void let_go(HANDLE job) noexcept;

}  // namespace spawnpipe::platform

#endif
