// UTF-8 as in table 3-7 of the Unicode standard ("Well-Formed UTF-8 Byte Sequences"), with the surrogates let in.
#include "utf.hpp"

#include <cstddef>

namespace spawnpipe::detail {
namespace {

constexpr char32_t last_code_point = 0x10FFFF;

constexpr bool is_high_surrogate(char32_t point) { return point >= 0xD800 && point <= 0xDBFF; }
constexpr bool is_low_surrogate(char32_t point) { return point >= 0xDC00 && point <= 0xDFFF; }

// Takes the first code point off `text`; nothing where there is none.
std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const char32_t lead = byte(0);
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;  // smaller ones have a shorter form, which is the only valid one
  if (lead < 0x80) {
    length = 1;
    point = lead;
  } else if (lead >= 0xC0 && lead < 0xE0) {
    length = 2;
    point = lead & 0x1FU;
    least = 0x80;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    length = 3;
    point = lead & 0x0FU;
    least = 0x800;
  } else if (lead >= 0xF0 && lead < 0xF8) {
    length = 4;
    point = lead & 0x07U;
    least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < length) return std::nullopt;
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xC0U) != 0x80U) return std::nullopt;
    point = (point << 6U) | (byte(index) & 0x3FU);
  }
  if (point < least || point > last_code_point) return std::nullopt;
  text.remove_prefix(length);
  return point;
}

}  // namespace

std::optional<std::u16string> utf16_of(std::string_view text) {
  std::u16string units;
  units.reserve(text.size());
  while (!text.empty()) {
    const auto point = take_code_point(text);
    if (!point) return std::nullopt;
    if (*point > 0xFFFF) {
      const char32_t offset = *point - 0x10000;
      units += static_cast<char16_t>(0xD800 + (offset >> 10U));
      units += static_cast<char16_t>(0xDC00 + (offset & 0x3FFU));
      continue;
    }
    if (is_low_surrogate(*point) && !units.empty() && is_high_surrogate(units.back())) return std::nullopt;
    units += static_cast<char16_t>(*point);
  }
  return units;
}

std::string wtf8_of(std::u16string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  const auto append = [&](char32_t bits) { bytes += static_cast<char>(static_cast<unsigned char>(bits)); };
  const auto append_continuation = [&](char32_t bits) { append(0x80U | (bits & 0x3FU)); };
  for (std::size_t index = 0; index < text.size(); ++index) {
    char32_t point = text[index];
    if (is_high_surrogate(point) && index + 1 < text.size() && is_low_surrogate(text[index + 1])) {
      ++index;
      point = 0x10000 + ((point - 0xD800) << 10U) + (text[index] - char32_t{0xDC00});
    }
    if (point < 0x80) {
      append(point);
    } else if (point < 0x800) {
      append(0xC0U | (point >> 6U));
      append_continuation(point);
    } else if (point < 0x10000) {
      append(0xE0U | (point >> 12U));
      append_continuation(point >> 6U);
      append_continuation(point);
    } else {
      append(0xF0U | (point >> 18U));
      append_continuation(point >> 12U);
      append_continuation(point >> 6U);
      append_continuation(point);
    }
  }
  return bytes;
}

}  // namespace spawnpipe::detail
