// A seccomp filter of the test's own process, as container runtimes have them: some calls are denied from then on, for good, here and
// in every process that it starts. For a scenario.
#ifndef SPAWNPIPE_TESTS_POSIX_SYSTEM_CALL_FILTER_HPP
#define SPAWNPIPE_TESTS_POSIX_SYSTEM_CALL_FILTER_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace harness {

struct denied_call {
  std::uint32_t number;
  std::uint32_t with = 0;  // only where its first argument has one of these bits; 0: in every case
};

// The calls fail with this code. False where the system has no such filters.
inline bool deny(std::initializer_list<denied_call> calls, int code) {
  const auto load = [](std::size_t from) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(from));
  };
  std::vector<sock_filter> program;
  for (const denied_call& each : calls) {
    const auto behind = static_cast<std::uint8_t>(each.with == 0 ? 1 : 3);
    program.push_back(load(offsetof(seccomp_data, nr)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, each.number, 0, behind));
    if (each.with != 0) {
      program.push_back(
          load(offsetof(seccomp_data, args)));  // its lower half: the processors at hand are little-endian
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, each.with, 0, 1));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter = {.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

inline constexpr const char* no_filters = "this system has no seccomp filters";

}  // namespace harness

#endif
