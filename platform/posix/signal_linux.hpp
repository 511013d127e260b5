// Signals to a child, or to the group that it leads: by its pidfd, and where that is not to be had, or does not signal, by number, after a
// look whether the number still is the child's.
#ifndef SPAWNPIPE_PLATFORM_POSIX_SIGNAL_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_SIGNAL_LINUX_HPP

#include <sys/types.h>

namespace spawnpipe::platform {

// Both as kill(2): -1 and errno where nothing was sent, ESRCH when the child was reaped. `pidfd` is -1 where there is none.
[[nodiscard]] int signal_child(pid_t pid, int pidfd, int signal) noexcept;
[[nodiscard]] int signal_group_of_child(pid_t pid, int pidfd, int signal) noexcept;

}  // namespace spawnpipe::platform

#endif
