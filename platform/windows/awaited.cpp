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

bool awaited::create(loop& owner, function ready, bool (*ended)(const void* context) noexcept, void* context) noexcept {
  owner_ = &owner;
  ready_ = ready;
  ended_ = ended;
  context_ = context;
  return wait_.create(owner.pool, &awaited::signalled, this);
}

awaited::~awaited() {
  if (owner_ == nullptr) return;
  forget();
  wait_.close();
  owner_->queue.remove(*this);
}

void awaited::link() noexcept {
  previous_awaited_ = nullptr;
  next_awaited_ = owner_->first_awaited;
  if (next_awaited_ != nullptr) next_awaited_->previous_awaited_ = this;
  owner_->first_awaited = this;
}

void awaited::unlink() noexcept {
  (previous_awaited_ != nullptr ? previous_awaited_->next_awaited_ : owner_->first_awaited) = next_awaited_;
  if (next_awaited_ != nullptr) next_awaited_->previous_awaited_ = previous_awaited_;
  next_awaited_ = previous_awaited_ = nullptr;
}

void awaited::expect(HANDLE object, const completion* hint) noexcept {
  object_ = object;
  hint_ = hint;
  state_ = state::expected;
  link();
}

void awaited::arm() noexcept {
  if (state_ != state::expected) return;
  state_ = state::armed;
  wait_.arm(object_);
}

void awaited::look() noexcept {
  if (state_ == state::idle) return;
  const bool over = ended_ != nullptr ? ended_(context_) : sys::WaitForSingleObject(object_, 0) == WAIT_OBJECT_0;
  if (!over) return;
  forget();
  ready_(context_);
}

void awaited::forget() noexcept {
  if (state_ == state::idle) return;
  unlink();
  if (state_ == state::armed) {
    wait_.disarm();
    owner_->queue.remove(*this);
  }
  state_ = state::idle;
}

void awaited::signalled(void* self) noexcept {
  auto& one = *static_cast<awaited*>(self);
  one.owner_->queue.post(one);
}

void awaited::taken(completion_queue::entry& self) noexcept {
  auto& one = static_cast<awaited&>(self);
  if (one.state_ != state::armed) return;
  one.unlink();
  one.state_ = state::idle;
  one.ready_(one.context_);
}

}  // namespace spawnpipe::platform
