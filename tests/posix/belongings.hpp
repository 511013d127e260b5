// What the process has at a moment: descriptors, children, threads, and memory that is not freed, by operator new and by libuv. For cases
// that make something fail, and assert that nothing of it stays.
#ifndef SPAWNPIPE_TESTS_POSIX_BELONGINGS_HPP
#define SPAWNPIPE_TESTS_POSIX_BELONGINGS_HPP

#include <cstddef>
#include <optional>
#include <string>

namespace harness {

struct belongings {
  std::string descriptors;
  std::string children;
  std::optional<std::size_t> threads;
  long allocations = 0;
  long allocations_of_libuv = 0;

  [[nodiscard]] static belongings now();
  // When what goes with the next turns of the loop is gone.
  [[nodiscard]] static belongings settled();
  // Empty where it is the same now; else a line for each difference. What this process adopted, and is about to end, is waited for.
  [[nodiscard]] std::string changed() const;
};

}  // namespace harness

#endif
