// A child process of uv_spawn, for the spawn.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PROCESS_LIBUV_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PROCESS_LIBUV_HPP

#include "loop.hpp"
#include "platform.hpp"
#include "system.hpp"

#include <optional>

namespace spawnpipe::platform {

struct process {
  loop* owner = nullptr;
  completion* exited = nullptr;
  // Closed as soon as it has ended: libuv keeps its SIGCHLD handler for as long as there is one.
  uv_process_t* handle = nullptr;
  pid_t pid = 0;
  bool own_group = false;
  std::optional<exit_status> status;
};

// For uv_process_options_t.
void process_exited(uv_process_t* handle, std::int64_t code, int signal);

}  // namespace spawnpipe::platform

#endif
