// The rule by which execvp(3) goes from folder to folder: one that does not have the program is passed over, a file that may not be
// executed is passed over and remembered, and any other trouble ends the walk. The new process follows it, and so does the look-up.
#ifndef SPAWNPIPE_PLATFORM_POSIX_EXEC_WALK_HPP
#define SPAWNPIPE_PLATFORM_POSIX_EXEC_WALK_HPP

#include "bare.hpp"

#include <cerrno>

namespace spawnpipe::platform {

struct exec_walk {
  int last;  // errno of the candidate that was tried last
  bool denied;
};
constexpr exec_walk exec_walk_begin = {.last = ENOENT, .denied = false};

SPAWNPIPE_BARE inline bool is_not_there(int code) noexcept {
  return code == ENOENT || code == ENOTDIR || code == ESTALE || code == ENODEV || code == ETIMEDOUT;
}

// A candidate could not be run, for this reason. Whether the next one is to be tried.
SPAWNPIPE_BARE inline bool exec_walk_on(exec_walk& walk, int code) noexcept {
  walk.last = code;
  if (code != EACCES) return is_not_there(code);
  walk.denied = true;
  return true;
}

// What the walk came to, where nothing could be run.
SPAWNPIPE_BARE inline int exec_walk_outcome(const exec_walk& walk) noexcept {
  return walk.denied && is_not_there(walk.last) ? EACCES : walk.last;
}

}  // namespace spawnpipe::platform

#endif
