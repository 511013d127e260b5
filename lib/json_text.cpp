// JSON strings: RFC 8259 wants quotes, backslashes and control characters escaped, and the whole to be UTF-8.
#include "json_text.hpp"

#include "utf8.hpp"

#include <cstddef>

namespace spawnpipe::detail {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

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
    const std::size_t size = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (size == 0) {
      to += utf8_replacement;
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
