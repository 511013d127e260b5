// The loop: a completion queue that threads of the pool fill, and one event to wait on.
#include "loop.hpp"

#include "error.hpp"

#include <new>
#include <utility>

namespace spawnpipe::platform {

result<loop*> loop_open(const loop_client& client, void* adopt) {
  if (adopt != nullptr) return error{errc::not_supported, stage::loop, "there is no loop to adopt on Windows"};
  auto pool = pool_share::take();
  if (!pool) return last_error(stage::loop, "thread pool");
  auto* const wake = new (std::nothrow) waker;
  auto* const self = new (std::nothrow) loop(client, std::move(pool));
  if (wake == nullptr || self == nullptr) {
    delete wake;
    delete self;
    return system_error(ERROR_NOT_ENOUGH_MEMORY, stage::loop);
  }
  if (!self->queue.create()) {
    error failure = last_error(stage::loop, "event");
    delete wake;
    delete self;
    return failure;
  }
  wake->target.store(&self->queue);
  self->wake = wake;
  return self;
}

void loop_close(loop* self) noexcept {
  self->wake->target.store(nullptr);
  while (self->wake->inside.load() != 0) ::SwitchToThread();
  waker_release(self->wake);
  delete self;
}

bool loop_wait(loop* self, time_point until, completion* hint) noexcept {
  const bool waits = until > clock_now();
  awaited* direct = nullptr;
  for (awaited* each = self->first_awaited; each != nullptr; each = each->next_awaited()) {
    if (hint != nullptr && each->hint() == hint) {
      direct = each;
    } else if (waits || self->host_waits || !each->known_from_memory()) {
      each->arm();
    }
  }
  self->queue.wait(direct != nullptr ? direct->object() : nullptr, until);
  const bool woken = self->queue.take_all();
  if (direct != nullptr) direct->look();
  if (waits) return woken;
  // What is there now is taken now. Of objects that have to be asked, a few: where there are more, the pool tells a moment later.
  int questions = 64;
  for (awaited *each = self->first_awaited, *next = nullptr; each != nullptr; each = next) {
    next = each->next_awaited();
    if (each->known_from_memory() || questions-- > 0) each->look();
  }
  return woken;
}

void loop_poke(loop* /*self*/) noexcept {}  // there are no adopted loops

native_handle loop_native(const loop* self) noexcept {
  self->host_waits = true;
  return native_handle{reinterpret_cast<std::intptr_t>(self->queue.native())};
}

std::uint64_t process_identity() noexcept { return 1; }

bool loop_foreign(const loop* /*self*/) noexcept { return false; }  // there is no fork

waker* loop_waker(loop* self) noexcept { return self->wake; }

void waker_retain(waker* self) noexcept { self->references.fetch_add(1); }

void waker_release(waker* self) noexcept {
  if (self->references.fetch_sub(1) == 1) delete self;
}

void loop_wake(waker* self) noexcept {
  self->inside.fetch_add(1);
  if (completion_queue* const target = self->target.load(); target != nullptr) target->wake();
  self->inside.fetch_sub(1);
}

}  // namespace spawnpipe::platform
