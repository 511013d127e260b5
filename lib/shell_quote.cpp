// "Shell Command Language", 2.2: in single quotes every character stands for itself. So a quote is written outside of them, and what cannot be
// shown comes out of a printf, whose output loses its last newlines, and is given none.
#include "shell_quote.hpp"

#include "ascii.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace spawnpipe::detail {
namespace {

bool is_plain(char c) noexcept {
  return is_ascii_alphanumeric(c) || std::string_view("%+,-./:=@_").find(c) != std::string_view::npos;
}

// zsh takes a = at the beginning for the name of a command.
bool needs_no_quotes(std::string_view text) noexcept {
  return !text.empty() && text.front() != '=' && std::all_of(text.begin(), text.end(), is_plain);
}

// The length of the character that the text begins with, if it can be shown and pasted; else 0.
std::size_t length_of_shown(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return (first >= ' ' && first != 0x7F) || first == '\n' ? 1 : 0;
  if (first == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0) return 0;  // U+0080 to U+009F
  return utf8_length(text);
}

// `"$(printf '\033')"` and the like.
class printed_bytes {
 public:
  explicit printed_bytes(std::string& into) : into_(into) { into_ += "\"$(printf '"; }
  printed_bytes(const printed_bytes&) = delete;
  printed_bytes& operator=(const printed_bytes&) = delete;
  ~printed_bytes() { into_ += "')\""; }

  void add(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    const std::array<char, 4> octal = {'\\', static_cast<char>('0' + (code >> 6U)),
                                       static_cast<char>('0' + ((code >> 3U) & 7U)),
                                       static_cast<char>('0' + (code & 7U))};
    into_.append(octal.data(), octal.size());
  }

 private:
  std::string& into_;
};

}  // namespace

std::string quote_for_shell(std::string_view text) {
  if (needs_no_quotes(text)) return std::string(text);
  if (text.empty()) return "''";
  std::string word;
  while (!text.empty()) {
    if (text.front() == '\'') {
      word += "\\'";
      text.remove_prefix(1);
      continue;
    }
    if (length_of_shown(text) == 0) {
      printed_bytes printed(word);
      for (; !text.empty() && length_of_shown(text) == 0; text.remove_prefix(1)) printed.add(text.front());
      continue;
    }
    word += '\'';
    while (!text.empty() && text.front() != '\'') {
      const std::size_t length = length_of_shown(text);
      if (length == 0) break;
      word += text.substr(0, length);
      text.remove_prefix(length);
    }
    word += '\'';
  }
  return word;
}

}  // namespace spawnpipe::detail
