#include "program.hpp"

#include "batch_escape.hpp"
#include "error.hpp"
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

std::optional<std::wstring> full_path(const std::wstring& path) {
  const DWORD size = sys::GetFullPathNameW(path.c_str(), 0, nullptr, nullptr);
  if (size == 0) return std::nullopt;
  std::wstring full(size, L'\0');
  const DWORD length = sys::GetFullPathNameW(path.c_str(), size, full.data(), nullptr);
  if (length == 0 || length >= size) return std::nullopt;
  full.resize(length);
  return full;
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

result<program_start> prepare_program(const spawn_plan& plan) {
  program_start start;
  if (plan.cwd) {
    const auto given = wide_or_refuse(*plan.cwd, "cwd");
    if (!given) return error{given.error()};
    if (given->empty()) return system_error(ERROR_PATH_NOT_FOUND, stage::cwd, *plan.cwd);
    start.directory = full_path(*given);
    if (!start.directory) return last_error(stage::cwd, *plan.cwd);
  }

  variables child_variables = plan.environment ? *plan.environment : host_environment();
  if (plan.environment) {
    add_system_root(child_variables);
    auto block = environment_block(child_variables);
    if (!block) return std::move(block).error();
    start.environment = *std::move(block);
  }

  if (!wide(plan.program)) return error{errc::invalid_argument, stage::command, "program is not UTF-8"};
  const auto here = start.directory ? start.directory : full_path(L".");
  if (!here) return last_error(stage::cwd, ".");
  const std::string directory = narrow(*here);
  const std::string path = value_of(child_variables, "PATH");
  const std::string extensions = value_of(child_variables, "PATHEXT");
  auto program = detail::find_windows_program(
      plan.program, {.directory = directory, .path = path, .path_extensions = extensions}, &is_file);
  if (!program) {
    if (is_directory(plan.program)) return system_error(ERROR_ACCESS_DENIED, stage::exec, plan.program);
    return system_error(ERROR_FILE_NOT_FOUND, stage::exec, plan.program);
  }

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
