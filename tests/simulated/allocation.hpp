// Counts what the library allocates on this thread, the simulated back end's own allocations left out.
#ifndef SPAWNPIPE_TESTS_SIMULATED_ALLOCATION_HPP
#define SPAWNPIPE_TESTS_SIMULATED_ALLOCATION_HPP

namespace simulation {

// From construction until count() is asked. No assertion of doctest's in between: they allocate.
class allocation_counter {
 public:
  allocation_counter() noexcept;
  allocation_counter(const allocation_counter&) = delete;
  allocation_counter& operator=(const allocation_counter&) = delete;
  ~allocation_counter();

  [[nodiscard]] int count() noexcept;
};

// False where the counter sees nothing.
[[nodiscard]] bool allocations_are_counted();

}  // namespace simulation

#endif
