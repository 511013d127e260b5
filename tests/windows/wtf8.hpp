// Text of Windows (UTF-16) as the tests see it (UTF-8), and back. The helper links nothing of spawnpipe, so this is not the
// library's conversion, and the two check each other.
//
// Windows does not check its text: half of a surrogate pair may stand alone in an argument, a variable or a file's name. It
// becomes the three bytes that UTF-8 would have for a letter of that number (WTF-8), and comes back as it was.
#ifndef SPAWNPIPE_TESTS_WINDOWS_WTF8_HPP
#define SPAWNPIPE_TESTS_WINDOWS_WTF8_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wtf8 {

[[nodiscard]] inline std::string narrow(std::wstring_view text) {
  std::string bytes;
  const auto low_half = [&](std::size_t at) { return at < text.size() && text[at] >= 0xDC00 && text[at] <= 0xDFFF; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t point = text[i];
    if (point >= 0xD800 && point <= 0xDBFF && low_half(i + 1)) {
      point = 0x10000 + ((point - 0xD800) << 10U) + (static_cast<std::uint32_t>(text[++i]) - 0xDC00);
    }
    const auto put = [&](std::uint32_t byte) { bytes += static_cast<char>(static_cast<unsigned char>(byte)); };
    const auto put_rest = [&](unsigned shift) { put(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0U | (point >> 6U));
      put_rest(0);
    } else if (point < 0x10000) {
      put(0xE0U | (point >> 12U));
      put_rest(6);
      put_rest(0);
    } else {
      put(0xF0U | (point >> 18U));
      put_rest(12);
      put_rest(6);
      put_rest(0);
    }
  }
  return bytes;
}

// What is no UTF-8 at all becomes U+FFFD, byte by byte.
[[nodiscard]] inline std::wstring widen(std::string_view bytes) {
  std::wstring text;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t size = lead < 0x80          ? 1
                             : lead >> 5U == 0x6  ? 2
                             : lead >> 4U == 0xE  ? 3
                             : lead >> 3U == 0x1E ? 4
                                                  : 0;
    std::uint32_t point = size == 1 ? lead : lead & (0x7FU >> size);
    bool good = size > 0 && i + size <= bytes.size();
    for (std::size_t more = 1; good && more < size; ++more) {
      const auto byte = static_cast<unsigned char>(bytes[i + more]);
      good = byte >> 6U == 0x2;
      point = (point << 6U) | (byte & 0x3FU);
    }
    if (!good) {
      text += static_cast<wchar_t>(0xFFFD);
      ++i;
      continue;
    }
    i += size;
    if (point >= 0x10000) {
      text += static_cast<wchar_t>(0xD800 + ((point - 0x10000) >> 10U));
      point = 0xDC00 + ((point - 0x10000) & 0x3FFU);
    }
    text += static_cast<wchar_t>(point);
  }
  return text;
}

}  // namespace wtf8

#endif
