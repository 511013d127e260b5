// How a forked copy of the test's own process ends.
#ifndef SPAWNPIPE_TESTS_POSIX_LEAVE_COPY_HPP
#define SPAWNPIPE_TESTS_POSIX_LEAVE_COPY_HPP

#include <unistd.h>

#if defined(__ELF__)
// There where coverage is measured: what was counted goes to its files.
extern "C" [[gnu::weak]] void __gcov_dump();
#endif

namespace harness {

// At once, without the ends of objects that are the parent's, but with what it counted.
[[noreturn]] inline void leave_copy(int code) {
#if defined(__ELF__)
  if (__gcov_dump != nullptr) __gcov_dump();
#endif
  ::_exit(code);
}

}  // namespace harness

#endif
