// What the host has: its clock, its environment, its shell.
#include "host.hpp"

#include "cmd_prompt_line.hpp"
#include "system.hpp"
#include "utf16.hpp"

#include <string_view>

namespace spawnpipe::platform {

time_point clock_now() noexcept { return std::chrono::steady_clock::now(); }

std::vector<std::string> host_environment() {
  std::vector<std::string> variables;
  wchar_t* const block = sys::GetEnvironmentStringsW();
  if (block == nullptr) return variables;
  for (const wchar_t* each = block; *each != L'\0';) {
    const std::wstring_view variable(each);
    variables.push_back(narrow(variable));
    each += variable.size() + 1;
  }
  sys::FreeEnvironmentStringsW(block);
  return variables;
}

bool same_variable(std::string_view one, std::string_view other) noexcept {
  const auto first = wide(one);
  const auto second = wide(other);
  if (!first || !second) return one == other;
  if (first->size() != second->size()) return false;
  for (std::size_t index = 0; index < first->size(); ++index) {
    if (upcase(static_cast<char16_t>((*first)[index])) != upcase(static_cast<char16_t>((*second)[index]))) return false;
  }
  return true;
}

std::string command_processor() {
  std::wstring folder(MAX_PATH, L'\0');
  UINT size = sys::GetSystemDirectoryW(folder.data(), static_cast<UINT>(folder.size()));
  if (size > folder.size()) {
    folder.resize(size);
    size = sys::GetSystemDirectoryW(folder.data(), size);
  }
  folder.resize(size);
  return narrow(folder) + "\\cmd.exe";
}

std::vector<std::string> shell_prefix() { return {command_processor(), "/d", "/s", "/c"}; }

std::string line_for_shell(const command& what) { return detail::cmd_prompt_line(what); }

}  // namespace spawnpipe::platform
