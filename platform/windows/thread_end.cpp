// The end of a thread.
//
// mingw-w64's gcc keeps thread_local objects in memory of its own, which is freed before their destructors run (gcc bug 80816): there
// the C++ runtime is given the pointer itself. Elsewhere a thread_local object's destructor does it.
#include "platform.hpp"
#include "thread_ending.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#include <cxxabi.h>
#endif

namespace spawnpipe::platform {

#if defined(__GNUC__) && !defined(__clang__)

namespace {

// What the runtime calls has no noexcept in its type.
struct ending {
  void (*end)(void* context) noexcept;
  void* context;
};

void call(void* self) {
  const ending what = *static_cast<ending*>(self);
  delete static_cast<ending*>(self);
  what.end(what.context);
}

}  // namespace

void at_thread_end(void (*end)(void* context) noexcept, void* context) {
  abi::__cxa_thread_atexit(&call, new ending{end, context}, nullptr);
}

#else

namespace {

thread_local thread_ending this_thread;

}  // namespace

void at_thread_end(void (*end)(void* context) noexcept, void* context) {
  this_thread.context = context;
  this_thread.end = end;
}

#endif

}  // namespace spawnpipe::platform
