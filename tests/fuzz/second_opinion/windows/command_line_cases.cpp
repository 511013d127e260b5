// The system's own ways of splitting a line, asked what they make of ours: CommandLineToArgvW, and the C runtime's start-up code.
#include "../opinions.hpp"

#include "fuzz/models/windows_splitting.hpp"
#include "windows/wtf8.hpp"
#include "windows_command_line.hpp"

#include <windows.h>

#include <shellapi.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

namespace {

using opinions::strings;
using spawnpipe::detail::split_windows_command_line;
using spawnpipe::detail::windows_command_line;
using spawnpipe::detail::windows_splitting;

strings split_by_system(const std::string& line) {
  int count = 0;
  const std::unique_ptr<wchar_t*, decltype(&LocalFree)> words(CommandLineToArgvW(wtf8::widen(line).c_str(), &count),
                                                              &LocalFree);
  REQUIRE(words);
  strings all;
  for (int index = 0; index < count; ++index) all.push_back(wtf8::narrow(words.get()[index]));
  return all;
}

// Where a name without quotes holds a control character, it ends there; but not to Wine, which lets it end at a blank only.
bool name_has_control(std::string_view line) {
  const std::string_view name = line.substr(0, line.find_first_of(" \t"));
  return !line.starts_with('"') &&
         std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

TEST_CASE("CommandLineToArgvW splits any line as we do") {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  for (int round = 0; round < 30'000; ++round) {
    const std::string line = random(opinions::hostile_pieces(), 24);
    if (line.empty() || name_has_control(line)) continue;  // an empty one stands for the path of this program
    CAPTURE(line);
    const strings theirs = split_by_system(line);
    REQUIRE(split_windows_command_line(line, windows_splitting::shell) == theirs);
    REQUIRE(model::split(line, model::splitting::shell) == theirs);
  }
}

TEST_CASE("CommandLineToArgvW finds the arguments that a line was made of") {
  harness::bound_case(std::chrono::seconds(120));
  CAPTURE_SEED();
  unit::random_text random;
  for (int round = 0; round < 20'000; ++round) {
    strings argv = random.list(opinions::hostile_pieces(), 6, 10);
    argv.insert(argv.begin(), "p " + std::to_string(round));
    const auto line = windows_command_line(argv);
    REQUIRE_OK(line);
    CAPTURE(*line);
    REQUIRE(split_by_system(*line) == argv);
  }
}

TEST_CASE("the C runtime gives a program the arguments that its line was made of") {
  harness::bound_case(std::chrono::seconds(180));
  CAPTURE_SEED();
  unit::random_text random;
  for (int round = 0; round < 60; ++round) {
    const strings arguments = random.list(opinions::hostile_pieces(), 20, 10);
    INFO(opinions::with_nuls(arguments));
    const auto out = opinions::output_of(spawnpipe::command(FUZZ_PRINT_ARGUMENTS, arguments));
    REQUIRE(out);
    REQUIRE(opinions::without_nuls(*out) == arguments);
  }
}

}  // namespace
