// The simulated loop: a wait delivers what the script has made ready, runs the script's actions, and lets the clock
// jump to what comes first. A wait that nothing can end is noted as a deadlock, and everything is ended to get out of
// it.
#include "state.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace spawnpipe::platform {

using simulated::action;
using simulated::here;
using simulated::lock_state;

namespace {

constexpr int most_long_waits = 20'000;    // in a row, without any event
constexpr int most_short_waits = 200'000;  // the same, for passes that do not wait
constexpr std::chrono::hours long_wait{1};

void pass_time(time_point to) noexcept {
  auto& clock = here().clock;
  if (to > clock.load()) clock.store(to);
}

// In real time, for a test with a second thread; bounded by what a starved machine may take.
bool woken_by_another_thread(waker& wake) {
  const auto began = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - began < std::chrono::minutes(1)) {
    if (wake.woken.load()) return true;
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  return false;
}

}  // namespace

time_point clock_now() noexcept { return here().clock.load(); }

result<loop*> loop_open(const loop_client& client, void* adopt) {
  const auto lock = lock_state();
  auto& state = here();
  if (auto failure = std::exchange(state.loop_error, std::nullopt)) return *failure;
  if (client.completions == nullptr) state.wrong("loop_open: no inbox");
  auto* self = new loop;
  self->client = client;
  self->wake = new waker;
  self->generation = self->wake->generation = state.generation;
  self->native.value = 100 + static_cast<std::intptr_t>(state.loops.size());
  ++state.wakers;
  state.loops.insert(self);
  if (adopt != nullptr) self->attach(*static_cast<simulated::host*>(adopt));
  return self;
}

void loop_close(loop* self) noexcept {
  const auto lock = lock_state();
  auto& state = here();
  if (self->generation != state.generation) {  // from before a reset
    waker_release(self->wake);
    return;
  }
  if (state.loops.erase(self) == 0) return state.wrong("loop_close: closed already");
  for (const auto* pipe : state.streams) {
    if (pipe->owner == self) state.wrong(std::string("loop_close: stream is open: ") + pipe->name);
  }
  for (const auto* child : state.processes) {
    if (child->owner == self) state.wrong("loop_close: process is not released");
  }
  self->detach();
  self->wake->gone = true;
  waker_release(std::exchange(self->wake, nullptr));
  state.graveyard.push_back(std::shared_ptr<loop>(self));
}

bool loop_wait(loop* self, time_point until, completion* hint) noexcept {
  if (self->host != nullptr) {
    const auto lock = lock_state();
    here().wrong("loop_wait: the host runs this loop");
    return true;
  }
  return self->wait(until, hint, false);
}

void loop_poke(loop* self) noexcept {
  const auto lock = lock_state();
  if (!here().loops.contains(self)) return here().wrong("loop_poke: loop is closed");
  self->poke();
}

native_handle loop_native(const loop* self) noexcept { return self->native; }

bool loop_foreign(const loop* /*self*/) noexcept { return here().foreign; }

std::uint64_t process_identity() noexcept { return here().foreign ? 2 : 1; }

waker* loop_waker(loop* self) noexcept { return self->wake; }

void waker_retain(waker* self) noexcept { ++self->references; }

void waker_release(waker* self) noexcept {
  if (--self->references != 0) return;
  auto& state = here();
  if (self->generation == state.generation) --state.wakers;
  delete self;
}

void loop_wake(waker* self) noexcept {
  if (self->gone) return;
  self->woken = true;
}

void loop::detach() noexcept {
  if (host != nullptr) host->loop_ = nullptr;
  host = nullptr;
}

void loop::poke() noexcept {
  if (host == nullptr) return;
  host->poked_ = true;
  ++host->pokes_;
}

bool loop::deliver() {
  for (const auto& [pipe, child] : std::exchange(ready, {})) {
    if (pipe != nullptr) {
      pipe->end().ready_ = false;
      pipe->complete();
    } else {
      child->complete();
    }
  }
  return !client.completions->empty();
}

bool loop::wait(time_point until, const completion* hint, bool by_host) {
  auto lock = lock_state();
  auto& state = here();
  if (!state.loops.contains(this)) {
    state.wrong("loop_wait: loop is closed");
    return true;
  }
  if (state.foreign) state.wrong("loop_wait: in a forked copy");
  auto& mine = state.mine();
  const auto run = [&](const action& what) {
    lock.unlock();
    what();
    lock.lock();
  };
  const auto now = [&] { return state.clock.load(); };

  const time_point began = now();
  bool fruitful = false;
  bool woken = false;
  for (const auto& what : std::exchange(mine.at_next_wait, {})) run(what);
  for (;;) {
    while (!mine.timed.empty() && mine.timed.begin()->first <= now())
      run(mine.timed.extract(mine.timed.begin()).mapped());
    const bool filled = deliver();
    woken = wake->woken.exchange(false);
    fruitful = filled || woken || std::exchange(mine.return_now, false);
    if (fruitful || until <= now()) break;
    if (mine.spurious > 0) {
      --mine.spurious;
      break;
    }
    if (!mine.when_idle.empty()) {
      const action what = std::move(mine.when_idle.front());
      mine.when_idle.pop_front();
      run(what);
      continue;
    }
    if (!mine.timed.empty() && mine.timed.begin()->first <= until) {
      pass_time(mine.timed.begin()->first);
      continue;
    }
    if (state.wait_for_wake && until - now() > long_wait) {
      lock.unlock();
      const bool came = woken_by_another_thread(*wake);
      lock.lock();
      if (came) continue;
    }
    if (until == time_point::max()) {
      if (by_host) break;
      rescue();
      continue;
    }
    if (!mine.early.empty()) {
      pass_time(until - mine.early.front());
      mine.early.pop_front();
    } else {
      pass_time(until + state.late);
    }
    break;
  }

  if (fruitful) {
    mine.fruitless_long = mine.fruitless_short = 0;
  } else if (!by_host && (until > began && until - began > long_wait ? ++mine.fruitless_long > most_long_waits
                                                                     : ++mine.fruitless_short > most_short_waits)) {
    mine.fruitless_long = mine.fruitless_short = 0;
    rescue();
    deliver();
  }
  state.waits.push_back({.began = began, .until = until, .hint = hint, .returned = now()});
  return woken;
}

void loop::rescue() {
  auto& state = here();
  if (++state.deadlocks > 100) {
    std::fputs("simulated back end: deadlock upon deadlock, giving up\n", stderr);
    std::abort();
  }
  const auto streams = state.streams;
  for (const auto* pipe : streams) {
    if (pipe->owner == this) const_cast<stream*>(pipe)->abandon();
  }
  const auto processes = state.processes;
  for (const auto* child : processes) {
    if (child->owner == this && !child->child->exited()) child->child->exit(exit_status{});
  }
  wake->woken = true;
}

}  // namespace spawnpipe::platform

namespace spawnpipe::simulated {

host::~host() {
  const auto lock = lock_state();
  if (loop_ != nullptr) here().wrong("host: its loop is closed with ours still in it");
  if (loop_ != nullptr) loop_->detach();
}

bool host::turn() { return turn(true); }
bool host::turn_now() { return turn(false); }

bool host::turn(bool wait) {
  auto* const loop = loop_;
  if (loop == nullptr) return false;
  const auto client = loop->client;
  const time_point until = client.before_wait(client.context);
  if (loop_ == nullptr) return false;
  const bool poked = std::exchange(poked_, false);
  const bool woken = loop->wait(wait && !poked ? until : time_point::min(), nullptr, true);
  if (const action between = std::exchange(in_next_turn_, {})) between();
  if (loop_ == nullptr) return false;
  client.after_wait(client.context, woken);
  return loop_ != nullptr;
}

void host::in_next_turn(action what) { in_next_turn_ = std::move(what); }
int host::pokes() const { return pokes_; }

}  // namespace spawnpipe::simulated
