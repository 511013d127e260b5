// The end of a thread, by the destructor of a thread_local object.
#include "platform.hpp"
#include "thread_ending.hpp"

namespace spawnpipe::platform {
namespace {

thread_local thread_ending this_thread;

}  // namespace

void at_thread_end(void (*end)(void* context) noexcept, void* context) {
  this_thread.context = context;
  this_thread.end = end;
}

}  // namespace spawnpipe::platform
