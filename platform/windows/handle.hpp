// The owner of a HANDLE. Nothing else closes one.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_HANDLE_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_HANDLE_HPP

#include "system.hpp"

#include <utility>

namespace spawnpipe::platform {

// Some calls say failure by NULL, others by INVALID_HANDLE_VALUE: here both are "none".
[[nodiscard]] inline HANDLE valid_or_none(HANDLE handle) noexcept {
  return handle == INVALID_HANDLE_VALUE ? nullptr : handle;
}

class unique_handle {
 public:
  unique_handle() noexcept = default;
  explicit unique_handle(HANDLE handle) noexcept : handle_(valid_or_none(handle)) {}
  unique_handle(unique_handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  unique_handle& operator=(unique_handle&& other) noexcept {
    reset(std::exchange(other.handle_, nullptr));
    return *this;
  }
  ~unique_handle() { reset(); }

  void reset(HANDLE handle = nullptr) noexcept {
    if (handle_ != nullptr) sys::CloseHandle(handle_);
    handle_ = valid_or_none(handle);
  }

  [[nodiscard]] HANDLE get() const noexcept { return handle_; }
  [[nodiscard]] explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  HANDLE handle_ = nullptr;
};

}  // namespace spawnpipe::platform

#endif
