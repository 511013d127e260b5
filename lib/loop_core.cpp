// Passes, runs, and the end of a loop.
//
// Interleavings that matter here:
// - wake() against a wait: the back end keeps a wake that comes before the wait, so none is lost; one that comes for
//   nothing costs a pass.
// - a handle destroyed on another thread: under remote_mutex_ it is either queued before the owner's end is recorded (the
//   owner, or whoever takes the loop over, finds it), or the destroying thread sees the end and takes the loop over.
// - and against its callback, which the owner has queued already: dispatch_all drops what was destroyed before each callback, under
//   the same lock. So none begins after the destruction has returned; one that runs meanwhile is the user's own race.
// - an object destroyed inside its own callback: dispatch_one holds a reference to it, and to the loop through it.
#include "loop_core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace spawnpipe::detail {
namespace {

using namespace std::chrono_literals;

// One wait of the system is capped, because systems count waits in few bits.
constexpr auto longest_wait = 24h;

}  // namespace

// ---- birth, ownership and end

result<loop_core*> loop_core::open(void* adopt) {
  thread_record* const owner = this_thread().own_record();
  auto core = core_ref<loop_core>::adopt(new loop_core);
  core->adopted_ = adopt != nullptr;
  auto opened = platform::loop_open({.completions = &core->inbox_,
                                     .context = core.get(),
                                     .before_wait = &loop_core::before_wait,
                                     .after_wait = &loop_core::after_wait},
                                    adopt);
  if (!opened) return std::move(opened).error();
  core->os_ = *opened;
  core->set_owner(owner);
  return core.leak();
}

result<loop_core*> loop_core::of_this_thread() {
  loop_core*& mine = this_thread().loop;
  if (mine != nullptr && mine->foreign()) {  // this process is a forked copy: the loop is its parent's
    mine->drop_loop();
    mine = nullptr;
  }
  if (mine == nullptr) {
    auto opened = open(nullptr);
    if (!opened) return std::move(opened).error();
    mine = *opened;
  }
  return mine;
}

loop_core::~loop_core() {
  if (os_ != nullptr) platform::loop_close(os_);
  set_owner(nullptr);
}

void loop_core::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void loop_core::set_owner(thread_record* owner) noexcept {
  if (owner != nullptr) owner->references.fetch_add(1);
  thread_record* const old = owner_.exchange(owner);
  if (old != nullptr) old->release();
}

bool loop_core::owned_here() const noexcept {
  const thread_record* const owner = owner_.load();
  const thread_state* const here = this_thread_if_any();
  return (owner != nullptr && here != nullptr && owner == here->record) || stand_in_.load() == this_thread_mark();
}

bool loop_core::usable_here() const noexcept { return owned_here() && this_thread().telling == 0 && !foreign(); }

// Under the lock.
bool loop_core::has_other_owner() const noexcept {
  const thread_record* const owner = owner_.load();
  return (owner != nullptr && !owner->ended.load()) || stand_in_.load() != nullptr;
}

bool loop_core::take_over() {
  thread_record* const mine = this_thread().own_record();
  const std::scoped_lock lock(remote_mutex_);
  if (owned_here()) return true;
  if (has_other_owner()) return false;
  set_owner(mine);
  return true;
}

result<void> loop_core::release_thread() {
  if (!usable_here()) return error{errc::wrong_thread, stage::loop};
  if (adopted_) return error{errc::not_supported, stage::loop, "an adopted loop"};
  if (dispatching_) return error{errc::would_deadlock, stage::loop};
  for (const object* each = first_; each != nullptr; each = each->next_) {
    if (each->bound_to_thread()) {
      return error{std::make_error_code(std::errc::device_or_resource_busy), stage::loop, "a write is in flight"};
    }
  }
  for (object* each = first_; each != nullptr; each = each->next_) each->unbind();
  set_owner(nullptr);
  return {};
}

result<void> loop_core::acquire_thread() {
  if (foreign() || !take_over()) return error{errc::wrong_thread, stage::loop};
  drop_remote();
  return {};
}

loop_core::claimed loop_core::claim(object* or_queue) noexcept {
  if (owned_here()) return claimed::already;
  // In a forked copy there is nobody else, and whoever held the lock at the fork holds it for ever.
  std::unique_lock lock(remote_mutex_, std::defer_lock);
  if (!foreign()) {
    lock.lock();
    if (has_other_owner()) {
      if (or_queue != nullptr) {
        remote_.push(*or_queue);
        or_queue->release();  // the handle's reference; the queue has its own
        platform::loop_wake(waker());
      }
      return claimed::not_now;
    }
  }
  stand_in_.store(this_thread_mark());
  return claimed::for_now;
}

void loop_core::unclaim(claimed how) noexcept {
  if (how != claimed::for_now) return;
  for (;;) {
    drop_remote();
    std::unique_lock lock(remote_mutex_, std::defer_lock);
    if (!foreign()) lock.lock();
    if (remote_.back() != nullptr) continue;  // GCOVR_EXCL_LINE: came in this very moment, for us who were the owner
    set_owner(nullptr);
    stand_in_.store(nullptr);
    return;
  }
}

void loop_core::drop(object& what) noexcept {
  retain();
  const claimed how = claim(&what);
  if (how != claimed::not_now) drop_now(what);
  unclaim(how);
  release();
}

void loop_core::drop_now(object& what) noexcept {
  retain();
  what.dispose();
  what.release();
  --users_;
  end_if_unused();
  release();
}

void loop_core::drop_remote() noexcept {
  for (;;) {
    object* gone = nullptr;
    {
      std::unique_lock lock(remote_mutex_, std::defer_lock);
      if (!foreign()) lock.lock();
      gone = remote_.pop();
    }
    if (gone == nullptr) return;
    drop_now(*gone);  // releases the queue's reference
  }
}

void loop_core::drop_loop() noexcept {
  handle_gone_ = true;
  on_wake_.clear();
  observers_.end_all();
  retain();
  const claimed how = claim();
  if (how != claimed::not_now) drop_remote();
  --users_;
  end_if_unused();
  unclaim(how);
  release();
  release();  // the handle's own
}

void loop_core::end_if_unused() noexcept {
  // A run that is on the stack ends the loop when it is left. An adopted loop still has its host, who runs what goes on.
  if (users_ > 0 || shut_down_ || running_ || dispatching_) return;
  if (adopted_ && active_ > 0 && !foreign()) return;
  shut_down_ = true;
  retain();
  // Children that were destroyed inside a callback are being stopped: their phases are bounded, so this wait is.
  if (can_pass()) settle([this] { return stopping_ == 0; });
  while (object* const stale = to_prepare_.pop()) stale->release();
  while (object* const stale = to_dispatch_.pop()) stale->release();
  for_each_object([](object& each) { each.shutdown(); });
  release();
}

template <class Function>
void loop_core::for_each_object(Function function) {
  object* each = first_;
  if (each != nullptr) each->retain();
  while (each != nullptr) {
    function(*each);  // may end this object, and others
    object* const next = each->next_;
    if (next != nullptr) next->retain();
    each->release();
    each = next;
  }
}

void loop_core::interrupt_children(int number) {
  for_each_object([number](object& each) { each.interrupted(number); });
}

// ---- one pass

void loop_core::want_prepare(object& what) noexcept {
  to_prepare_.push(what);
  if (adopted_) platform::loop_poke(os_);
}

void loop_core::want_dispatch(object& what) noexcept {
  to_dispatch_.push(what);
  if (adopted_) platform::loop_poke(os_);
}

bool loop_core::prepare_all() {
  bool progress = false;
  const object* const last = to_prepare_.back();  // what comes behind it is for the next pass
  while (object* const next = to_prepare_.pop()) {
    const bool was_last = next == last;
    progress = next->prepare() || progress;
    next->release();
    if (was_last) break;
  }
  return progress;
}

bool loop_core::handle_completions() {
  bool any = false;
  while (platform::completion* const done = inbox_.pop()) {
    done->handle(done->owner);
    any = true;
  }
  return any;
}

// Nothing in here allocates, or what does has an answer where there is no memory.
void loop_core::pass(platform::time_point until, platform::completion* hint) noexcept {
  retain();
  // What is dropped in here must not pass again: what the outer one waits for could come in the inner one, unseen.
  passing_ = true;
  drop_remote();
  const bool progress = prepare_all();
  platform::time_point limit = until;
  if (progress || !inbox_.empty()) {
    limit = platform::time_point::min();
  } else {
    if (!timers_.empty()) limit = std::min(limit, timers_.begin()->first.time());
    if (limit != platform::time_point::min() && limit != platform::time_point::max()) {
      const platform::time_point now = platform::clock_now();
      if (limit > now && limit - now > longest_wait) limit = now + longest_wait;
    }
  }
  const bool woken = platform::loop_wait(os_, limit, hint);
  handle_completions();
  if (!timers_.empty()) timer::fire_due(timers_, platform::clock_now());
  if (woken) {
    drop_remote();
    for_each_object([](object& each) { each.woken(); });
  }
  passing_ = false;
  release();
}

// ---- callbacks

// While a user's callback is on the stack.
class loop_core::callback_scope {
 public:
  explicit callback_scope(loop_core& loop) noexcept : loop_(loop) {
    loop_.dispatching_ = true;
    ++this_thread().callbacks;
  }
  callback_scope(const callback_scope&) = delete;
  callback_scope& operator=(const callback_scope&) = delete;
  ~callback_scope() {
    --this_thread().callbacks;
    loop_.dispatching_ = false;
  }

 private:
  loop_core& loop_;
};

bool loop_core::can_wait() const noexcept {
  const thread_state* const here = this_thread_if_any();
  return (here == nullptr || here->callbacks == 0) && can_pass();
}

void loop_core::dispatch_one(object& what) {
  const core_ref<object> kept = core_ref<object>::adopt(&what);
  const callback_scope inside(*this);
  what.dispatch();
}

void loop_core::dispatch_all() {
  const object* const last = to_dispatch_.back();
  while (object* const next = to_dispatch_.pop()) {
    const bool was_last = next == last;
    // Whoever was destroyed elsewhere before now is not called any more: its callback would be given a handle that is gone.
    passing_ = true;  // and what is dropped does not pass, as in pass()
    drop_remote();
    passing_ = false;
    dispatch_one(*next);
    if (was_last || stop_requested_ || handle_gone_) break;
  }
}

void loop_core::call_on_wake() {
  if (!wake_requested_.exchange(false) || !on_wake_) return;
  const callback_scope inside(*this);
  on_wake_.call();
}

void loop_core::wake() noexcept {
  if (foreign()) return;
  wake_requested_.store(true);
  platform::loop_wake(waker());
}

result<void> loop_core::run(deadline until, const cancellation& cancel) {
  if (!usable_here()) return error{errc::wrong_thread, stage::loop};
  if (adopted_ || running_ || this_thread().callbacks > 0) return error{errc::would_deadlock, stage::loop};
  retain();
  struct scope {
    loop_core& core;
    ~scope() {
      core.running_ = false;
      core.end_if_unused();
      core.release();
    }
  } const inside{(running_ = true, *this)};
  const interruption watch(cancel, waker());
  for (bool passed = false;; passed = true) {
    if (!cancel.requested()) {
      call_on_wake();
      dispatch_all();
    }
    if (handle_gone_ || cancel.requested()) return error{errc::cancelled, stage::loop};
    if (std::exchange(stop_requested_, false)) return {};
    if (passed) {
      if (active_ == 0 && to_dispatch_.empty()) return {};
      if (until.passed()) return error{errc::timed_out, stage::loop};
    }
    if (foreign()) return error{errc::wrong_thread, stage::loop};  // a callback has forked, and this is the copy
    const bool wait_not = active_ == 0 || !to_dispatch_.empty();
    pass(wait_not ? platform::time_point::min() : until.time(), nullptr);
  }
}

deadline loop_core::next_deadline() {
  if (usable_here() && can_wait()) glance();
  // The glance may have taken a wake, of which the descriptor then tells no more.
  const bool woken = wake_requested_.load() && on_wake_;
  if (woken || !to_dispatch_.empty() || !to_prepare_.empty() || !inbox_.empty()) return deadline::now();
  return timers_.empty() ? deadline::never() : timers_.begin()->first;
}

// ---- a loop that the host runs

platform::time_point loop_core::before_wait(void* context) {
  const core_ref<loop_core> core(static_cast<loop_core*>(context));  // what is dropped may be the last user
  core->drop_remote();
  const bool progress = core->prepare_all();
  if (progress || !core->inbox_.empty() || !core->to_dispatch_.empty()) return platform::time_point::min();
  return core->timers_.empty() ? platform::time_point::max() : core->timers_.begin()->first.time();
}

void loop_core::after_wait(void* context, bool woken) {
  auto& core = *static_cast<loop_core*>(context);
  core.retain();
  core.handle_completions();
  if (!core.timers_.empty()) timer::fire_due(core.timers_, platform::clock_now());
  if (woken) {
    core.drop_remote();
    core.for_each_object([](object& each) { each.woken(); });
  }
  core.call_on_wake();
  core.dispatch_all();
  if (!core.to_dispatch_.empty() || !core.to_prepare_.empty()) platform::loop_poke(core.os_);
  core.end_if_unused();
  core.release();
}

}  // namespace spawnpipe::detail
