// The environment block: sorted, each name once, nothing in it that was not given, and a block of a block is the same.
#include "fuzz.hpp"
#include "input.hpp"
#include "windows_environment.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using variables = std::vector<std::u16string>;

// A byte is a unit; one from 0x80 on, with the next one, is one from 0x0000 to 0x7FFF, or from 0xD800 on.
std::u16string wide(std::string_view bytes) {
  std::u16string units;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    unsigned unit = static_cast<unsigned char>(bytes[at]);
    if (unit >= 0x80 && at + 1 < bytes.size()) {
      unit = (unit - 0x80) * 256 + static_cast<unsigned char>(bytes[++at]);
      if (unit >= 0x5800) unit += 0x8000;
    }
    units += static_cast<char16_t>(unit);
  }
  return units;
}

// ASCII, Latin-1, and one that becomes greater by it.
char16_t upcase(char16_t unit) {
  if (unit == 0xFF) return 0x178;
  const bool small = (unit >= u'a' && unit <= u'z') || (unit >= 0xE0 && unit <= 0xFE && unit != 0xF7);
  return small ? static_cast<char16_t>(unit - 0x20) : unit;
}

// What stands before the = that is not the first character.
std::u16string name_of(const std::u16string& variable) {
  std::u16string name;
  for (const char16_t unit : variable) {
    if (unit == u'=' && !name.empty()) break;
    name += upcase(unit);
  }
  return name;
}

bool is_possible(const std::u16string& variable) {
  return !variable.empty() && variable.find(u'\0') == std::u16string::npos;
}

// The last of each name, by looking through all that follow.
variables expected_of(const variables& given) {
  variables kept;
  for (auto each = given.begin(); each != given.end(); ++each) {
    const auto replaces = [&](const std::u16string& later) {
      return is_possible(later) && name_of(later) == name_of(*each);
    };
    if (is_possible(*each) && std::none_of(each + 1, given.end(), replaces)) kept.push_back(*each);
  }
  std::sort(kept.begin(), kept.end(), [](const auto& one, const auto& other) { return name_of(one) < name_of(other); });
  return kept;
}

// As a program reads it that was started with this block. What stands behind its end is no longer looked at.
variables read(std::u16string_view block) {
  variables found;
  while (!block.empty() && block.front() != u'\0') {
    found.emplace_back(block.substr(0, block.find(u'\0')));
    block.remove_prefix(std::min(found.back().size() + 1, block.size()));
  }
  return found;
}

}  // namespace

void fuzz::targets::environment_block(std::string_view bytes) {
  using spawnpipe::detail::windows_environment_block;
  variables given;
  for (const std::string& entry : input(bytes).list()) given.push_back(wide(entry));

  const std::u16string block = windows_environment_block(given, upcase);
  const variables entries = read(block);
  EXPECT(entries == expected_of(given));
  EXPECT(block.size() >= 2 && block.ends_with(std::u16string(2, u'\0')));
  std::size_t units = entries.empty() ? 2 : 1;
  for (const std::u16string& each : entries) units += each.size() + 1;
  EXPECT(block.size() == units);
  for (std::size_t index = 1; index < entries.size(); ++index) {
    EXPECT(name_of(entries[index - 1]) < name_of(entries[index]));
  }
  EXPECT(windows_environment_block(entries, upcase) == block);
}
