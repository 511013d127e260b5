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

}  // namespace spawnpipe::platform

#endif
