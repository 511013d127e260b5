// The program's operator new, which counts, and fails on request. It gives way to another (weak, where the build says how that is
// written), because some sanitizers bring one of their own that cannot be replaced: then nothing is counted and nothing fails, and
// allocations_are_counted() says so.
#include "allocation.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

struct thread_books {
  bool counting = false;
  int counted = 0;
  int fails_at = 0;  // 0: none
  bool all_from_there = false;
  int paused = 0;
  bool (*left_out)() noexcept = nullptr;
};
thread_local thread_books books;
std::atomic<long> held = 0;

// Counts one; whether it is to fail.
bool refused() noexcept {
  if (!books.counting || books.paused > 0 || (books.left_out != nullptr && books.left_out())) return false;
  ++books.counted;
  if (books.fails_at == 0 || books.counted < books.fails_at) return false;
  return books.all_from_there || books.counted == books.fails_at;
}

}  // namespace

HARNESS_MAY_GIVE_WAY void* operator new(std::size_t size, const std::nothrow_t& /*how*/) noexcept {
  if (refused()) return nullptr;
  void* const memory = std::malloc(size > 0 ? size : 1);
  if (memory != nullptr) held.fetch_add(1, std::memory_order_relaxed);
  return memory;
}
HARNESS_MAY_GIVE_WAY void* operator new(std::size_t size) {
  if (void* const memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}

HARNESS_MAY_GIVE_WAY void operator delete(void* memory) noexcept {
  if (memory != nullptr) held.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}
HARNESS_MAY_GIVE_WAY void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }

namespace harness {

allocation_counter::allocation_counter(bool (*leave_out)() noexcept) noexcept {
  books = {.counting = true, .left_out = leave_out};
}

allocation_counter::~allocation_counter() { books = {}; }

int allocation_counter::count() noexcept {
  books.counting = false;
  return books.counted;
}

no_memory::no_memory() noexcept { books = {.counting = true, .fails_at = 1, .all_from_there = true}; }

no_memory::~no_memory() { books = {}; }

allocation_failure::allocation_failure(int at, which_fail which, bool (*leave_out)() noexcept) noexcept {
  books = {
      .counting = true, .fails_at = at, .all_from_there = which == which_fail::all_from_there, .left_out = leave_out};
}

allocation_failure::~allocation_failure() { books = {}; }

bool allocation_failure::happened() noexcept { return books.fails_at > 0 && books.counted >= books.fails_at; }

allocation_pause::allocation_pause() noexcept { ++books.paused; }

allocation_pause::~allocation_pause() { --books.paused; }

long allocations_held() noexcept { return held.load(); }

bool allocations_are_counted() {
  allocation_counter counter;
  int* volatile some = new int;
  const bool seen = counter.count() == 1;
  delete some;
  return seen;
}

}  // namespace harness
