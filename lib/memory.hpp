// Work that allocates in a place where having no memory is an answer, and no exception: in a pass of the loop, and in an end.
#ifndef SPAWNPIPE_LIB_MEMORY_HPP
#define SPAWNPIPE_LIB_MEMORY_HPP

#include <new>

namespace spawnpipe::detail {

/// Does it; false where it ran out of memory. Where exceptions are off, that ends the process, as it does everywhere in such a host.
template <class Work>
[[nodiscard]] bool with_memory(Work work) {
#if defined(__cpp_exceptions)
  try {
    work();
  } catch (const std::bad_alloc&) {
    return false;
  }
#else
  work();
#endif
  return true;
}

}  // namespace spawnpipe::detail

#endif
