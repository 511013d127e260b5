// The program's operator new, which counts. It gives way to another (weak, where the build says how that is written), because
// some sanitizers bring one of their own that cannot be replaced: then nothing is counted, and allocations_are_counted() says so.
#include "allocation.hpp"

#include "simulated/script.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local int counted = 0;

}  // namespace

SIMULATION_MAY_GIVE_WAY void* operator new(std::size_t size) {
  if (counting && !spawnpipe::simulated::inside_back_end()) ++counted;
  if (void* const memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

SIMULATION_MAY_GIVE_WAY void operator delete(void* memory) noexcept { std::free(memory); }
SIMULATION_MAY_GIVE_WAY void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace simulation {

allocation_counter::allocation_counter() noexcept {
  counted = 0;
  counting = true;
}

allocation_counter::~allocation_counter() { counting = false; }

int allocation_counter::count() noexcept {
  counting = false;
  return counted;
}

bool allocations_are_counted() {
  allocation_counter counter;
  int* volatile some = new int;
  const bool seen = counter.count() == 1;
  delete some;
  return seen;
}

}  // namespace simulation
