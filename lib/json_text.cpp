// JSON strings: RFC 8259 wants quotes, backslashes and control characters escaped, and the whole to be UTF-8.
#include "json_text.hpp"

#include <cstddef>

namespace spawnpipe::detail {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view digits = "0123456789abcdef";

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// How many bytes the well-formed character at the front of `text` has (Unicode, table 3-7); 0 where that is none.
std::size_t character_size(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  const unsigned char second = byte_at(text, 1);
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < least || second > most) return 0;
  for (std::size_t at = 2; at < size; ++at) {
    if ((byte_at(text, at) & 0xC0U) != 0x80U) return 0;
  }
  return size;
}

void append_control(std::string& to, unsigned char control) {
  switch (control) {
    case '\n': to += "\\n"; return;
    case '\r': to += "\\r"; return;
    case '\t': to += "\\t"; return;
    default: break;
  }
  to += "\\u00";
  to += digits[control >> 4U];
  to += digits[control & 0xFU];
}

}  // namespace

void append_json(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const unsigned char first = byte_at(text, 0);
    if (size == 0) {
      to += replacement;
    } else if (first < 0x20) {
      append_control(to, first);
    } else {
      if (first == '"' || first == '\\') to += '\\';
      to += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  to += '"';
}

}  // namespace spawnpipe::detail
