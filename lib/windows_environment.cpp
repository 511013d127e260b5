// Names are compared, not whole entries: `A=` stands before `A1=`, though `=` is the greater character.
#include "windows_environment.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace spawnpipe::detail {
namespace {

std::u16string upcased_name(const std::u16string& variable, char16_t (*upcase)(char16_t)) {
  std::u16string name = variable.substr(0, variable.find(u'=', 1));  // a leading = belongs to the name
  std::transform(name.begin(), name.end(), name.begin(), upcase);
  return name;
}

}  // namespace

std::u16string windows_environment_block(std::vector<std::u16string> variables, char16_t (*upcase)(char16_t)) {
  std::map<std::u16string, std::u16string> by_name;
  for (std::u16string& variable : variables) {
    if (variable.empty() || variable.find(u'\0') != std::u16string::npos) continue;
    std::u16string name = upcased_name(variable, upcase);
    by_name.insert_or_assign(std::move(name), std::move(variable));
  }
  std::u16string block;
  for (const auto& [name, variable] : by_name) {
    block += variable;
    block += u'\0';
  }
  block.append(block.empty() ? 2 : 1, u'\0');
  return block;
}

}  // namespace spawnpipe::detail
