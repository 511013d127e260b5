// Thread pools of the fake system, on real threads. A wait fires once for each arming; disarming it does not recall a callback that is on
// its way; closing it with one under way, waiting for callbacks inside one or with a lock held, is misuse and said.
#include "fake_kernel.hpp"

#include <algorithm>
#include <utility>

namespace fake {
namespace {

// Longer than any callback of a case lasts.
constexpr std::chrono::milliseconds for_ever = 15s;

void work(TP_POOL* pool) {
  kernel& system = the_kernel();
  std::unique_lock hold(system.lock);
  for (;;) {
    const auto something = [&] { return pool->closed || (!pool->due.empty() && !system.hold_callbacks); };
    while (!await("is idle", hold, something, for_ever)) continue;
    if (pool->due.empty()) return;
    TP_WAIT* const wait = pool->due.front();
    pool->due.pop_front();
    if (!system.waits.contains(wait)) {
      report_misuse("a callback comes after its wait was closed");
      continue;
    }
    ++wait->running;
    ++pool->busy;
    ++system.callbacks_running;
    const PTP_WAIT_CALLBACK callback = wait->callback;
    hold.unlock();
    {
      this_thread().callback = wait;
      const entry in(call::callback);
      callback(nullptr, wait->context, wait, WAIT_OBJECT_0);
      if (this_thread().locks != 0) report_misuse("a callback returned with a lock held");
    }
    this_thread().callback = nullptr;
    hold.lock();
    --wait->running;
    --pool->busy;
    --system.callbacks_running;
    system.changed.notify_all();
  }
}

void make_due(TP_WAIT* wait) {
  TP_POOL* const pool = wait->pool;
  pool->due.push_back(wait);
  if (pool->threads < pool->most && pool->threads < pool->due.size() + pool->busy) {
    ++pool->threads;
    if (schedule::on()) {
      schedule::beside("pool", [pool] { work(pool); });
    } else {
      the_kernel().workers.emplace_back(work, pool);
    }
  }
  the_kernel().changed.notify_all();
}

bool is_due(const TP_WAIT* wait) { return std::ranges::count(wait->pool->due, wait) > 0; }
void recall(TP_WAIT* wait) { std::erase(wait->pool->due, wait); }

// False where it is none, or closed.
bool check(TP_WAIT* wait, const char* caller) {
  if (the_kernel().waits.contains(wait)) return true;
  report_misuse(std::string(caller) + (wait == nullptr ? ": a NULL wait object" : ": a wait object that is not open"));
  return false;
}

// Until no callback of it runs.
void await_callbacks(TP_WAIT* wait, std::unique_lock<std::mutex>& hold) {
  kernel& system = the_kernel();
  ++system.waiting_for_callbacks;
  system.changed.notify_all();
  if (!await(
          "waits for callbacks", hold, [&] { return wait->running == 0; }, for_ever)) {
    report_misuse("a wait for callbacks that never ended");
  }
  --system.waiting_for_callbacks;
}

}  // namespace

void signal(const std::shared_ptr<object>& what) {
  what->signalled = true;
  the_kernel().changed.notify_all();
  for (TP_WAIT* const each : the_kernel().waits) {
    if (each->armed == what) {
      each->armed = nullptr;
      make_due(each);
    }
  }
}

void event_closed(const object& event) {
  for (const TP_WAIT* each : the_kernel().waits) {
    if (each->armed.get() == &event) report_misuse("CloseHandle: a wait is armed with the event");
  }
  for (const auto& [at, pipe] : the_kernel().in_flight) {
    if (pipe->pending && pipe->pending->event.get() == &event) {
      report_misuse("CloseHandle: the event of an operation in flight");
    }
  }
}

}  // namespace fake

using fake::call;
using fake::entry;
using fake::the_kernel;

void InitializeThreadpoolEnvironment(TP_CALLBACK_ENVIRON* environment) { *environment = {}; }
void SetThreadpoolCallbackPool(TP_CALLBACK_ENVIRON* environment, PTP_POOL pool) { environment->Pool = pool; }
void SetThreadpoolCallbackLibrary(TP_CALLBACK_ENVIRON* environment, void* module) { environment->RaceDll = module; }
void SetThreadpoolCallbackCleanupGroup(TP_CALLBACK_ENVIRON* environment, PTP_CLEANUP_GROUP group,
                                       PTP_CLEANUP_GROUP_CANCEL_CALLBACK /*cancelled*/) {
  environment->CleanupGroup = group;
}
void DestroyThreadpoolEnvironment(TP_CALLBACK_ENVIRON* environment) { *environment = {}; }
BOOL GetModuleHandleExW(DWORD /*flags*/, const wchar_t* /*address*/, HMODULE* module) {
  static char here = 0;
  *module = &here;
  return TRUE;
}

PTP_POOL CreateThreadpool(void* /*reserved*/) {
  const entry in(call::CreateThreadpool);
  if (in.fails()) return nullptr;
  const std::lock_guard hold(the_kernel().lock);
  auto made = std::make_unique<TP_POOL>();
  the_kernel().pools.insert(made.get());
  the_kernel().old_pools.push_back(std::move(made));  // its memory stays until reset
  return the_kernel().old_pools.back().get();
}

void SetThreadpoolThreadMaximum(PTP_POOL pool, DWORD most) {
  const std::lock_guard hold(the_kernel().lock);
  pool->most = most;
}

BOOL SetThreadpoolThreadMinimum(PTP_POOL /*pool*/, DWORD /*least*/) {
  const entry in(call::SetThreadpoolThreadMinimum);
  return in.fails() ? FALSE : TRUE;
}

void CloseThreadpool(PTP_POOL pool) {
  const entry in(call::CloseThreadpool);
  const std::lock_guard hold(the_kernel().lock);
  if (the_kernel().pools.erase(pool) == 0) return fake::report_misuse("CloseThreadpool: not open");
  for (const TP_WAIT* each : the_kernel().waits) {
    if (each->pool == pool) fake::report_misuse("CloseThreadpool: it has wait objects");
  }
  pool->closed = true;
  the_kernel().changed.notify_all();
}

PTP_WAIT CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, void* context, TP_CALLBACK_ENVIRON* environment) {
  const entry in(call::CreateThreadpoolWait);
  if (in.fails()) return nullptr;
  const std::lock_guard hold(the_kernel().lock);
  if (environment == nullptr || !the_kernel().pools.contains(environment->Pool)) {
    fake::report_misuse("CreateThreadpoolWait: not in a pool that is open, but in the process's own");
    return nullptr;
  }
  if (environment->RaceDll == nullptr) fake::report_misuse("CreateThreadpoolWait: the module is not held");
  if (!the_kernel().groups.contains(environment->CleanupGroup)) {
    fake::report_misuse("CreateThreadpoolWait: not in a group, so that a callback could come after its close");
    return nullptr;
  }
  auto made = std::make_unique<TP_WAIT>();
  made->group = environment->CleanupGroup;
  made->callback = callback;
  made->context = context;
  made->pool = environment->Pool;
  the_kernel().waits.insert(made.get());
  the_kernel().old_waits.push_back(std::move(made));
  return the_kernel().old_waits.back().get();
}

void SetThreadpoolWait(PTP_WAIT wait, HANDLE handle, FILETIME* /*timeout*/) {
  const entry in(call::SetThreadpoolWait);
  const std::lock_guard hold(the_kernel().lock);
  if (!fake::check(wait, "SetThreadpoolWait")) return;
  if (wait->disarming) fake::report_misuse("SetThreadpoolWait: disarmed, and not waited for callbacks since");
  wait->armed = nullptr;
  wait->disarming = handle == nullptr;
  if (handle == nullptr) return;
  const auto what = fake::find(handle, "SetThreadpoolWait");
  if (!what) return;
  if (what->resets_itself) fake::report_misuse("SetThreadpoolWait: an event that resets itself");
  if (what->signalled) {
    fake::make_due(wait);
  } else {
    wait->armed = what;
  }
}

void WaitForThreadpoolWaitCallbacks(PTP_WAIT wait, BOOL cancel) {
  const entry in(call::WaitForThreadpoolWaitCallbacks);
  if (fake::this_thread().callback != nullptr) return fake::report_misuse("a wait for callbacks inside a callback");
  if (fake::this_thread().locks > 0) fake::report_misuse("a wait for callbacks while a lock is held");
  std::unique_lock hold(the_kernel().lock);
  if (!fake::check(wait, "WaitForThreadpoolWaitCallbacks")) return;
  wait->disarming = false;
  if (the_kernel().late_callbacks) return;
  if (cancel == FALSE) fake::report_misuse("WaitForThreadpoolWaitCallbacks: callbacks that are due are not recalled");
  fake::recall(wait);
  fake::await_callbacks(wait, hold);
}

// What is due still comes. The library closes the group instead; this is for showing why.
void CloseThreadpoolWait(PTP_WAIT wait) {
  const std::lock_guard hold(the_kernel().lock);
  if (fake::check(wait, "CloseThreadpoolWait")) the_kernel().waits.erase(wait);
}

PTP_CLEANUP_GROUP CreateThreadpoolCleanupGroup() {
  const entry in(call::CreateThreadpoolCleanupGroup);
  if (in.fails()) return nullptr;
  const std::lock_guard hold(the_kernel().lock);
  auto made = std::make_unique<TP_CLEANUP_GROUP>();
  the_kernel().groups.insert(made.get());
  the_kernel().old_groups.push_back(std::move(made));
  return the_kernel().old_groups.back().get();
}

void CloseThreadpoolCleanupGroupMembers(PTP_CLEANUP_GROUP group, BOOL cancel, void* /*context*/) {
  constexpr auto name = "CloseThreadpoolCleanupGroupMembers";
  const entry in(call::CloseThreadpoolCleanupGroupMembers);
  if (fake::this_thread().callback != nullptr) return fake::report_misuse("a group is closed inside a callback");
  if (fake::this_thread().locks > 0) fake::report_misuse("a group is closed while a lock is held");
  std::unique_lock hold(the_kernel().lock);
  if (!the_kernel().groups.contains(group)) return fake::report_misuse(std::string(name) + ": not open");
  if (cancel == FALSE) fake::report_misuse(std::string(name) + ": callbacks that are due are not recalled");
  const auto members = the_kernel().waits;
  for (TP_WAIT* const wait : members) {
    if (wait->group != group) continue;
    if (wait->armed) fake::report_misuse(std::string(name) + ": a wait is armed");
    if (wait->disarming) {
      fake::report_misuse(std::string(name) + ": a wait was disarmed, and not waited for callbacks since");
    }
    if (!the_kernel().late_callbacks && wait->running > 0) {
      fake::report_misuse(std::string(name) + ": a callback of a wait runs");
    }
    if (!the_kernel().late_callbacks && fake::is_due(wait)) {
      fake::report_misuse(std::string(name) + ": a callback of a wait is due");
    }
    fake::recall(wait);
    fake::await_callbacks(wait, hold);
    the_kernel().waits.erase(wait);
  }
}

void CloseThreadpoolCleanupGroup(PTP_CLEANUP_GROUP group) {
  const entry in(call::CloseThreadpoolCleanupGroup);
  const std::lock_guard hold(the_kernel().lock);
  if (the_kernel().groups.erase(group) == 0) return fake::report_misuse("CloseThreadpoolCleanupGroup: not open");
  for (const TP_WAIT* each : the_kernel().waits) {
    if (each->group == group) fake::report_misuse("CloseThreadpoolCleanupGroup: it has wait objects");
  }
}
