// Files of the simulated back end: texts by their names.
#include "state.hpp"

#include <cstddef>
#include <utility>

namespace spawnpipe::platform {

using simulated::here;
using simulated::lock_state;

struct file {
  std::string path;
};

result<file*> file_create(const std::string& path) {
  const auto lock = lock_state();
  auto& state = here();
  if (state.file_create_error) return error{*std::exchange(state.file_create_error, std::nullopt)};
  state.files[path].clear();
  ++state.open_files;
  return new file{.path = path};
}

std::error_code file_write(file* self, std::span<const std::byte> bytes) noexcept {
  const auto lock = lock_state();
  auto& state = here();
  if (state.file_room < bytes.size()) return std::make_error_code(std::errc::no_space_on_device);
  state.file_room -= bytes.size();
  state.files[self->path].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

void file_close(file* self) noexcept {
  const auto lock = lock_state();
  --here().open_files;
  delete self;
}

}  // namespace spawnpipe::platform
