// What readers, writers, children and jobs have in common: a count of references, a place in their loop, a handle.
//
// The public classes are handles; the state lives in a core of this type, which may outlive its handle: while a callback of
// it runs, while a closed writer still has bytes queued, while a child that was let go has not ended. Whatever needs a core
// to stay retains it, so that no list ever holds one that is gone.
#ifndef SPAWNPIPE_LIB_OBJECT_HPP
#define SPAWNPIPE_LIB_OBJECT_HPP

#include <atomic>
#include <cstddef>

namespace spawnpipe::detail {

class loop_core;
class object;

/// First in, first out, without allocation. Holds a reference on each object in it; an object is in it at most once.
template <object* object::*Next, bool object::*Queued>
class object_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] const object* back() const noexcept { return first_ != nullptr ? last_ : nullptr; }
  void push(object& what) noexcept;
  [[nodiscard]] object* pop() noexcept;  // the caller releases it

 private:
  object* first_ = nullptr;
  object* last_ = nullptr;
};

class object {
 public:
  object(const object&) = delete;
  object& operator=(const object&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

  /// The public handle is gone. Owner thread.
  virtual void dispose() noexcept = 0;
  /// Nobody will run the loop again: end what still goes on, without waiting. Owner thread.
  virtual void shutdown() noexcept = 0;
  /// The loop is about to wait: begin what is wanted. True where that has led to something already.
  virtual bool prepare() { return false; }
  /// Call the user's callback, where there is news for it.
  virtual void dispatch() {}
  /// The loop was woken: a cancellation may have been requested.
  virtual void woken() {}
  /// The host was interrupted, and its children are to hear of it.
  virtual void interrupted(int /*number*/) noexcept {}
  /// Whether a write is in flight, which binds the loop to its thread.
  [[nodiscard]] virtual bool bound_to_thread() const noexcept { return false; }
  /// The loop changes threads: take back what was lent.
  virtual void unbind() noexcept {}

  [[nodiscard]] loop_core& loop() const noexcept { return loop_; }

 protected:
  explicit object(loop_core& loop) noexcept;
  /// Nothing is in flight any more: dispose or shutdown came before.
  virtual ~object();

  /// Counts among what `run` waits for, or does not.
  void set_active(bool active) noexcept;

 private:
  friend class loop_core;
  template <object* object::*Next, bool object::*Queued>
  friend class object_queue;

  loop_core& loop_;
  std::atomic<std::size_t> references_ = 1;  // the handle's
  bool active_ = false;

  object* next_ = nullptr;  // all objects of the loop
  object* previous_ = nullptr;
  object* next_to_prepare_ = nullptr;
  object* next_to_dispatch_ = nullptr;
  object* next_to_drop_ = nullptr;
  bool to_prepare_ = false;
  bool to_dispatch_ = false;
  bool to_drop_ = false;

 public:
  using prepare_queue = object_queue<&object::next_to_prepare_, &object::to_prepare_>;
  using dispatch_queue = object_queue<&object::next_to_dispatch_, &object::to_dispatch_>;
  using drop_queue = object_queue<&object::next_to_drop_, &object::to_drop_>;
};

template <object* object::*Next, bool object::*Queued>
void object_queue<Next, Queued>::push(object& what) noexcept {
  if (what.*Queued) return;
  what.*Queued = true;
  what.*Next = nullptr;
  what.retain();
  (last_ != nullptr ? last_->*Next : first_) = &what;
  last_ = &what;
}

template <object* object::*Next, bool object::*Queued>
object* object_queue<Next, Queued>::pop() noexcept {
  object* const what = first_;
  if (what == nullptr) return nullptr;
  first_ = what->*Next;
  if (first_ == nullptr) last_ = nullptr;
  what->*Queued = false;
  return what;
}

/// A counted reference to a core.
template <class Core>
class core_ref {
 public:
  core_ref() noexcept = default;
  /// Takes part in the ownership of `core`, which may be null.
  explicit core_ref(Core* core) noexcept : core_(core) {
    if (core_ != nullptr) core_->retain();
  }
  core_ref(core_ref&& other) noexcept : core_(other.core_) { other.core_ = nullptr; }
  core_ref& operator=(core_ref&& other) noexcept {
    core_ref old(static_cast<core_ref&&>(*this));
    core_ = other.core_;
    other.core_ = nullptr;
    return *this;
  }
  ~core_ref() {
    if (core_ != nullptr) core_->release();
  }

  /// The first reference, which every new core has.
  [[nodiscard]] static core_ref adopt(Core* core) noexcept {
    core_ref ref;
    ref.core_ = core;
    return ref;
  }
  /// Gives the reference away, to a handle.
  [[nodiscard]] Core* leak() noexcept {
    Core* const core = core_;
    core_ = nullptr;
    return core;
  }

  [[nodiscard]] Core* get() const noexcept { return core_; }
  [[nodiscard]] Core* operator->() const noexcept { return core_; }
  [[nodiscard]] Core& operator*() const noexcept { return *core_; }
  [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }

 private:
  Core* core_ = nullptr;
};

}  // namespace spawnpipe::detail

#endif
