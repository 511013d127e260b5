// What the targets make of their bytes. The forms are such that a seed can be written and read in an editor.
#ifndef SPAWNPIPE_TESTS_FUZZ_INPUT_HPP
#define SPAWNPIPE_TESTS_FUZZ_INPUT_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using strings = std::vector<std::string>;

// Takes numbers and texts off the front; when nothing is left, zeroes and empty texts.
class input {
 public:
  explicit input(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] std::string_view rest() const { return left_; }

  unsigned byte() {
    if (left_.empty()) return 0;
    const unsigned value = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return value;
  }

  // "1" is 1, and so on to "9"; other bytes are numbers below 16, but for the last sixteen: those are thousands, up to 65,536.
  std::size_t number() {
    const std::size_t value = byte();
    if (value >= 0xF0) return (value - 0xEF) * 4096;
    return value >= '0' && value <= '9' ? value - '0' : value % 16;
  }

  std::string_view text(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }

  // What is left is a list: its first byte stands between the entries of the rest. Nothing is the empty list.
  strings list() {
    if (left_.empty()) return {};
    const char separator = left_.front();
    left_.remove_prefix(1);
    strings entries(1);
    for (const char c : std::exchange(left_, {})) {
      if (c == separator) {
        entries.emplace_back();
      } else {
        entries.back() += c;
      }
    }
    return entries;
  }

 private:
  std::string_view left_;
};

// A list with a number before it: so many times the last entry is written, one behind the other. For what is too long.
inline strings list_with_long_entry(input& from) {
  constexpr std::size_t longest = 70'000;
  const std::size_t times = std::max<std::size_t>(from.number(), 1);
  strings entries = from.list();
  if (entries.empty() || entries.back().size() * times > longest) return entries;
  const std::string once = entries.back();
  for (std::size_t count = 1; count < times; ++count) entries.back() += once;
  return entries;
}

}  // namespace fuzz

#endif
