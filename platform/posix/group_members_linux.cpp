#include "group_members.hpp"

#include "clone_linux.hpp"
#include "system_linux.hpp"
#include "unique_fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace spawnpipe::platform {
namespace {

struct process_facts {
  char state = 0;
  pid_t group = 0;
  std::uint64_t began = 0;

  [[nodiscard]] bool lives_in(pid_t which) const noexcept { return group == which && state != 'Z' && state != 'X'; }
};

template <class Number>
bool parse(std::string_view text, Number& into) noexcept {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc() && end == text.data() + text.size();
}

// proc_pid_stat(5): behind the name, which is in parentheses and may have any character in it, the fields 3 (state), 5 (group) and 22
// (start).
std::optional<process_facts> facts_of(std::string_view stat) noexcept {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  process_facts facts;
  for (int field = 3; field <= 22; ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word.empty()) return std::nullopt;
    rest.remove_prefix(word.size());
    if (field == 3) facts.state = word.front();
    if (field == 5 && !parse(word, facts.group)) return std::nullopt;
    if (field == 22 && !parse(word, facts.began)) return std::nullopt;
  }
  return facts;
}

std::optional<process_facts> look_up(std::string_view number) noexcept {
  std::array<char, 48> path{};
  constexpr std::string_view before = "/proc/";
  constexpr std::string_view behind = "/stat";
  if (number.size() + before.size() + behind.size() >= path.size()) return std::nullopt;
  char* end = std::copy(before.begin(), before.end(), path.begin());
  end = std::copy(number.begin(), number.end(), end);
  std::copy(behind.begin(), behind.end(), end);
  const unique_fd file(sys::open(path.data(), O_RDONLY | O_CLOEXEC, 0));
  if (!file) return std::nullopt;
  std::array<char, 512> text{};
  const ssize_t size = sys::read(file.get(), text.data(), text.size());
  return size > 0 ? facts_of({text.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

}  // namespace

bool group_members::any(pid_t group) noexcept {
  if (!linux_abilities::proc_is_ours()) return true;
  if (known_ != 0) {
    std::array<char, 16> number{};
    const char* const end = std::to_chars(number.data(), number.data() + number.size(), known_).ptr;
    const auto facts = look_up({number.data(), static_cast<std::size_t>(end - number.data())});
    if (facts && facts->began == began_ && facts->lives_in(group)) return true;
    known_ = 0;
  }
  const unique_fd list(sys::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!list) return true;
  alignas(std::uint64_t) std::array<char, 4096> entries;
  for (;;) {
    const ssize_t size = sys::getdents64(list.get(), entries.data(), entries.size());
    if (size <= 0) return size != 0;
    for (ssize_t at = 0; at < size;) {
      // struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, name
      const char* const entry = entries.data() + at;
      std::uint16_t length = 0;
      std::memcpy(&length, entry + 16, sizeof length);
      at += length;
      const std::string_view name = entry + 19;
      pid_t number = 0;
      if (!parse(name, number)) continue;
      const auto facts = look_up(name);
      if (!facts || !facts->lives_in(group)) continue;
      known_ = number;
      began_ = facts->began;
      return true;
    }
  }
}

}  // namespace spawnpipe::platform
