// Writing to a pipe whose reader may be gone, without a SIGPIPE.
#ifndef SPAWNPIPE_PLATFORM_POSIX_WRITE_QUIETLY_HPP
#define SPAWNPIPE_PLATFORM_POSIX_WRITE_QUIETLY_HPP

#include "system.hpp"

namespace spawnpipe::platform {

// As writev; a reader that is gone is EPIPE, never a signal, and the host's disposition of SIGPIPE is not looked at.
[[nodiscard]] ssize_t write_quietly(int fd, const struct iovec* from, int count) noexcept;

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)
// What it learned of the kernel: for a test that lets the kernel say something else.
void write_quietly_forgets() noexcept;
#endif

}  // namespace spawnpipe::platform

#endif
