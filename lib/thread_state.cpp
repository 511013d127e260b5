// What is thread_local here is a pointer, which has no destructor: where gcc emulates thread-local memory (mingw-w64), that is
// freed before destructors run. The back end says when the thread ends.
#include "thread_state.hpp"

#include "loop_core.hpp"
#include "platform.hpp"

#include <memory>
#include <utility>

namespace spawnpipe::detail {
namespace {

thread_local thread_state* state = nullptr;

void end(void* context) noexcept {
  auto* const ending = static_cast<thread_state*>(context);
  state = ending;  // the end of its loop asks whose that is, and the pointer's memory may have been freed and made anew
  if (ending->loop != nullptr) std::exchange(ending->loop, nullptr)->drop_loop();
  if (ending->record != nullptr) {
    ending->record->ended.store(true);
    ending->record->release();
  }
  state = nullptr;
  delete ending;
}

}  // namespace

thread_record* thread_state::own_record() {
  if (record == nullptr) record = new thread_record;
  return record;
}

thread_state& this_thread() {
  if (state == nullptr) {
    auto made = std::make_unique<thread_state>();
    platform::at_thread_end(&end, made.get());
    state = made.release();
  }
  return *state;
}

const thread_state* this_thread_if_any() noexcept { return state; }

const void* this_thread_mark() noexcept { return &state; }

}  // namespace spawnpipe::detail
