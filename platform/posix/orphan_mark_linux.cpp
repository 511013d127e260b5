#include "orphan_mark.hpp"

#include "joined.hpp"
#include "process_list_linux.hpp"
#include "system_linux.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace spawnpipe::platform {
namespace {

constexpr std::string_view variable_name = "SPAWNPIPE_TREE=";

// What a task's variables say.
struct said {
  std::optional<std::uint64_t> tree;  // of those of this host
  bool anything = false;              // it has variables
};

said ask(std::uint64_t nonce, const char* environ_file) noexcept {
  said answer;
  std::size_t matched = 0;  // of the name; more: not this variable
  bool in_value = false;
  std::array<std::uint64_t, 2> numbers = {};  // of one entry: host, tree
  std::size_t which = 0;
  const auto entry_ends = [&] {
    if (which == 1 && numbers[0] == nonce && !answer.tree) answer.tree = numbers[1];
    numbers = {};
    which = 0;
  };
  static_cast<void>(for_each_byte(environ_file, [&](char each) {
    answer.anything = true;
    if (in_value) {
      if (each >= '0' && each <= '9' && which < 2) {
        numbers[which] = numbers[which] * 10 + static_cast<std::uint64_t>(each - '0');
      } else if (each == '.') {
        ++which;
      } else {
        entry_ends();
      }
      return each != '\0' && !answer.tree;
    }
    if (each == '\0') {
      matched = 0;
    } else if (matched < variable_name.size() && each == variable_name[matched]) {
      in_value = ++matched == variable_name.size();
    } else {
      matched = variable_name.size();
    }
    return true;
  }));
  if (in_value && !answer.tree) entry_ends();
  return answer;
}

}  // namespace

std::uint64_t orphan_nonce() noexcept {
  std::uint64_t number = 0;
  if (sys::random_bytes(&number, sizeof number) == sizeof number) return number;
  // Early after the start of a system: as unlike others as can be had.
  const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  return now ^ (static_cast<std::uint64_t>(sys::getpid()) << 40U) ^ reinterpret_cast<std::uintptr_t>(&number);
}

std::string orphan_variable(std::uint64_t nonce, std::uint64_t tree) {
  const char* const outer = ::getenv("SPAWNPIPE_TREE");
  return detail::joined({variable_name, std::to_string(nonce), ".", std::to_string(tree),  //
                         outer != nullptr ? ":" : "", outer != nullptr ? outer : ""});
}

std::optional<std::uint64_t> marked_tree(std::uint64_t nonce, pid_t id) noexcept {
  const said by_process = ask(nonce, numbered_path("/proc/", id, "/environ").data());
  if (by_process.anything) return by_process.tree;
  // Where its first thread has ended, another can be asked. Where it has not, it is asked again: now and then a system says something else.
  std::optional<std::uint64_t> found;
  const auto tasks = numbered_path("/proc/", id, "/task");
  static_cast<void>(for_each_number_in(tasks.data(), [&](pid_t thread) {
    const auto folder = numbered_path("/proc/", id, "/task/");
    found = ask(nonce, numbered_path(folder.data(), thread, "/environ").data()).tree;
    return found.has_value();
  }));
  return found;
}

}  // namespace spawnpipe::platform
