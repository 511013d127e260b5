// Starts a child_plan: a new process that shares our memory until exec, so that its start costs the same whatever our size.
#ifndef SPAWNPIPE_PLATFORM_POSIX_CLONE_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_CLONE_LINUX_HPP

#include "child_linux.hpp"
#include "unique_fd.hpp"

#include <sys/types.h>

namespace spawnpipe::platform {

// What this kernel, and who filters its calls, let us do. Found out by trying, once in a process; forgotten by tests only.
struct linux_abilities {
  // The ways to make a process, the best first. Each is given up for good when the system says that it is not there.
  enum class way : int { clone3_clear, clone3_plain, clone_pidfd, clone_plain, clone_signalling };

  static way best_way() noexcept;
  static bool close_range() noexcept;
  // Whether a pidfd can be waited for: by poll since 5.3, and by waitid since 5.4.
  static bool pidfds_wait() noexcept;
  // Whether /proc/<our id> is ours: not where /proc is missing, or shows another pid namespace.
  static bool proc_is_ours() noexcept;
  // Whether a pidfd signals the group that its process led, also when that process was reaped: since 6.9. Asked of one.
  static bool group_signals(int pidfd) noexcept;
  static void forget() noexcept;
};

struct started {
  pid_t pid = -1;
  unique_fd pidfd;  // none where the kernel is older than 5.4
  int code = 0;     // errno where no process was made, or none is left: then `plan.failure` may say more
};

// Runs `plan` in a new process, and returns when that has reached exec or has failed; one that failed is reaped.
[[nodiscard]] started start_child(child_plan& plan) noexcept;

// Waits for a process of ours that is about to end.
void reap(pid_t pid) noexcept;

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
// What the last start of this thread did, for tests that force it one way or the other.
struct start_record {
  linux_abilities::way how = {};
  bool memory_shared = false;
  bool table_shared = false;
  bool close_range = false;
  std::size_t reopened = 0;
};
start_record& last_start() noexcept;
#endif

}  // namespace spawnpipe::platform

#endif
