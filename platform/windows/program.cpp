#include "program.hpp"

#include "batch_escape.hpp"
#include "bounded_text.hpp"
#include "error.hpp"
#include "file.hpp"
#include "folder_list.hpp"
#include "host.hpp"
#include "program_search.hpp"
#include "system.hpp"
#include "utf16.hpp"
#include "windows_command_line.hpp"
#include "windows_environment.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnpipe::platform {
namespace {

using variables = std::vector<std::string>;

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=', 1)); }

std::string value_of(const variables& all, std::string_view name) {
  const auto found = std::find_if(all.rbegin(), all.rend(),
                                  [&](const std::string& each) { return same_variable(name_of(each), name); });
  return found == all.rend() ? std::string() : found->substr(name_of(*found).size() + 1);
}

// A program that does not find SystemRoot cannot load much of Windows, not even its random numbers: a child whose environment lacks it
// gets the host's.
void add_system_root(variables& all) {
  static constexpr std::string_view name = "SystemRoot";
  if (std::any_of(all.begin(), all.end(), [](const std::string& each) { return same_variable(name_of(each), name); })) {
    return;
  }
  const variables host = host_environment();
  if (std::string value = value_of(host, name); !value.empty()) all.push_back(std::string(name) + '=' + value);
}

result<std::wstring> environment_block(const variables& all) {
  std::vector<std::u16string> units;
  units.reserve(all.size());
  for (const std::string& each : all) {
    const auto variable = wide(each);
    if (!variable) {
      return error{errc::invalid_argument, stage::command,
                   "environment: " + std::string(name_of(each)) + " is not UTF-8"};
    }
    units.emplace_back(variable->begin(), variable->end());
  }
  const std::u16string block = detail::windows_environment_block(std::move(units), &upcase);
  return std::wstring(block.begin(), block.end());
}

bool is_file(const std::string& path) {
  const auto name = wide(path);
  if (!name) return false;
  const DWORD attributes = sys::GetFileAttributesW(name->c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool is_directory(const std::string& path) {
  const auto name = wide(path);
  if (!name) return false;
  const DWORD attributes = sys::GetFileAttributesW(name->c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

// The full path of the child's directory; none: the host's.
result<std::optional<std::wstring>> directory_of_child(const std::optional<std::string>& cwd) {
  if (!cwd) return std::optional<std::wstring>();
  const auto given = wide_or_refuse(*cwd, "cwd");
  if (!given) return error{given.error()};
  if (given->empty()) return system_error(ERROR_PATH_NOT_FOUND, stage::cwd, *cwd);
  auto full = full_path(*given);
  if (!full) return last_error(stage::cwd, *cwd);
  return full;
}

// Where a name was looked for; and the file that who comes from another system, or from cmd.exe, may have meant.
hint_text where_it_is_not(const std::string& program, const detail::windows_program_search& where) {
  detail::bounded_text text;
  if (detail::is_windows_path(program)) {
    (text += "seen from ").quote(where.directory);
  } else {
    text += "looked for in PATH: ";
    detail::folder_list list(text);
    for (const std::string& each : detail::folders_of_windows_path(where.path)) list.add(each);
    list.end();
  }
  text += ", with the extensions ";
  text += where.path_extensions.empty() ? std::string_view(".COM;.EXE;.BAT;.CMD") : where.path_extensions;
  if (!detail::is_windows_path(program)) {
    const std::string beside = ".\\" + program;
    if (detail::find_windows_program(beside, where, &is_file))
      (text += "; the one in the child's directory is ").quote(beside);
  }
  return hint_text(text.view());
}

// By the rules of program_search.hpp. `directory` is the child's; none: the host's.
result<std::string> look_up(const std::string& program, const std::optional<std::wstring>& directory,
                            const variables& of_child) {
  if (!wide(program)) return error{errc::invalid_argument, stage::command, "program is not UTF-8"};
  const auto here = directory ? directory : full_path(L".");
  if (!here) return last_error(stage::cwd, ".");
  const std::string start = narrow(*here);
  const std::string path = value_of(of_child, "PATH");
  const std::string extensions = value_of(of_child, "PATHEXT");
  const detail::windows_program_search where = {.directory = start, .path = path, .path_extensions = extensions};
  if (auto found = detail::find_windows_program(program, where, &is_file)) return *std::move(found);
  error failure = system_error(ERROR_FILE_NOT_FOUND, stage::exec, program);
  if (const auto folder = detail::windows_path_from(program, start); folder && is_directory(*folder)) {
    failure.code = system_code(ERROR_ACCESS_DENIED);
    failure.hint = hint_text("it is a directory");
  } else {
    failure.hint = where_it_is_not(program, where);
  }
  return failure;
}

result<std::string> shell_line(const spawn_plan& plan, std::string_view program) {
  const std::size_t prefix = shell_prefix().size();
  if (plan.argv.size() != prefix + 1) {
    return error{errc::invalid_argument, stage::command, "cmd.exe takes no arguments behind a line"};
  }
  // With /s, the first and the last quote are taken away, and what is between them is the line.
  std::string line = detail::quote_windows_argument(program);
  for (std::size_t index = 1; index < prefix; ++index) line += ' ' + plan.argv[index];
  line += " \"" + plan.argv.back() + '"';
  if (line.size() > detail::longest_windows_command_line) {
    const auto units = wide(line);  // fewer than bytes, where the text is not all ASCII
    if (units && units->size() > detail::longest_windows_command_line) {
      return detail::too_long_command_line(program, units->size(), detail::longest_windows_command_line);
    }
  }
  return line;
}

result<std::string> command_line(const spawn_plan& plan, std::string& program) {
  if (plan.shell_line) return shell_line(plan, program);
  if (detail::is_batch_file(program)) {
    const std::string script = std::exchange(program, command_processor());
    return detail::batch_command_line(program, script, std::span(plan.argv).subspan(1));
  }
  return detail::windows_command_line(plan.argv);
}

}  // namespace

result<std::string> find_program(const std::string& program, const std::optional<std::string>& cwd,
                                 const std::optional<std::vector<std::string>>& environment) {
  auto directory = directory_of_child(cwd);
  if (!directory) return std::move(directory).error();
  if (environment) {
    if (auto block = environment_block(*environment); !block) return std::move(block).error();
  }
  auto found = look_up(program, *directory, environment ? *environment : host_environment());
  if (found && cwd && !is_directory(narrow(**directory))) {
    return directory_error(ERROR_DIRECTORY, *cwd, **directory);
  }
  return found;
}

error directory_error(DWORD code, const std::string& cwd, const std::wstring& full) {
  const bool missing = sys::GetFileAttributesW(full.c_str()) == INVALID_FILE_ATTRIBUTES;
  error failure = system_error(missing ? ERROR_PATH_NOT_FOUND : code, stage::cwd, cwd);
  failure.hint = full_path_hint(cwd);
  return failure;
}

result<program_start> prepare_program(const spawn_plan& plan) {
  program_start start;
  auto directory = directory_of_child(plan.cwd);
  if (!directory) return std::move(directory).error();
  start.directory = *std::move(directory);

  variables child_variables = plan.environment ? *plan.environment : host_environment();
  if (plan.environment) {
    add_system_root(child_variables);
    auto block = environment_block(child_variables);
    if (!block) return std::move(block).error();
    start.environment = *std::move(block);
  }

  auto program = look_up(plan.program, start.directory, child_variables);
  if (!program) return std::move(program).error();
  auto line = command_line(plan, *program);
  if (!line) return std::move(line).error();
  auto wide_line = wide(*line);
  if (!wide_line) return error{errc::invalid_argument, stage::command, "an argument is not UTF-8"};
  start.line = *std::move(wide_line);
  auto wide_program = wide(*program);
  if (!wide_program) return error{errc::invalid_argument, stage::command, "program is not UTF-8"};
  start.program = *std::move(wide_program);
  return start;
}

}  // namespace spawnpipe::platform
