#include "utf16.hpp"

#include "system.hpp"
#include "utf.hpp"

#include <utility>

namespace spawnpipe::platform {

std::optional<std::wstring> wide(std::string_view text) {
  const auto units = detail::utf16_of(text);
  if (!units) return std::nullopt;
  return std::wstring(units->begin(), units->end());
}

result<std::wstring> wide_or_refuse(std::string_view text, const char* what) {
  if (auto units = wide(text)) return *std::move(units);
  return error{errc::invalid_argument, stage::command, std::string(what) + " is not UTF-8"};
}

std::string narrow(std::wstring_view text) { return detail::wtf8_of(std::u16string(text.begin(), text.end())); }

char16_t upcase(char16_t unit) noexcept {
  if (unit < 0x80) return unit >= u'a' && unit <= u'z' ? static_cast<char16_t>(unit - u'a' + u'A') : unit;
  const auto from = static_cast<wchar_t>(unit);
  wchar_t to = 0;
  // No calls of a test's table: this is arithmetic, and cannot be made to fail in a way that matters.
  if (::LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_UPPERCASE, &from, 1, &to, 1, nullptr, nullptr, 0) != 1) return unit;
  return static_cast<char16_t>(to);
}

}  // namespace spawnpipe::platform
