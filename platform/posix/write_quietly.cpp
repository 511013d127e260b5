// Writing to a pipe whose reader may be gone, without a SIGPIPE.
//
// Linux 6.18 can be asked for that. Elsewhere the signal is blocked in this thread for the time of the write; the one that the
// write raised is directed at this thread, is pending then, and is taken off again. One that was pending before is the
// host's, and stays: a second one would have melted into it.
#include "write_quietly.hpp"

#include <atomic>
#include <cerrno>

namespace spawnpipe::platform {
namespace {

std::atomic<bool> kernel_can = true;

bool sigpipe_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  return sys::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
void write_quietly_forgets() noexcept { kernel_can = true; }
#endif

ssize_t write_quietly(int fd, const struct iovec* from, int count) noexcept {
  if (kernel_can.load(std::memory_order_relaxed)) {
    const ssize_t written = sys::writev_nosignal(fd, from, count);
    if (written >= 0) return written;
    // An older kernel does not know the flag; seccomp may deny the call.
    if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS && errno != EPERM) return written;
    kernel_can.store(false, std::memory_order_relaxed);
  }
  sigset_t sigpipe;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  const bool hosts_own = sigpipe_pending();
  sigset_t before;
  if (const int code = sys::pthread_sigmask(SIG_BLOCK, &sigpipe, &before); code != 0) {
    errno = code;
    return -1;
  }
  const ssize_t written = sys::writev(fd, from, count);
  const int code = errno;
  if (written < 0 && code == EPIPE && !hosts_own && sigpipe_pending()) sys::take_pending(&sigpipe);
  sys::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return written;
}

}  // namespace spawnpipe::platform
