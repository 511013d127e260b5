// cmd.exe on a line of /c, as far as it matters: it drops the outer quotes; it expands % names, quotes or not; then it reads
// character by character, each quote switching its special characters off or on; then it splits what is left into %1, %2 and
// so on. The line is refused rather than repaired where any of that could go wrong.
#include "batch_escape.hpp"

#include "ascii.hpp"
#include "refuse.hpp"
#include "utf.hpp"
#include "windows_command_line.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace spawnpipe::detail {
namespace {

// Win32 drops these at the end of a path.
std::string_view without_trailing_dots(std::string_view path) {
  return path.substr(0, path.find_last_not_of(". ") + 1);
}

bool ends_as_batch_file(std::string_view path) {
  if (path.size() < 4) return false;
  const std::array<char, 4> end = {path[path.size() - 4], ascii_lower(path[path.size() - 3]),
                                   ascii_lower(path[path.size() - 2]), ascii_lower(path[path.size() - 1])};
  const std::string_view extension(end.data(), end.size());
  return extension == ".bat" || extension == ".cmd";
}

// A path that cmd.exe takes as it is, without looking anywhere: C:\... or \\server\...
bool is_full_path_for_cmd(std::string_view path) {
  const bool drive = path.size() > 2 && is_ascii_letter(path[0]) && path[1] == ':' && path[2] == '\\';
  const bool share = path.size() > 2 && path[0] == '\\' && path[1] == '\\' &&
                     std::string_view("\\.?").find(path[2]) == std::string_view::npos;
  return drive || share;
}

// Why no file can have this name. Windows searches with * ? < >; a colon behind the drive's begins a stream's name.
const char* impossible_in_path(std::string_view path) {
  for (std::size_t index = 0; index < path.size(); ++index) {
    const char c = path[index];
    if (c == '"') return "a quote";
    if (static_cast<unsigned char>(c) < ' ') return "a control character";
    if (std::string_view("*?<>|").find(c) != std::string_view::npos || (c == ':' && index != 1)) {
      return "a character that no file name has";
    }
  }
  return nullptr;
}

const char* impossible_in_argument(std::string_view argument) {
  for (const char c : argument) {
    switch (c) {
      case '\0': return "contains NUL";
      case '\n': return "contains LF, where cmd.exe ends a line";
      case '\r': return "contains CR, which cmd.exe drops";
      case '\x1A': return "contains Ctrl-Z, which cmd.exe takes for an end";
      default: break;
    }
  }
  return utf16_of(argument) ? nullptr : "is not UTF-8";
}

// What needs no quotes from any reader. No wildcards: a program that gets %* might expand them.
bool is_plainly_safe(std::string_view argument) {
  if (argument.empty() || argument.back() == '\\')
    return false;  // "%~1" of C:\dir\ would escape its quote to a C runtime
  return std::all_of(argument.begin(), argument.end(), [](char c) {
    return is_ascii_alphanumeric(c) || std::string_view("#$+-./:\\_").find(c) != std::string_view::npos;
  });
}

void append_character(std::string& line, char c) {
  if (c == '%') line += "%%cd:~,";
  line += c;
}

void append_argument(std::string& line, std::string_view argument) {
  if (is_plainly_safe(argument)) {
    line += argument;
    return;
  }
  line += '"';
  std::size_t backslashes = 0;  // at the end of what is written so far
  for (const char c : argument) {
    if (c == '"') {
      line.append(backslashes, '\\');
      line += '"';
    }
    backslashes = c == '\\' ? backslashes + 1 : 0;
    append_character(line, c);
  }
  line.append(backslashes, '\\');
  line += '"';
}

}  // namespace

bool is_batch_file(std::string_view path) {
  const std::size_t separator = path.find_last_of("\\/");
  const std::size_t name = separator == std::string_view::npos ? 0 : separator + 1;
  const std::string_view file = path.substr(0, path.find(':', std::max<std::size_t>(name, 2)));
  return ends_as_batch_file(without_trailing_dots(file)) || ends_as_batch_file(without_trailing_dots(path));
}

result<std::string> batch_command_line(std::string_view cmd_exe, std::string_view script,
                                       std::span<const std::string> arguments) {
  const auto wrong_path = [](std::string_view what, std::string_view path, std::string_view why) {
    return refuse(std::string(what) + " \"" + std::string(path) + "\" " + std::string(why));
  };
  std::string file(without_trailing_dots(script));
  std::replace(file.begin(), file.end(), '/', '\\');
  for (const auto& [what, path] : {std::pair("cmd.exe's path", cmd_exe), std::pair("script", std::string_view(file))}) {
    if (const char* why = impossible_in_path(path)) return refuse(std::string(what) + " contains " + why);
    if (!utf16_of(path)) return refuse(std::string(what) + " is not UTF-8");
  }
  if (!is_full_path_for_cmd(cmd_exe)) return wrong_path("cmd.exe's path", cmd_exe, "is not a full path");
  if (!is_full_path_for_cmd(file)) return wrong_path("script", script, "is not a full path that cmd.exe takes");
  if (!ends_as_batch_file(file)) return wrong_path("script", script, "is not a batch file");

  std::string line = "\"" + std::string(cmd_exe) + "\" /d /e:ON /v:OFF /c \"" + quote_path_for_cmd(file);
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    if (const char* why = impossible_in_argument(arguments[index])) {
      return refuse("argv[" + std::to_string(index + 1) + "] " + why);
    }
    line += ' ';
    append_argument(line, arguments[index]);
  }
  line += '"';

  const auto wide = utf16_of(line);
  if (!wide) return refuse("the script's path is not UTF-8");
  if (wide->size() > longest_cmd_line) return too_long_command_line(script, wide->size(), longest_cmd_line);
  return line;
}

std::string quote_batch_argument(std::string_view argument) {
  std::string text;
  append_argument(text, argument);
  return text;
}

std::string quote_path_for_cmd(std::string_view path) {
  std::string text = "\"";
  for (const char c : path) append_character(text, c);
  return text += '"';
}

}  // namespace spawnpipe::detail
