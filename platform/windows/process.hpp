// What a child consists of on Windows.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_PROCESS_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_PROCESS_HPP

#include "awaited.hpp"
#include "handle.hpp"
#include "platform.hpp"

#include <optional>

namespace spawnpipe::platform {

struct process {
  loop* owner = nullptr;
  unique_handle handle;
  unique_handle job;
  DWORD id = 0;
  bool console_group = false;  // it has a group of its own in a console that is ours too
  completion* exited = nullptr;
  std::optional<exit_status> status;
  std::optional<time_point> unlisted_since;  // see is_gone in process.cpp
  awaited end;                               // last: it is forgotten before the handle is closed
};

// For awaited::create.
void process_ended(void* self) noexcept;

}  // namespace spawnpipe::platform

#endif
