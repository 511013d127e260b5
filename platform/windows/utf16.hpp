// The library's UTF-8 (WTF-8, where the system has lone surrogates) and Windows' UTF-16.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_UTF16_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_UTF16_HPP

#include <spawnpipe/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace spawnpipe::platform {

// Nothing where the text is not UTF-8.
[[nodiscard]] std::optional<std::wstring> wide(std::string_view text);
// The same; the error says that `what` is not UTF-8.
[[nodiscard]] result<std::wstring> wide_or_refuse(std::string_view text, const char* what);
[[nodiscard]] std::string narrow(std::wstring_view text);
// One unit in upper case, as the system compares names of files and of variables.
[[nodiscard]] char16_t upcase(char16_t unit) noexcept;

}  // namespace spawnpipe::platform

#endif
