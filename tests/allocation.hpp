// Counts what this thread allocates by operator new. For programs that are built with allocation.cpp.
#ifndef SPAWNPIPE_TESTS_ALLOCATION_HPP
#define SPAWNPIPE_TESTS_ALLOCATION_HPP

namespace harness {

// From construction until count() is asked. No assertion of doctest's in between: they allocate. What is allocated while
// `leave_out()` holds is not counted.
class allocation_counter {
 public:
  explicit allocation_counter(bool (*leave_out)() noexcept = nullptr) noexcept;
  allocation_counter(const allocation_counter&) = delete;
  allocation_counter& operator=(const allocation_counter&) = delete;
  ~allocation_counter();

  [[nodiscard]] int count() noexcept;
};

// False where the counter sees nothing.
[[nodiscard]] bool allocations_are_counted();

}  // namespace harness

#endif
