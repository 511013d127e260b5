// Keeps low descriptor numbers taken for a moment.
//
// In a host with 0, 1 or 2 closed, the next descriptor that anybody opens gets that number: uv_loop_init's epoll set, uv_spawn's
// error pipe. And uv_spawn moves the child's descriptors to their numbers without looking whether its own error pipe
// sits there, which would make a failed exec look like a success. With all numbers below the limit taken, neither happens.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PLUG_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PLUG_HPP

#include "unique_fd.hpp"

#include <array>
#include <vector>

namespace spawnpipe::platform {

constexpr int first_above_stdio = 3;

class plug {
 public:
  // Takes what is free below `limit`, with /dev/null, until it is destroyed.
  explicit plug(int limit);

 private:
  void take(unique_fd fd);

  // No memory is needed for those of the streams, which are kept taken in a forked copy, too, while it lets go of its loops.
  std::array<unique_fd, first_above_stdio> first_;
  std::vector<unique_fd> more_;
};

// The same descriptor under a number of 3 or more, close-on-exec; `fd` itself where it is so already. Nothing on failure (errno).
[[nodiscard]] unique_fd above_stdio(unique_fd fd);

[[nodiscard]] bool descriptor_open(int fd) noexcept;

}  // namespace spawnpipe::platform

#endif
