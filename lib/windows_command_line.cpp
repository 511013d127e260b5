// The rules, as far as they matter when writing: n backslashes before a quote are written as 2n, before a quote that is meant
// as such as 2n + 1; all other backslashes stand for themselves. `""` is never written inside quotes.
#include "windows_command_line.hpp"

#include "bounded_text.hpp"
#include "refuse.hpp"
#include "utf.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::detail {
namespace {

constexpr bool is_space_or_control(char c) { return static_cast<unsigned char>(c) <= ' '; }

bool is_safe_without_quotes(std::string_view argument) {
  constexpr std::string_view special = "\"'*?[](){}";
  return !argument.empty() && std::none_of(argument.begin(), argument.end(), [&](char c) {
    return is_space_or_control(c) || special.find(c) != std::string_view::npos;
  });
}

// ---- Reading ----

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// CommandLineToArgvW: the name ends at the next quote where it begins with one, else at a space or control character.
std::string take_program_name_of_shell(std::string_view& line) {
  const bool quoted = line.starts_with('"');
  if (quoted) line.remove_prefix(1);
  const auto end =
      quoted ? std::find(line.begin(), line.end(), '"') : std::find_if(line.begin(), line.end(), is_space_or_control);
  std::string name(line.begin(), end);
  line.remove_prefix(std::min(name.size() + 1, line.size()));
  return name;
}

// The C runtime: quotes toggle wherever they stand.
std::string take_program_name_of_crt(std::string_view& line) {
  std::string name;
  bool quoted = false;
  while (!line.empty() && (quoted || !is_blank(line.front()))) {
    if (line.front() == '"') {
      quoted = !quoted;
    } else {
      name += line.front();
    }
    line.remove_prefix(1);
  }
  return name;
}

std::string take_argument(std::string_view& line, windows_splitting how) {
  std::string argument;
  bool quoted = false;
  while (true) {
    const std::size_t backslashes = std::min(line.find_first_not_of('\\'), line.size());
    line.remove_prefix(backslashes);
    if (!line.starts_with('"')) {
      argument.append(backslashes, '\\');
      if (line.empty() || (!quoted && is_blank(line.front()))) return argument;
      argument += line.front();
      line.remove_prefix(1);
      continue;
    }
    argument.append(backslashes / 2, '\\');
    line.remove_prefix(1);
    if (backslashes % 2 != 0) {
      argument += '"';
    } else if (quoted && line.starts_with('"')) {
      argument += '"';
      line.remove_prefix(1);
      quoted = how == windows_splitting::crt;
    } else {
      quoted = !quoted;
    }
  }
}

}  // namespace

std::string quote_windows_argument(std::string_view argument) {
  return is_safe_without_quotes(argument) ? std::string(argument) : always_quote_windows_argument(argument);
}

std::string always_quote_windows_argument(std::string_view argument) {
  std::string quoted = "\"";
  std::size_t backslashes = 0;  // at the end of what is written so far
  for (const char c : argument) {
    if (c == '"') quoted.append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    quoted += c;
  }
  quoted.append(backslashes, '\\');
  quoted += '"';
  return quoted;
}

error too_long_command_line(std::string_view program, std::size_t units, std::size_t limit) {
  bounded_text text;
  text += "the command line has ";
  text += units;
  text += " UTF-16 units, ";
  text += units - limit;
  text += " more than the ";
  text += limit;
  text += " that are possible";
  return {make_error_code(std::errc::argument_list_too_long), stage::exec, std::string(program),
          hint_text(text.view())};
}

result<std::string> windows_command_line(std::span<const std::string> argv) {
  if (argv.empty()) return refuse("argv is empty");
  std::string line;
  std::size_t units = argv.size() - 1;  // the spaces between them
  for (std::size_t index = 0; index < argv.size(); ++index) {
    const std::string& argument = argv[index];
    const std::string name = "argv[" + std::to_string(index) + "]";
    if (argument.find('\0') != std::string::npos) return refuse(name + " contains NUL");
    if (index == 0 && argument.find('"') != std::string::npos) return refuse(name + " contains a quote");
    const std::string quoted = index == 0 ? '"' + argument + '"' : quote_windows_argument(argument);
    const auto wide = utf16_of(quoted);
    if (!wide) return refuse(name + " is not UTF-8");
    units += wide->size();
    if (index > 0) line += ' ';
    line += quoted;
  }
  if (units > longest_windows_command_line) {
    return too_long_command_line(argv[0], units, longest_windows_command_line);
  }
  return line;
}

std::vector<std::string> split_windows_command_line(std::string_view line, windows_splitting how) {
  line = line.substr(0, line.find('\0'));
  std::vector<std::string> argv;
  argv.push_back(how == windows_splitting::shell ? take_program_name_of_shell(line) : take_program_name_of_crt(line));
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) return argv;
    argv.push_back(take_argument(line, how));
  }
}

}  // namespace spawnpipe::detail
