// The owner of a descriptor. Nothing else closes one.
#ifndef SPAWNPIPE_PLATFORM_POSIX_UNIQUE_FD_HPP
#define SPAWNPIPE_PLATFORM_POSIX_UNIQUE_FD_HPP

#include "system.hpp"

#include <utility>

namespace spawnpipe::platform {

class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  // Not repeated on EINTR: on Linux and most others the descriptor is gone then, and may be another thread's already.
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) sys::close(fd_);
    fd_ = fd;
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace spawnpipe::platform

#endif
