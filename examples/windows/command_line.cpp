// The Windows side of the build tool's command lines. A process gets one line there, and each program splits it for
// itself, nearly all as CommandLineToArgvW does. That is the convention that the writers of compilation databases follow:
// ninja hands the line to CreateProcess, and there is no cmd.exe to which %, ^ or & would mean something.
#include "command_line.hpp"

#include "utf8_path.hpp"

#include <windows.h>

#include <shellapi.h>

#include <cstddef>
#include <memory>
#include <new>

namespace command_line {
namespace {

std::vector<std::string> split(const wchar_t* line) {
  int count = 0;
  const std::unique_ptr<wchar_t*, decltype(&LocalFree)> words(CommandLineToArgvW(line, &count), &LocalFree);
  if (!words) throw std::bad_alloc();
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) result.push_back(utf8(words.get()[i]));
  return result;
}

}  // namespace

const std::string_view convention =
    "The \"command\" of an entry is split by the rules of CommandLineToArgvW, and run without a shell.";

std::vector<std::string> arguments(int, char**) {
  std::vector<std::string> result = split(GetCommandLineW());
  result.erase(result.begin());
  return result;
}

spawnpipe::command parse(const std::string& line) {
  std::vector<std::string> words = split(path_of_utf8(line).c_str());
  std::string program = std::move(words.front());
  words.erase(words.begin());
  return spawnpipe::command(std::move(program), std::move(words));
}

// Backslashes are doubled in front of a quote, and nowhere else.
std::string quoted(std::string_view argument) {
  if (!argument.empty() && argument.find_first_of(" \t\n\v\"&|<>()^%!") == std::string_view::npos) {
    return std::string(argument);
  }
  std::string result = "\"";
  std::size_t backslashes = 0;
  for (const char c : argument) {
    if (c == '"') result.append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    result += c;
  }
  return result.append(backslashes, '\\') + '"';
}

}  // namespace command_line
