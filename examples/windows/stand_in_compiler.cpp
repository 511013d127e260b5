// Stands in for a compiler where compdb_build.exe runs under Wine, which has none (see examples/run): copies the source to
// the output, behind the arguments that it got, and ends at a line with #error, as a compiler does.
//
//   stand_in_compiler [OPTION ...] SOURCE -o OUTPUT
#include "utf8_path.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

int wmain(int argc, wchar_t** argv) {
  const std::vector<std::filesystem::path> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3 || arguments[arguments.size() - 2] != "-o") {
    std::cerr << "usage: stand_in_compiler [OPTION ...] SOURCE -o OUTPUT\n";
    return 2;
  }
  const std::filesystem::path& source = arguments[arguments.size() - 3];
  std::string result;
  for (const auto& argument : arguments) result += "// " + utf8(argument) + '\n';

  std::ifstream in(source);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("#error")) {
      std::cerr << utf8(source) << ':' << number << ": error: " << line << '\n';
      return 1;
    }
    if (line.starts_with("#warning")) std::cerr << utf8(source) << ':' << number << ": warning: " << line << '\n';
    result += line + '\n';
  }
  std::ofstream out(arguments.back());
  if (!in.eof() || !(out << result).flush()) {
    std::cerr << utf8(source) << ": error: cannot be read, or its output cannot be written\n";
    return 1;
  }
  return 0;
}
