// Writing it, and remembering the first failure.
#include "spill_file.hpp"

#include "memory.hpp"

namespace spawnpipe::detail {

void spill_file::create() {
  auto made = platform::file_create(path_);
  if (made) {
    file_ = *made;
  } else {
    failed_ = made.error().code;
    failed_at_ = made.error().where;
  }
}

void spill_file::write(std::span<const std::byte> bytes) noexcept {
  if (!std::exchange(begun_, true) && !with_memory([this] { create(); })) {
    failed_ = std::make_error_code(std::errc::not_enough_memory);
    failed_at_ = stage::redirect;
  }
  if (!failed_) failed_ = platform::file_write(file_, bytes);
  if (failed_) lost_ += bytes.size();
}

std::optional<error> spill_file::end() noexcept {
  if (file_ != nullptr) platform::file_close(std::exchange(file_, nullptr));
  if (!failed_) return std::nullopt;
  std::optional<error> failure = error{std::exchange(failed_, {}), failed_at_};
  // Where there is no memory for the name, what failed is said without it.
  static_cast<void>(with_memory([&] { failure->subject = path_; }));
  return failure;
}

}  // namespace spawnpipe::detail
