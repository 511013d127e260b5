// The size of a pipe, which grows once: after it was seen full, and only while this process has not grown too many.
//
// Through a pipe of 64 KiB two processes go in lockstep; 256 KiB give three times the throughput, and more gives nothing. But the
// kernel counts the pages of a user's pipes over all processes (pipe-user-pages-soft, 64 MiB), and gives every program of that user
// pipes of 8 KiB once they are used up: so a process of ours takes no more than it would have had for some tens of children.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PIPE_SIZE_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PIPE_SIZE_HPP

#include <cstddef>

namespace spawnpipe::platform {

class pipe_size {
 public:
  static constexpr std::size_t usual = std::size_t{64} * 1024;   // what pipe(2) gives
  static constexpr std::size_t grown = std::size_t{256} * 1024;  // what a busy one gets
  static constexpr int most = 8;                                 // so many at a time in a process: 2 MiB

  pipe_size() noexcept = default;
  pipe_size(const pipe_size&) = delete;
  pipe_size& operator=(const pipe_size&) = delete;
  ~pipe_size();

  // The pipe had no room left. Grows it, the first time: true when it has room by now.
  bool was_full(int fd) noexcept;

 private:
  bool tried_ = false;
  bool counted_ = false;
};

}  // namespace spawnpipe::platform

#endif
