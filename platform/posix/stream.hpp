// Our end of a child's pipe, for the spawn.
#ifndef SPAWNPIPE_PLATFORM_POSIX_STREAM_HPP
#define SPAWNPIPE_PLATFORM_POSIX_STREAM_HPP

#include "platform.hpp"
#include "unique_fd.hpp"

namespace spawnpipe::platform {

// Takes over `fd`, which is non-blocking. Null where there is no memory.
[[nodiscard]] stream* stream_open(loop& owner, unique_fd fd) noexcept;

}  // namespace spawnpipe::platform

#endif
