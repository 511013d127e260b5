// waitid(2), which a signal does not cut short.
#ifndef SPAWNPIPE_PLATFORM_POSIX_WAITID_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_WAITID_LINUX_HPP

#include "system_linux.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>

namespace spawnpipe::platform {

// Of children that report their end by no SIGCHLD, too (__WALL).
[[nodiscard]] inline int waitid_to_the_end(int which, id_t id, siginfo_t& info, int options,
                                           struct rusage* used = nullptr) noexcept {
  int code = 0;
  do {
    info = {};
    code = sys::waitid(which, id, &info, options | __WALL, used);
  } while (code != 0 && errno == EINTR);
  return code;
}

// The same of one child: by its pidfd, or by its number where that is -1.
[[nodiscard]] inline int waitid_of_child(pid_t pid, int pidfd, siginfo_t& info, int options,
                                         struct rusage* used = nullptr) noexcept {
  const bool by_pidfd = pidfd >= 0;
  return waitid_to_the_end(by_pidfd ? wait_for_pidfd : int{P_PID}, static_cast<id_t>(by_pidfd ? pidfd : pid), info,
                           options, used);
}

}  // namespace spawnpipe::platform

#endif
