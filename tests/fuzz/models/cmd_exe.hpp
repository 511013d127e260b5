// A small cmd.exe, written for the tests alone: what it makes of a line that was given to it with /c, extensions on and delayed
// expansion off. After "How does the Windows Command Interpreter (CMD.EXE) parse scripts?" (Stack Overflow).
#ifndef SPAWNPIPE_TESTS_FUZZ_MODELS_CMD_EXE_HPP
#define SPAWNPIPE_TESTS_FUZZ_MODELS_CMD_EXE_HPP

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// Names in small letters: cmd.exe does not mind.
using cmd_variables = std::map<std::string, std::string>;

// Phase 1: %NAME%, %NAME:~a,b% and %NAME:a=b%, quotes or not. What is no such thing, or no variable, stays as it is.
// `expanded` collects what was replaced.
inline std::string expand(std::string_view line, const cmd_variables& environment, std::vector<std::string>& expanded) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::string result;
  std::size_t at = 0;
  while (at < line.size()) {
    const auto keep = [&] { result += line[at++]; };
    if (line[at] != '%') {
      keep();
      continue;
    }
    std::size_t end = line.find_first_of("%:", at + 1);
    if (end != std::string_view::npos && line.substr(end).starts_with(":%")) ++end;
    if (end == std::string_view::npos) {
      keep();
      continue;
    }
    std::string name(line.substr(at + 1, end - at - 1));
    std::transform(name.begin(), name.end(), name.begin(), lower);
    const auto variable = environment.find(name);
    const std::size_t close = line.find('%', end);
    if (variable == environment.end() || close == std::string_view::npos) {
      keep();
      continue;
    }
    const std::string_view change = line.substr(end, close - end);
    if (!change.empty() && !change.starts_with(":~") && change.find('=') == std::string_view::npos) {
      keep();
      continue;
    }
    if (change != ":~,")
      result += variable->second;  // that one is of length 0; of the others it is enough that they are one
    expanded.emplace_back(line.substr(at, close + 1 - at));
    at = close + 1;
  }
  return result;
}

// Phase 2: a quote switches the special characters off and on. Those that are seen while they are on.
inline std::string special_characters(std::string_view line) {
  constexpr std::string_view special = "&|<>()^@!%\r";
  std::string seen;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' || (!quoted && special.find(c) != std::string_view::npos)) seen += c;
  }
  if (quoted) seen += '"';
  return seen;
}

// %0, %1 and so on: split at delimiters outside quotes, quotes kept.
inline std::vector<std::string> parameters(std::string_view line) {
  constexpr std::string_view delimiters = " \t,;=\v\f";
  std::vector<std::string> found;
  bool quoted = false;
  bool inside = false;
  for (const char c : line) {
    if (!quoted && delimiters.find(c) != std::string_view::npos) {
      inside = false;
      continue;
    }
    if (!inside) found.emplace_back();
    inside = true;
    found.back() += c;
    if (c == '"') quoted = !quoted;
  }
  return found;
}

// %~1
inline std::string without_quotes(std::string_view parameter) {
  if (parameter.starts_with('"')) parameter.remove_prefix(1);
  if (parameter.ends_with('"')) parameter.remove_suffix(1);
  return std::string(parameter);
}

// What cmd.exe does with the whole line.
struct cmd_reading {
  std::string line;                   // after phase 1
  std::vector<std::string> expanded;  // other than the deliberate one
  std::string special;                // characters that were seen as syntax
  std::vector<std::string> params;    // %0 and up
};

// Nothing where `line` is not `start` (up to and with "/c ") and a quoted command that begins with a quote.
inline std::optional<cmd_reading> cmd_read(std::string_view line, std::string_view start,
                                           const cmd_variables& environment) {
  if (!line.starts_with(start)) return std::nullopt;
  std::string_view command = line.substr(start.size());
  // /c: the first character is a quote: drop it, and the last quote of the line.
  if (!command.starts_with("\"\"")) return std::nullopt;
  command.remove_prefix(1);
  const std::size_t last = command.rfind('"');
  const std::string rest = std::string(command.substr(0, last)) + std::string(command.substr(last + 1));

  cmd_reading what;
  std::vector<std::string> all;
  what.line = expand(rest, environment, all);
  for (const std::string& expansion : all) {
    if (expansion != "%cd:~,%") what.expanded.push_back(expansion);
  }
  what.special = special_characters(what.line);
  what.params = parameters(what.line);
  return what;
}

// Variables whose values are syntax, with names that lie about in lines.
inline const cmd_variables& hostile_variables() {
  static const cmd_variables all = {
      {"cd", R"(C:\here & now)"},
      {"a", "\" & calc & \""},
      {"c", "|"},
      {"d", "\""},
      {"^", "&"},
      {"!", ">"},
      {"\"", "<"},
      {" ", "\"&"},
      {"&", "\"\""},
      {"1", "^"},
      {"*", "%"},
      {"~,", "\"&\""},
      {"cd:~,", "\"&\""},
  };
  return all;
}

}  // namespace model

#endif
