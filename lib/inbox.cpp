// The list of completions that a back end fills and lib/ empties.
#include "platform.hpp"

namespace spawnpipe::platform {

void inbox::push(completion& done) noexcept {
  done.posted = true;
  done.next = nullptr;
  done.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &done;
  last_ = &done;
}

void inbox::remove(completion& done) noexcept {
  if (!done.posted) return;
  (done.previous != nullptr ? done.previous->next : first_) = done.next;
  (done.next != nullptr ? done.next->previous : last_) = done.previous;
  done.posted = false;
}

completion* inbox::pop() noexcept {
  completion* const first = first_;
  if (first != nullptr) remove(*first);
  return first;
}

}  // namespace spawnpipe::platform
