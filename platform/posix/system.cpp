// The calls that differ between POSIX systems, and the table of test builds.
#include "system.hpp"

#include <sys/mman.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <ctime>

// In Linux 6.18 and later: a write to a pipe without readers fails with EPIPE and raises nothing.
#if defined(__linux__) && !defined(RWF_NOSIGNAL)
#define RWF_NOSIGNAL 0x00000100
#endif

namespace spawnpipe::platform {

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
system_table system_calls;
#endif

namespace direct {

int pipe_cloexec(int* ends) {
#if defined(__APPLE__)
  // There is no pipe2: between the two steps a spawn of another thread could pass the ends on. Our own spawns are kept out by
  // uv_spawn's lock only for one loop; the window is said in the documentation of the library.
  if (::pipe(ends) != 0) return -1;
  for (int end = 0; end < 2; ++end) {
    if (::fcntl(ends[end], F_SETFD, FD_CLOEXEC) == 0) continue;
    const int code = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    errno = code;
    return -1;
  }
  return 0;
#else
  return ::pipe2(ends, O_CLOEXEC);
#endif
}

int mounted_noexec([[maybe_unused]] const char* path, [[maybe_unused]] bool* answer) {
#if defined(ST_NOEXEC)
  struct statvfs about = {};
  if (::statvfs(path, &about) != 0) return -1;
  *answer = (about.f_flag & ST_NOEXEC) != 0;
  return 0;
#else
  errno = ENOSYS;
  return -1;
#endif
}

ssize_t writev_nosignal([[maybe_unused]] int fd, [[maybe_unused]] const struct iovec* from,
                        [[maybe_unused]] int count) {
#if defined(__linux__)
  return ::pwritev2(fd, from, count, -1, RWF_NOSIGNAL);
#else
  errno = EOPNOTSUPP;
  return -1;
#endif
}

int page_that_forks_clear([[maybe_unused]] void** into) {
#if defined(MADV_WIPEONFORK)
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return -1;
  if (::madvise(page, size, MADV_WIPEONFORK) == 0) {
    *into = page;
    return 0;
  }
  const int code = errno;
  ::munmap(page, size);
  errno = code;
#else
  errno = ENOSYS;
#endif
  return -1;
}

int take_pending(const sigset_t* set) {
#if defined(__APPLE__)
  int signal = 0;  // no sigtimedwait; the caller has seen that one is pending, so this does not wait
  return ::sigwait(set, &signal) == 0 ? signal : -1;
#else
  const struct timespec at_once = {};
  return ::sigtimedwait(set, nullptr, &at_once);
#endif
}

}  // namespace direct
}  // namespace spawnpipe::platform
