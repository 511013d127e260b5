// A path that is put together without the heap: for a look at the files when something has failed, memory perhaps.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PATH_TEXT_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PATH_TEXT_HPP

#include "system.hpp"

#include <array>
#include <climits>
#include <cstddef>
#include <string_view>

namespace spawnpipe::platform {

class path_text {
 public:
  // Empties it. It starts with a slash or nothing.
  void clear() noexcept { size_ = 0, fits_ = true, bytes_[0] = '\0'; }

  path_text& operator+=(std::string_view more) noexcept {
    fits_ = fits_ && more.size() < bytes_.size() - size_;
    if (!fits_) return *this;
    more.copy(bytes_.data() + size_, more.size());
    size_ += more.size();
    bytes_[size_] = '\0';
    return *this;
  }

  // `name` as it is seen from `folder`. An empty folder is the one that the rest is seen from.
  void assign(std::string_view folder, std::string_view name) noexcept {
    clear();
    if (!folder.empty() && !name.starts_with('/')) {
      *this += folder;
      *this += "/";
    }
    *this += name;
  }

  // False where the system would not take it either (ENAMETOOLONG).
  [[nodiscard]] bool fits() const noexcept { return fits_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const char* c_str() const noexcept { return bytes_.data(); }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, PATH_MAX> bytes_{};
  std::size_t size_ = 0;
  bool fits_ = true;
};

// The host's directory. False where that has no path, or none of ours to read.
[[nodiscard]] inline bool current_directory(path_text& into) noexcept {
  std::array<char, PATH_MAX> path{};
  into.clear();
  if (sys::current_directory(path.data(), path.size()) != 0) return false;
  into += path.data();
  return true;
}

}  // namespace spawnpipe::platform

#endif
