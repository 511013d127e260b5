#include "pipe_size.hpp"

#include "system.hpp"

#include <atomic>

namespace spawnpipe::platform {
namespace {

std::atomic<int> grown_pipes = 0;

}  // namespace

pipe_size::~pipe_size() {
  if (counted_) grown_pipes.fetch_sub(1, std::memory_order_relaxed);
}

bool pipe_size::was_full([[maybe_unused]] int fd) noexcept {
#if defined(F_SETPIPE_SZ)
  if (tried_) return false;
  if (grown_pipes.fetch_add(1, std::memory_order_relaxed) < most) {
    tried_ = true;
    const bool large = sys::fcntl(fd, F_GETPIPE_SZ, 0) >= static_cast<int>(grown);  // by the child
    counted_ = !large && sys::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(grown)) >= 0;
    if (counted_) return true;
  }
  grown_pipes.fetch_sub(1, std::memory_order_relaxed);  // another time, when others have ended
#endif
  return false;
}

}  // namespace spawnpipe::platform
