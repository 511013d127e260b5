// The shell of POSIX ("Quoting", "Token Recognition" in its Shell Command Language), which takes a line apart and expands nothing: where it
// would have to, there is no answer, with one exception: in double quotes, $(printf '\033') and the like.
#ifndef SPAWNPIPE_TESTS_FUZZ_MODELS_SHELL_WORDS_HPP
#define SPAWNPIPE_TESTS_FUZZ_MODELS_SHELL_WORDS_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// What $(printf '\033\101') comes to, where `line` begins so: bytes in octal, and nothing else. Takes it off `line`. A shell drops NUL and
// the last newlines.
inline std::optional<std::string> take_printed(std::string_view& line) {
  constexpr std::string_view begin = "$(printf '";
  constexpr std::string_view end = "')";
  if (!line.starts_with(begin)) return std::nullopt;
  std::string_view rest = line.substr(begin.size());
  std::string bytes;
  while (!rest.starts_with(end)) {
    if (rest.size() < 4 || rest[0] != '\\') return std::nullopt;
    unsigned value = 0;
    for (const char digit : rest.substr(1, 3)) {
      if (digit < '0' || digit > '7') return std::nullopt;
      value = value * 8 + static_cast<unsigned>(digit - '0');
    }
    if (value > 0xFF) return std::nullopt;
    if (value != 0) bytes += static_cast<char>(static_cast<unsigned char>(value));
    rest.remove_prefix(4);
  }
  line = rest.substr(end.size());
  bytes.resize(bytes.find_last_not_of('\n') + 1);
  return bytes;
}

// Nothing where the line means more than its words.
inline std::optional<std::vector<std::string>> shell_words(std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;  // of a word
  std::size_t at = 0;
  const auto word = [&]() -> std::string& {
    if (!inside) words.emplace_back();
    inside = true;
    return words.back();
  };
  while (at < line.size()) {
    const char c = line[at++];
    if (c == ' ' || c == '\t') {
      inside = false;
    } else if (c == '\'') {
      const std::size_t end = line.find('\'', at);
      if (end == std::string_view::npos) return std::nullopt;
      word() += line.substr(at, end - at);
      at = end + 1;
    } else if (c == '"') {
      word();
      while (at < line.size() && line[at] != '"') {
        std::string_view rest = line.substr(at);
        if (const auto printed = take_printed(rest)) {
          word() += *printed;
          at = line.size() - rest.size();
          continue;
        }
        if (line[at] == '$' || line[at] == '`') return std::nullopt;
        const bool escapes = line[at] == '\\' && at + 1 < line.size() &&
                             std::string_view("$`\"\\\n").find(line[at + 1]) != std::string_view::npos;
        if (escapes) ++at;
        if (!escapes || line[at] != '\n') word() += line[at];
        ++at;
      }
      if (at++ == line.size()) return std::nullopt;
    } else if (c == '\\') {
      if (at == line.size()) return std::nullopt;
      if (line[at] != '\n') word() += line[at];
      ++at;
    } else if (std::string_view("|&;<>()$`*?[]!{}\n").find(c) != std::string_view::npos) {
      return std::nullopt;
    } else if (c == '~' || (c == '#' && !inside)) {
      return std::nullopt;
    } else {
      word() += c;
    }
  }
  return words;
}

}  // namespace model

#endif
