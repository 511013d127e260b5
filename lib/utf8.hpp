// One character of UTF-8.
#ifndef SPAWNPIPE_LIB_UTF8_HPP
#define SPAWNPIPE_LIB_UTF8_HPP

#include <cstddef>
#include <string_view>

namespace spawnpipe::detail {

/// U+FFFD, which stands for what is no character.
inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";

/// The bytes of the character that the text begins with; 0 where it begins with none ("The Unicode Standard", table 3-7). The text is not empty.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length > text.size()) return 0;
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xC0U) != 0x80U) return 0;
  }
  if (length < 3) return length;
  const unsigned char second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

}  // namespace spawnpipe::detail

#endif
