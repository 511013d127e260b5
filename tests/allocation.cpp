// The program's operator new, which counts. It gives way to another (weak, where the build says how that is written), because
// some sanitizers bring one of their own that cannot be replaced: then nothing is counted, and allocations_are_counted() says so.
#include "allocation.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local int counted = 0;
thread_local bool (*left_out)() noexcept = nullptr;
thread_local bool refusing = false;

}  // namespace

HARNESS_MAY_GIVE_WAY void* operator new(std::size_t size, const std::nothrow_t& /*how*/) noexcept {
  if (refusing) return nullptr;
  if (counting && (left_out == nullptr || !left_out())) ++counted;
  return std::malloc(size > 0 ? size : 1);
}
HARNESS_MAY_GIVE_WAY void* operator new(std::size_t size) {
  if (void* const memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}

HARNESS_MAY_GIVE_WAY void operator delete(void* memory) noexcept { std::free(memory); }
HARNESS_MAY_GIVE_WAY void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace harness {

allocation_counter::allocation_counter(bool (*leave_out)() noexcept) noexcept {
  left_out = leave_out;
  counted = 0;
  counting = true;
}

allocation_counter::~allocation_counter() { counting = false; }

int allocation_counter::count() noexcept {
  counting = false;
  return counted;
}

no_memory::no_memory() noexcept { refusing = true; }

no_memory::~no_memory() { refusing = false; }

bool allocations_are_counted() {
  allocation_counter counter;
  int* volatile some = new int;
  const bool seen = counter.count() == 1;
  delete some;
  return seen;
}

}  // namespace harness
