// Our end of a pipe that the child writes to.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_PIPE_READER_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_PIPE_READER_HPP

#include "handle.hpp"
#include "overlapped_operation.hpp"
#include "platform.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace spawnpipe::platform {

class overlapped_pipe_reader {
 public:
  overlapped_pipe_reader(loop& owner, unique_handle pipe) noexcept;
  overlapped_pipe_reader(const overlapped_pipe_reader&) = delete;
  overlapped_pipe_reader& operator=(const overlapped_pipe_reader&) = delete;
  ~overlapped_pipe_reader();

  // Once, before all else; false where the system refuses (GetLastError).
  [[nodiscard]] bool create() noexcept;
  // As read_begin and read_retire of the seam.
  [[nodiscard]] std::optional<io_outcome> begin(std::span<std::byte> into, completion& done) noexcept;
  [[nodiscard]] io_outcome retire() noexcept;
  // More than half of what the pipe holds at most is in it.
  [[nodiscard]] bool backed_up() const noexcept;

 private:
  static void ready(void* self) noexcept;

  loop& owner_;
  unique_handle pipe_;
  completion* done_ = nullptr;  // of the operation in flight
  overlapped_operation operation_;
};

}  // namespace spawnpipe::platform

#endif
