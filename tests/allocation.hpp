// Counts what this thread allocates by operator new, and has some of it fail. For programs that are built with allocation.cpp.
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

// While it lives, the `at`th allocation of this thread fails, that one alone or all behind it too: by std::bad_alloc, or null where it was
// asked for without exceptions. Counts from its construction, without what is allocated while `leave_out()` holds.
enum class which_fail { one, all_from_there };
class allocation_failure {
 public:
  allocation_failure(int at, which_fail which, bool (*leave_out)() noexcept = nullptr) noexcept;
  allocation_failure(const allocation_failure&) = delete;
  allocation_failure& operator=(const allocation_failure&) = delete;
  ~allocation_failure();

  // It has come to that one.
  [[nodiscard]] static bool happened() noexcept;
};

// While it lives, what this thread allocates neither counts nor fails: it is the test's own.
class allocation_pause {
 public:
  allocation_pause() noexcept;
  allocation_pause(const allocation_pause&) = delete;
  allocation_pause& operator=(const allocation_pause&) = delete;
  ~allocation_pause();
};

// How many allocations are not freed, of all threads.
[[nodiscard]] long allocations_held() noexcept;

// False where the counter sees nothing.
[[nodiscard]] bool allocations_are_counted();

}  // namespace harness

#endif
