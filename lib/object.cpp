// The references of a core, and its place among all cores of its loop.
#include "object.hpp"

#include "loop_core.hpp"

namespace spawnpipe::detail {

object::object(loop_core& loop) noexcept : loop_(loop) {
  loop_.retain();
  next_ = loop_.first_;
  if (next_ != nullptr) next_->previous_ = this;
  loop_.first_ = this;
}

object::~object() {
  set_active(false);
  (previous_ != nullptr ? previous_->next_ : loop_.first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  loop_.release();  // here, and so also where a constructor above this one throws
}

void object::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void object::set_active(bool active) noexcept {
  if (active == active_) return;
  active_ = active;
  if (active) {
    ++loop_.active_;
  } else {
    --loop_.active_;
  }
}

}  // namespace spawnpipe::detail
