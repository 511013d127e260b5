// Around the Linux engine: replacements for its calls, and the battery that every way to make a process must pass.
#ifndef SPAWNPIPE_TESTS_POSIX_LINUX_ENGINE_HPP
#define SPAWNPIPE_TESTS_POSIX_LINUX_ENGINE_HPP

#include "posix/clone_linux.hpp"
#include "posix/system_linux.hpp"

namespace harness {

inline spawnpipe::platform::linux_table& table_in_use(spawnpipe::platform::linux_table* /*type*/) {
  return spawnpipe::platform::linux_calls;
}

// In a scenario: spawns that succeed, fail at each stage, are fed, captured and killed; exactly the descriptors that were
// asked for; stops that come early; and nothing left behind. EXPECTs.
void expect_spawns_work();

}  // namespace harness

#include "../replaced_call.hpp"

#endif
