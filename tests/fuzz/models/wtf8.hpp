// What is WTF-8, and which UTF-16 it stands for: by the table of "Well-Formed UTF-8 Byte Sequences" in the Unicode standard, row by
// row, with a row for the surrogates.
#ifndef SPAWNPIPE_TESTS_FUZZ_MODELS_WTF8_HPP
#define SPAWNPIPE_TESTS_FUZZ_MODELS_WTF8_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace model {

struct byte_range {
  unsigned from;
  unsigned to;
};

struct sequence {
  byte_range first;
  byte_range second;  // each further byte is 80 to BF
  std::size_t length;
};

inline constexpr std::array<sequence, 9> sequences = {{
    {{0x00, 0x7F}, {}, 1},
    {{0xC2, 0xDF}, {0x80, 0xBF}, 2},
    {{0xE0, 0xE0}, {0xA0, 0xBF}, 3},
    {{0xE1, 0xEC}, {0x80, 0xBF}, 3},
    {{0xED, 0xED}, {0x80, 0xBF}, 3},  // UTF-8 ends at 9F: from A0 on these are the surrogates
    {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
    {{0xF0, 0xF0}, {0x90, 0xBF}, 4},
    {{0xF1, 0xF3}, {0x80, 0xBF}, 4},
    {{0xF4, 0xF4}, {0x80, 0x8F}, 4},
}};

inline std::optional<std::u16string> utf16(std::string_view text) {
  const auto within = [](unsigned byte, byte_range range) { return byte >= range.from && byte <= range.to; };
  std::u16string units;
  bool after_high_half = false;  // of a pair, which the next three bytes must not complete
  while (!text.empty()) {
    const auto byte = [&](std::size_t at) { return unsigned{static_cast<unsigned char>(text[at])}; };
    const auto row = std::find_if(sequences.begin(), sequences.end(), [&](const sequence& each) {
      return within(byte(0), each.first) && text.size() >= each.length &&
             (each.length < 2 || within(byte(1), each.second));
    });
    if (row == sequences.end()) return std::nullopt;
    for (std::size_t at = 2; at < row->length; ++at) {
      if (!within(byte(at), {0x80, 0xBF})) return std::nullopt;
    }
    constexpr std::array<unsigned, 5> weight = {0, 0, 0xC0, 0xE0, 0xF0};  // of the length, in the first byte
    unsigned long point = byte(0) - weight[row->length];
    for (std::size_t at = 1; at < row->length; ++at) point = point * 64 + byte(at) - 0x80;

    const bool is_half = row->length == 3 && byte(0) == 0xED && byte(1) >= 0xA0;
    if (is_half && after_high_half && byte(1) >= 0xB0) return std::nullopt;
    after_high_half = is_half && byte(1) < 0xB0;
    if (row->length == 4) {
      units += static_cast<char16_t>(0xD800 + (point - 0x10000) / 0x400);
      units += static_cast<char16_t>(0xDC00 + (point - 0x10000) % 0x400);
    } else {
      units += static_cast<char16_t>(point);
    }
    text.remove_prefix(row->length);
  }
  return units;
}

// WTF-8 without the halves of surrogate pairs.
inline bool is_utf8(std::string_view text) {
  if (!utf16(text)) return false;
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] == '\xED' && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return false;
  }
  return true;
}

}  // namespace model

#endif
