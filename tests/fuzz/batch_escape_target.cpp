// Lines for batch files, read by the cmd.exe of models/: whatever the script's name, its arguments and the environment, it runs that
// script, expands nothing, sees no syntax, and every argument arrives; or the line is refused, and for a reason.
#include "batch_escape.hpp"
#include "fuzz.hpp"
#include "input.hpp"
#include "models/cmd_exe.hpp"
#include "models/windows_splitting.hpp"
#include "models/wtf8.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
using fuzz::strings;
using spawnpipe::detail::batch_command_line;

constexpr std::string_view cmd_exe = R"(C:\Windows\System32\cmd.exe)";
constexpr std::string_view start = R"("C:\Windows\System32\cmd.exe" /d /e:ON /v:OFF /c )";

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

// What Windows opens for `path`, where that is a batch file by a full path.
std::optional<std::string> opened_script(std::string path) {
  while (path.ends_with('.') || path.ends_with(' ')) path.pop_back();
  std::replace(path.begin(), path.end(), '/', '\\');
  const bool drive = path.size() > 2 && path[0] != '\\' && path.substr(1, 2) == ":\\" && lowered(path)[0] >= 'a' &&
                     lowered(path)[0] <= 'z';
  const bool share =
      path.starts_with(R"(\\)") && path.size() > 2 && path[2] != '\\' && path[2] != '.' && path[2] != '?';
  const std::string_view behind_drive = std::string_view(path).substr(drive ? 2 : 0);
  const bool is_name = std::none_of(behind_drive.begin(), behind_drive.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || "\"*?<>|:"sv.find(c) != std::string_view::npos;
  });
  const std::string extension = lowered(path.substr(path.size() < 4 ? 0 : path.size() - 4));
  const bool is_batch = extension == ".bat" || extension == ".cmd";
  return (drive || share) && is_name && is_batch && model::utf16(path) ? std::optional(path) : std::nullopt;
}

bool can_be_passed(const std::string& argument) {
  return argument.find_first_of("\0\r\n\x1A"sv) == std::string::npos && model::utf16(argument);
}

void expect_safe(std::string_view line, const std::string& script, const strings& arguments,
                 const model::cmd_variables& environment) {
  const auto what = model::cmd_read(line, start, environment);
  EXPECT(what.has_value());
  EXPECT(what->expanded.empty());
  EXPECT(what->special.empty());
  EXPECT(what->params.size() == arguments.size() + 1);
  EXPECT(what->params.front() == '"' + script + '"');

  // A program that gets %*, and one that gets %1.
  strings expected = arguments;
  expected.insert(expected.begin(), "program");
  const std::string rest = what->line.substr(what->params.front().size());
  EXPECT(model::split("program" + rest, model::splitting::crt) == expected);
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& parameter = what->params[index + 1];
    EXPECT(model::split("program " + parameter, model::splitting::crt) == strings{"program", arguments[index]});
    // "%~1" in the script is still text, and the argument itself where it has no quote and no backslash at its end.
    const std::string bare = model::without_quotes(parameter);
    EXPECT(model::special_characters('"' + bare + '"').empty());
    if (arguments[index].find('"') == std::string::npos && !arguments[index].ends_with('\\')) {
      EXPECT(bare == arguments[index]);
    }
  }
}

}  // namespace

// A variable's name and its value, the script (without a backslash: one of C:\x\), and its arguments.
void fuzz::targets::batch_escape(std::string_view bytes) {
  input from(bytes);
  strings list = list_with_long_entry(from);
  list.resize(std::max<std::size_t>(list.size(), 3));
  model::cmd_variables environment = model::hostile_variables();
  if (!list[0].empty() && list[0].find_first_of("=%") == std::string::npos) {
    environment.insert_or_assign(lowered(list[0]), list[1]);
  }
  const std::string& name = list[2];
  const std::string script = name.find('\\') == std::string::npos ? R"(C:\x\)" + name + ".bat" : name;
  const strings arguments(list.begin() + 3, list.end());

  const auto line = batch_command_line(cmd_exe, script, arguments);
  const auto opened = opened_script(script);
  const auto impossible = std::find_if_not(arguments.begin(), arguments.end(), can_be_passed);
  if (!opened || impossible != arguments.end()) {
    EXPECT(line.failed_with(spawnpipe::errc::invalid_argument));
    EXPECT(line.error().where == spawnpipe::stage::command);
    const std::string number = std::to_string(impossible - arguments.begin() + 1);
    EXPECT(line.error().subject.starts_with(opened ? "argv[" + number + "] " : "script "));
    return;
  }
  EXPECT(spawnpipe::detail::is_batch_file(script));
  EXPECT(spawnpipe::detail::is_batch_file(*opened));
  if (!line) {
    EXPECT(line.failed_with(std::errc::argument_list_too_long));
    // Not for nothing: a character becomes eight at most, an argument gets quotes and a space.
    std::size_t most = start.size() + 8 * opened->size() + 5;
    for (const std::string& argument : arguments) most += 8 * argument.size() + 3;
    EXPECT(most > spawnpipe::detail::longest_cmd_line);
    return;
  }
  const auto units = model::utf16(*line);
  EXPECT(units && units->size() <= spawnpipe::detail::longest_cmd_line);
  EXPECT(line->find_first_of("\0\r\n\x1A"sv) == std::string::npos);
  expect_safe(*line, *opened, arguments, environment);
}
