// Reads without allocating: it is asked for in the middle of stopping things.
#include "process_list_linux.hpp"

#include "short_file.hpp"
#include "system_linux.hpp"
#include "unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace spawnpipe::platform {
namespace {

// proc_pid_stat(5): behind the name, which is in parentheses and may have any character in it, the fields 3 (state), 4 (parent), 5
// (group), 6 (session), 20 (threads) and 22 (start).
std::optional<process_facts> read_stat(pid_t id, std::string_view stat) noexcept {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  process_facts facts{.id = id};
  for (int field = 3; field <= 22; ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word.empty()) return std::nullopt;
    rest.remove_prefix(word.size());
    if (field == 3) facts.state = word.front();
    if (field != 4 && field != 5 && field != 6 && field != 20 && field != 22) continue;
    const auto number = number_in(word);
    if (!number) return std::nullopt;
    if (field == 4) facts.parent = static_cast<pid_t>(*number);
    if (field == 5) facts.group = static_cast<pid_t>(*number);
    if (field == 6) facts.session = static_cast<pid_t>(*number);
    if (field == 20) facts.threads = static_cast<int>(*number);
    if (field == 22) facts.began = static_cast<std::uint64_t>(*number);
  }
  return facts;
}

}  // namespace

std::optional<std::int64_t> number_in(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::array<char, 64> numbered_path(std::string_view before, pid_t number, std::string_view behind) noexcept {
  std::array<char, 64> path{};
  char* end = std::copy(before.begin(), before.end(), path.begin());
  end = std::to_chars(end, path.data() + path.size() - behind.size() - 1, number).ptr;
  std::copy(behind.begin(), behind.end(), end);
  return path;
}

std::optional<process_facts> facts_of(pid_t id) noexcept {
  const unique_fd file(sys::open(numbered_path("/proc/", id, "/stat").data(), O_RDONLY | O_CLOEXEC, 0));
  if (!file) return std::nullopt;
  std::array<char, 512> text;
  const std::string_view stat = read_short_file(file, text);
  if (stat.empty()) return std::nullopt;
  auto facts = read_stat(id, stat);
  if (!facts) errno = EIO;
  return facts;
}

bool is_gone(int code) noexcept { return code == ENOENT || code == ESRCH; }

bool for_each_number_in(const char* folder, bool (*look)(void* context, pid_t number), void* context) noexcept {
  const unique_fd list(sys::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!list) return false;
  alignas(std::uint64_t) std::array<char, 4096> entries;
  for (;;) {
    const ssize_t size = sys::getdents64(list.get(), entries.data(), entries.size());
    if (size <= 0) return size == 0;
    for (ssize_t at = 0; at < size;) {
      // struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, name
      const char* const entry = entries.data() + at;
      std::uint16_t length = 0;
      std::memcpy(&length, entry + 16, sizeof length);
      at += length;
      const auto number = number_in(entry + 19);
      if (number && look(context, static_cast<pid_t>(*number))) return true;
    }
  }
}

namespace {

template <class Skip>
bool look_at_each(Skip skip, bool (*look)(void* context, const process_facts& one), void* context) noexcept {
  bool all = true;
  const bool listed = for_each_number_in("/proc", [&](pid_t number) {
    if (skip(number)) return false;
    const auto facts = facts_of(number);
    // Those that are hidden from us (hidepid) are others'.
    if (!facts && !is_gone(errno) && errno != EACCES && errno != EPERM) all = false;
    return facts && look(context, *facts);
  });
  return listed && all;
}

}  // namespace

bool for_each_process(bool (*look)(void* context, const process_facts& one), void* context) noexcept {
  return look_at_each([](pid_t) { return false; }, look, context);
}

bool for_each_member_of(pid_t group, bool (*look)(void* context, const process_facts& one), void* context) noexcept {
  // Where it is not told (the process has just ended, or a security module says no), /proc is asked.
  const auto elsewhere = [group](pid_t number) {
    const pid_t its = sys::getpgid(number);
    return its >= 0 && its != group;
  };
  return look_at_each(elsewhere, look, context);
}

bool for_each_byte(const char* path, bool (*take)(void* context, char each), void* context) noexcept {
  const unique_fd file(sys::open(path, O_RDONLY | O_CLOEXEC, 0));
  if (!file) return false;
  std::array<char, 1024> text{};
  for (;;) {
    const ssize_t count = sys::read(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    for (ssize_t at = 0; at < count; ++at) {
      if (!take(context, text[static_cast<std::size_t>(at)])) return true;
    }
  }
}

bool for_each_child_of(pid_t parent, void (*look)(void* context, pid_t child), void* context) noexcept {
  const auto tasks = numbered_path("/proc/", parent, "/task");
  const auto of_thread = [&](pid_t thread) {
    const auto folder = numbered_path("/proc/", parent, "/task/");
    pid_t number = 0;
    const bool read = for_each_byte(numbered_path(folder.data(), thread, "/children").data(), [&](char each) {
      if (each >= '0' && each <= '9') {
        number = number * 10 + (each - '0');
      } else if (number != 0) {
        look(context, std::exchange(number, 0));
      }
      return true;
    });
    if (number != 0) look(context, number);
    return read;
  };
  const bool threads = for_each_number_in(tasks.data(), [&](pid_t thread) {
    if (thread != parent) of_thread(thread);
    return false;
  });
  return threads && of_thread(parent);
}

}  // namespace spawnpipe::platform
