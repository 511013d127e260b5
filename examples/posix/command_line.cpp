// The POSIX side of the build tool's command lines: the shell knows what a line means.
#include "command_line.hpp"

namespace command_line {

const std::string_view convention = "The \"command\" of an entry is run by /bin/sh.";

std::vector<std::string> arguments(int argc, char** argv) { return {argv + (argc > 0 ? 1 : 0), argv + argc}; }

spawnpipe::command parse(const std::string& line) { return spawnpipe::command::shell(line); }

std::string quoted(std::string_view argument) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=/.,:@%^";
  if (!argument.empty() && argument.find_first_not_of(plain) == std::string_view::npos) return std::string(argument);
  std::string result = "'";
  for (const char c : argument) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + '\'';
}

}  // namespace command_line
