// Our end of a pipe that the child reads from.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_PIPE_WRITER_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_PIPE_WRITER_HPP

#include "handle.hpp"
#include "overlapped_operation.hpp"
#include "platform.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace spawnpipe::platform {

class overlapped_pipe_writer {
 public:
  overlapped_pipe_writer(loop& owner, unique_handle pipe) noexcept;
  overlapped_pipe_writer(const overlapped_pipe_writer&) = delete;
  overlapped_pipe_writer& operator=(const overlapped_pipe_writer&) = delete;
  ~overlapped_pipe_writer();

  // Once, before all else; false where the system refuses (GetLastError).
  [[nodiscard]] bool create() noexcept;
  // As write_begin and write_retire of the seam. `from` is not empty: a write of nothing would end the child's read with nothing.
  [[nodiscard]] std::optional<io_outcome> begin(std::span<const std::byte> from, completion& done) noexcept;
  [[nodiscard]] write_retired retire() noexcept;

 private:
  static void ready(void* self) noexcept;

  loop& owner_;
  unique_handle pipe_;
  completion* done_ = nullptr;  // of the operation in flight
  DWORD lent_ = 0;
  overlapped_operation operation_;
};

}  // namespace spawnpipe::platform

#endif
