// Files, by names in UTF-8.
#include "file.hpp"

#include "error.hpp"
#include "platform.hpp"
#include "utf16.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::platform {
namespace {

constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr std::size_t largest_write = std::size_t{1} << 24;

}  // namespace

struct file {
  unique_handle handle;
};

result<unique_handle> open_file(const std::string& path, DWORD access, DWORD disposition) {
  const auto name = wide_or_refuse(path, "the path of a file");
  if (!name) return error{name.error()};
  unique_handle opened(
      sys::CreateFileW(name->c_str(), access, share_all, nullptr, disposition, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (opened) return opened;
  const DWORD code = ::GetLastError();
  const DWORD attributes = sys::GetFileAttributesW(name->c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return error{std::make_error_code(std::errc::is_a_directory), stage::redirect, path};
  }
  return system_error(code, stage::redirect, path);
}

result<file*> file_create(const std::string& path) {
  auto opened = open_file(path, GENERIC_WRITE, CREATE_ALWAYS);
  if (!opened) return std::move(opened).error();
  return new file{.handle = *std::move(opened)};
}

std::error_code file_write(file* self, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const auto size = static_cast<DWORD>(std::min(bytes.size(), largest_write));
    DWORD written = 0;
    if (sys::WriteFile(self->handle.get(), bytes.data(), size, &written, nullptr) == FALSE) {
      return system_code(::GetLastError());
    }
    if (written == 0) return errc::zero_write;
    bytes = bytes.subspan(written);
  }
  return {};
}

void file_close(file* self) noexcept { delete self; }

}  // namespace spawnpipe::platform
