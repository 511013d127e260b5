// Our end of a pipe.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_STREAM_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_STREAM_HPP

#include "handle.hpp"
#include "platform.hpp"

namespace spawnpipe::platform {

enum class direction { to_child, from_child };

// Null where the system refuses (GetLastError).
[[nodiscard]] stream* stream_open(loop& owner, unique_handle pipe, direction which) noexcept;

}  // namespace spawnpipe::platform

#endif
