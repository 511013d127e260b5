#include "signal_linux.hpp"

#include "plug.hpp"
#include "system_linux.hpp"
#include "waitid_linux.hpp"

#include <cerrno>

namespace spawnpipe::platform {
namespace {

// True while it can be waited for: until then its number, and its group's, are nobody else's.
bool still_ours(pid_t pid, int pidfd) noexcept {
  siginfo_t info;
  return waitid_of_child(pid, pidfd, info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int by_number(pid_t pid, int pidfd, pid_t whom, int signal) noexcept {
  if (still_ours(pid, pidfd)) return sys::kill(whom, signal);
  errno = ESRCH;
  return -1;
}

}  // namespace

int signal_child(pid_t pid, int pidfd, int signal) noexcept {
  if (pidfd >= 0) {
    if (sys::pidfd_send_signal(pidfd, signal, 0) == 0) return 0;
    if (errno != ENOSYS && errno != EPERM) return -1;
  }
  return by_number(pid, pidfd, pid, signal);
}

int signal_group_of_child(pid_t pid, int pidfd, int signal) noexcept {
  if (pidfd >= 0) {
    if (sys::pidfd_send_signal(pidfd, signal, pidfd_signal_process_group) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EPERM) return -1;  // before 6.9 there is no such flag
  }
  return by_number(pid, pidfd, -pid, signal);
}

}  // namespace spawnpipe::platform
