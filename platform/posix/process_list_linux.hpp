// The system's list of processes, as /proc has it.
#ifndef SPAWNPIPE_PLATFORM_POSIX_PROCESS_LIST_LINUX_HPP
#define SPAWNPIPE_PLATFORM_POSIX_PROCESS_LIST_LINUX_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <sys/types.h>

namespace spawnpipe::platform {

struct process_facts {
  pid_t id = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = 0;
  int threads = 0;
  std::uint64_t began = 0;  // with the number it names a process for good

  // (One whose first thread has ended is shown as Z, too, while others run.)
  [[nodiscard]] bool ended() const noexcept { return (state == 'Z' && threads <= 1) || state == 'X'; }
};

// Nothing where there is none of that number; with another errno than ENOENT and ESRCH, or where /proc hides processes of
// others (hidepid), where it is not told of.
[[nodiscard]] std::optional<process_facts> facts_of(pid_t id) noexcept;
// Whether that errno means that there is none.
[[nodiscard]] bool is_gone(int code) noexcept;

// The number that a text is, if it is one.
[[nodiscard]] std::optional<std::int64_t> number_in(std::string_view text) noexcept;

// Calls `look` with each, until it returns true. False where not all could be looked at, but for those that are hidden.
[[nodiscard]] bool for_each_process(bool (*look)(void* context, const process_facts& one), void* context) noexcept;
template <class Look>
[[nodiscard]] bool for_each_process(Look look) noexcept {
  return for_each_process([](void* context, const process_facts& one) { return (*static_cast<Look*>(context))(one); },
                          &look);
}

// The same with the members of a process group. Of others no more is asked than which group is theirs, by one call each: a tenth of what
// it takes to read of all.
[[nodiscard]] bool for_each_member_of(pid_t group, bool (*look)(void* context, const process_facts& one),
                                      void* context) noexcept;
template <class Look>
[[nodiscard]] bool for_each_member_of(pid_t group, Look look) noexcept {
  return for_each_member_of(
      group, [](void* context, const process_facts& one) { return (*static_cast<Look*>(context))(one); }, &look);
}

// Calls `look` with each entry of a folder whose name is a number, until it returns true. False where it cannot be read.
[[nodiscard]] bool for_each_number_in(const char* folder, bool (*look)(void* context, pid_t number),
                                      void* context) noexcept;
template <class Look>
[[nodiscard]] bool for_each_number_in(const char* folder, Look look) noexcept {
  return for_each_number_in(
      folder, [](void* context, pid_t number) { return (*static_cast<Look*>(context))(number); }, &look);
}

// Calls `take` with each byte of a file, until it returns false. False where it cannot be read.
[[nodiscard]] bool for_each_byte(const char* path, bool (*take)(void* context, char each), void* context) noexcept;
template <class Take>
[[nodiscard]] bool for_each_byte(const char* path, Take take) noexcept {
  return for_each_byte(
      path, [](void* context, char each) { return (*static_cast<Take*>(context))(each); }, &take);
}

// Calls `look` with the number of each child of a process, those of its first thread last. False where that list cannot be read:
// kernels have it by CONFIG_PROC_CHILDREN.
[[nodiscard]] bool for_each_child_of(pid_t parent, void (*look)(void* context, pid_t child), void* context) noexcept;
template <class Look>
[[nodiscard]] bool for_each_child_of(pid_t parent, Look look) noexcept {
  return for_each_child_of(
      parent, [](void* context, pid_t child) { (*static_cast<Look*>(context))(child); }, &look);
}

// `before`, the number, `behind`; as text that ends in a NUL.
[[nodiscard]] std::array<char, 64> numbered_path(std::string_view before, pid_t number,
                                                 std::string_view behind) noexcept;

}  // namespace spawnpipe::platform

#endif
