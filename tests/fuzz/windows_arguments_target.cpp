// From arguments to a line of Windows: what a line cannot say is refused, everything else arrives, whoever splits the line.
#include "fuzz.hpp"
#include "input.hpp"
#include "models/windows_splitting.hpp"
#include "models/wtf8.hpp"
#include "windows_command_line.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

using fuzz::strings;
using spawnpipe::detail::longest_windows_command_line;
using spawnpipe::detail::split_windows_command_line;
using spawnpipe::detail::windows_command_line;
using spawnpipe::detail::windows_splitting;

// Which argument is the first that no line can say.
std::optional<std::size_t> first_impossible(const strings& argv) {
  for (std::size_t index = 0; index < argv.size(); ++index) {
    const bool has_nul = argv[index].find('\0') != std::string::npos;
    const bool name_with_quote = index == 0 && argv[index].find('"') != std::string::npos;
    if (has_nul || name_with_quote || !model::utf16(argv[index])) return index;
  }
  return std::nullopt;
}

}  // namespace

void fuzz::targets::windows_arguments(std::string_view bytes) {
  input from(bytes);
  const strings argv = list_with_long_entry(from);
  const auto line = windows_command_line(argv);

  const auto impossible = first_impossible(argv);
  if (argv.empty() || impossible) {
    EXPECT(line.failed_with(spawnpipe::errc::invalid_argument));
    EXPECT(line.error().where == spawnpipe::stage::command);
    const std::string name = argv.empty() ? "argv is empty" : "argv[" + std::to_string(*impossible) + "] ";
    EXPECT(line.error().subject.starts_with(name));
    return;
  }
  if (!line) {
    EXPECT(line.failed_with(std::errc::argument_list_too_long));
    EXPECT(line.error().hint.view().find("32766") != std::string_view::npos);
    // Not for nothing: quotes and backslashes at most double what was given, and add quotes and a space to each.
    std::size_t units = 0;
    for (const std::string& argument : argv) units += 2 * model::utf16(argument)->size() + 3;
    EXPECT(units > longest_windows_command_line);
    return;
  }
  const auto units = model::utf16(*line);
  EXPECT(units && units->size() <= longest_windows_command_line);

  EXPECT(model::split(*line, model::splitting::shell) == argv);
  EXPECT(model::split(*line, model::splitting::crt) == argv);
  EXPECT(split_windows_command_line(*line, windows_splitting::shell) == argv);
  EXPECT(split_windows_command_line(*line, windows_splitting::crt) == argv);
  EXPECT(line->starts_with('"' + argv[0] + '"'));

  // What start-up code expands, or takes for quotes of its own, stands in quotes.
  bool quoted = false;
  std::size_t backslashes = 0;
  for (const char c : line->substr(argv[0].size() + 2)) {
    if (c == '"' && backslashes % 2 == 0) quoted = !quoted;
    EXPECT(quoted || std::string_view("'*?[](){}").find(c) == std::string_view::npos);
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  EXPECT(!quoted);
}
