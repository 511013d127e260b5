#include "turns.hpp"

#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fake::schedule {
namespace {

constexpr std::size_t stack_size = std::size_t{256} * 1024;

// Those who take part in the change in progress.
turn_taker* from = nullptr;
turn_taker* to = nullptr;

#if defined(__SANITIZE_ADDRESS__)
void leaves(void** frames, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(frames, bottom, size);
}
void arrives(void* frames, const void** bottom, std::size_t* size) {
  __sanitizer_finish_switch_fiber(frames, bottom, size);
}
#else
void leaves(void** /*frames*/, const void* /*bottom*/, std::size_t /*size*/) {}
void arrives(void* /*frames*/, const void** /*bottom*/, std::size_t* /*size*/) {}
#endif

}  // namespace

turn_taker::turn_taker(std::function<void()> body)
    : body_(std::move(body)), stack_(new std::byte[stack_size]), bottom_(stack_.get()), size_(stack_size) {
  ::getcontext(&context_);
  context_.uc_stack.ss_sp = stack_.get();
  context_.uc_stack.ss_size = stack_size;
  ::makecontext(&context_, &turn_taker::first_turn, 0);
}

void turn_taker::first_turn() {
  // The one who came from is the first to tell where his stack is, where it is the system's.
  arrives(nullptr, &from->bottom_, &from->size_);
  to->body_();
}

void turn_taker::give_turn_to(turn_taker& next, bool for_good) {
  from = this;
  to = &next;
  leaves(for_good ? nullptr : &frames_, next.bottom_, next.size_);
  ::swapcontext(&context_, &next.context_);
  arrives(frames_, &from->bottom_, &from->size_);
}

}  // namespace fake::schedule
