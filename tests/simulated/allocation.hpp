// Counts what the library allocates on this thread, the simulated back end's own allocations left out.
#ifndef SPAWNPIPE_TESTS_SIMULATED_ALLOCATION_HPP
#define SPAWNPIPE_TESTS_SIMULATED_ALLOCATION_HPP

#include "../allocation.hpp"
#include "simulated/script.hpp"

namespace simulation {

struct allocation_counter : harness::allocation_counter {
  allocation_counter() noexcept : harness::allocation_counter(spawnpipe::simulated::inside_back_end) {}
};

using harness::allocations_are_counted;

}  // namespace simulation

#endif
