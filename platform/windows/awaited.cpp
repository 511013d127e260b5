// Interleavings that matter here:
// - forget against the pool's callback: disarm waits for a callback that runs, so its post comes before the removal. No lock is
//   held meanwhile: the callback takes the queue's.
// - a callback that comes although its wait was disarmed (threadpool_wait.hpp): it posts, and the owner finds the state idle, or finds
//   the next operation not ended yet and expects it again. At the end the wait is closed before the entry is removed.
// - expect again while the last callback is in its tail, behind the post: the wait object is armed anew, which the pool allows;
//   the tail touches the queue's lock only, and the queue outlives every wait object.
#include "awaited.hpp"

#include "loop.hpp"

namespace spawnpipe::platform {

bool awaited::create(loop& owner, function ready, void* context) noexcept {
  owner_ = &owner;
  ready_ = ready;
  context_ = context;
  return wait_.create(owner.pool, &awaited::signalled, this);
}

awaited::~awaited() {
  if (owner_ == nullptr) return;
  forget();
  wait_.close();
  owner_->queue.remove(*this);
}

void awaited::expect(HANDLE object, const completion* hint) noexcept {
  object_ = object;
  hint_ = hint;
  state_ = state::expected;
  previous_expected_ = nullptr;
  next_expected_ = owner_->first_expected;
  if (next_expected_ != nullptr) next_expected_->previous_expected_ = this;
  owner_->first_expected = this;
}

void awaited::unlink() noexcept {
  (previous_expected_ != nullptr ? previous_expected_->next_expected_ : owner_->first_expected) = next_expected_;
  if (next_expected_ != nullptr) next_expected_->previous_expected_ = previous_expected_;
  next_expected_ = previous_expected_ = nullptr;
}

void awaited::arm() noexcept {
  unlink();
  state_ = state::armed;
  wait_.arm(object_);
}

void awaited::settle() noexcept {
  if (state_ == state::expected) unlink();
  state_ = state::idle;
  ready_(context_);
}

void awaited::forget() noexcept {
  switch (state_) {
    case state::idle: return;
    case state::expected: unlink(); break;
    case state::armed:
      wait_.disarm();
      owner_->queue.remove(*this);
      break;
  }
  state_ = state::idle;
}

void awaited::signalled(void* self) noexcept {
  auto& one = *static_cast<awaited*>(self);
  one.owner_->queue.post(one);
}

void awaited::taken(completion_queue::entry& self) noexcept {
  auto& one = static_cast<awaited&>(self);
  if (one.state_ == state::armed) one.settle();
}

}  // namespace spawnpipe::platform
