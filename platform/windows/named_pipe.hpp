// A pipe to a child: our end overlapped, the child's end an ordinary synchronous handle.
//
// Anonymous pipes of Windows can't be overlapped, so this is a named one that nobody else can have opened or foreseen: its name is
// random, it has one instance, which has to be the first, and it is for this user only.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_NAMED_PIPE_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_NAMED_PIPE_HPP

#include <spawnpipe/result.hpp>

#include "handle.hpp"
#include "stream.hpp"

namespace spawnpipe::platform {

// What a pipe holds before a write to it has to wait.
inline constexpr DWORD pipe_quota = 64 * 1024;

struct pipe_ends {
  unique_handle ours;
  unique_handle theirs;
};

// Neither end is inheritable. `name` is for the error.
[[nodiscard]] result<pipe_ends> make_pipe(SECURITY_ATTRIBUTES* security, direction which, const char* name);

}  // namespace spawnpipe::platform

#endif
