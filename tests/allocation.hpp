// Counts what this thread allocates by operator new, or refuses it. For programs that are built with allocation.cpp.
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

// While this lives, this thread gets no memory by operator new. No assertion of doctest's meanwhile.
class no_memory {
 public:
  no_memory() noexcept;
  no_memory(const no_memory&) = delete;
  no_memory& operator=(const no_memory&) = delete;
  ~no_memory();
};

// False where the counter sees nothing, and nothing can be refused.
[[nodiscard]] bool allocations_are_counted();

}  // namespace harness

#endif
