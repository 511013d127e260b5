// Files, by names in UTF-8.
#include "file.hpp"

#include "bounded_text.hpp"
#include "error.hpp"
#include "platform.hpp"
#include "utf16.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::platform {
namespace {

constexpr std::size_t largest_write = std::size_t{1} << 24;

}  // namespace

std::optional<std::wstring> full_path(const std::wstring& path) {
  const DWORD size = sys::GetFullPathNameW(path.c_str(), 0, nullptr, nullptr);
  if (size == 0) return std::nullopt;
  std::wstring full(size, L'\0');
  const DWORD length = sys::GetFullPathNameW(path.c_str(), size, full.data(), nullptr);
  if (length == 0 || length >= size) return std::nullopt;
  full.resize(length);
  return full;
}

hint_text full_path_hint(const std::string& path) {
  const auto name = wide(path);
  const auto full = name ? full_path(*name) : std::nullopt;
  if (!full || *full == *name) return {};
  detail::bounded_text text;
  return hint_text((text += "that is ").quote(narrow(*full)).view());
}

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
  error failure = system_error(code, stage::redirect, path);
  failure.hint = full_path_hint(path);
  return failure;
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
