// Letters and digits of ASCII, whatever the locale.
#ifndef SPAWNPIPE_LIB_ASCII_HPP
#define SPAWNPIPE_LIB_ASCII_HPP

namespace spawnpipe::detail {

[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr bool is_ascii_letter(char c) noexcept { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
[[nodiscard]] constexpr bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_ascii_alphanumeric(char c) noexcept { return is_ascii_letter(c) || is_ascii_digit(c); }

}  // namespace spawnpipe::detail

#endif
