// The end of a thread, by the destructor of a thread_local object.
#include "platform.hpp"

namespace spawnpipe::platform {
namespace {

struct ending {
  void (*end)(void* context) noexcept = nullptr;
  void* context = nullptr;

  ending() = default;
  ending(const ending&) = delete;
  ending& operator=(const ending&) = delete;
  ~ending() {
    if (end != nullptr) end(context);
  }
};

thread_local ending this_thread;

}  // namespace

void at_thread_end(void (*end)(void* context) noexcept, void* context) {
  this_thread.context = context;
  this_thread.end = end;
}

}  // namespace spawnpipe::platform
