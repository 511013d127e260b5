// Writing it, and remembering the first failure.
#include "spill_file.hpp"

namespace spawnpipe::detail {

void spill_file::write(std::span<const std::byte> bytes) {
  if (!begun_) {
    begun_ = true;
    auto made = platform::file_create(path_);
    if (made) {
      file_ = *made;
    } else {
      failure_ = std::move(made).error();
    }
  }
  if (!failure_) {
    if (const std::error_code code = platform::file_write(file_, bytes)) failure_ = error{code, stage::write, path_};
  }
  if (failure_) lost_ += bytes.size();
}

std::optional<error> spill_file::end() noexcept {
  if (file_ != nullptr) platform::file_close(std::exchange(file_, nullptr));
  return std::exchange(failure_, std::nullopt);
}

}  // namespace spawnpipe::detail
