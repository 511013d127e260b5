#include "threadpool_wait.hpp"

namespace spawnpipe::platform {
namespace {

constexpr DWORD most_threads = 2;

// The one pool. Constant-initialized and without a destructor: nothing happens before main or at exit.
SRWLOCK pool_lock = SRWLOCK_INIT;
PTP_POOL the_pool = nullptr;
unsigned pool_shares = 0;

// The module this code is in: a DLL that is unloaded while a callback is on its way stays until that has returned.
void* this_module() noexcept {
  HMODULE module = nullptr;
  const auto* const here = reinterpret_cast<const wchar_t*>(&this_module);
  ::GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, here,
                       &module);
  return module;
}

}  // namespace

pool_share pool_share::take() noexcept {
  DWORD code = ERROR_SUCCESS;
  ::AcquireSRWLockExclusive(&pool_lock);
  if (the_pool == nullptr) {
    the_pool = sys::CreateThreadpool(nullptr);
    if (the_pool == nullptr) {
      code = ::GetLastError();
    } else {
      sys::SetThreadpoolThreadMaximum(the_pool, most_threads);
      if (sys::SetThreadpoolThreadMinimum(the_pool, 1) == FALSE) {
        // Without a thread that is kept, a callback could find none when memory is short.
        code = ::GetLastError();
        sys::CloseThreadpool(the_pool);
        the_pool = nullptr;
      }
    }
  }
  if (the_pool != nullptr) ++pool_shares;
  PTP_POOL const pool = the_pool;
  ::ReleaseSRWLockExclusive(&pool_lock);
  if (pool == nullptr) ::SetLastError(code);
  return pool_share(pool);
}

pool_share::~pool_share() {
  if (pool_ == nullptr) return;
  ::AcquireSRWLockExclusive(&pool_lock);
  if (--pool_shares == 0) {
    sys::CloseThreadpool(the_pool);  // does not wait; no callback is left, because no wait object is
    the_pool = nullptr;
  }
  ::ReleaseSRWLockExclusive(&pool_lock);
}

bool threadpool_wait::create(const pool_share& pool, function callback, void* context) noexcept {
  callback_ = callback;
  context_ = context;
  group_ = sys::CreateThreadpoolCleanupGroup();
  if (group_ == nullptr) return false;
  TP_CALLBACK_ENVIRON environment = {};
  ::InitializeThreadpoolEnvironment(&environment);
  ::SetThreadpoolCallbackPool(&environment, pool.get());
  ::SetThreadpoolCallbackLibrary(&environment, this_module());
  ::SetThreadpoolCallbackCleanupGroup(&environment, group_, nullptr);
  wait_ = sys::CreateThreadpoolWait(&threadpool_wait::fired, this, &environment);
  ::DestroyThreadpoolEnvironment(&environment);
  if (wait_ != nullptr) return true;
  const DWORD code = ::GetLastError();
  sys::CloseThreadpoolCleanupGroup(std::exchange(group_, nullptr));
  ::SetLastError(code);
  return false;
}

threadpool_wait::~threadpool_wait() { close(); }

void threadpool_wait::close() noexcept {
  if (wait_ == nullptr) return;
  disarm();
  sys::CloseThreadpoolCleanupGroupMembers(group_, TRUE, nullptr);
  sys::CloseThreadpoolCleanupGroup(std::exchange(group_, nullptr));
  wait_ = nullptr;
}

void threadpool_wait::arm(HANDLE object) noexcept { sys::SetThreadpoolWait(wait_, object, nullptr); }

void threadpool_wait::disarm() noexcept {
  sys::SetThreadpoolWait(wait_, nullptr, nullptr);
  sys::WaitForThreadpoolWaitCallbacks(wait_, TRUE);
}

void CALLBACK threadpool_wait::fired(PTP_CALLBACK_INSTANCE /*instance*/, void* self, PTP_WAIT /*wait*/,
                                     TP_WAIT_RESULT /*result*/) noexcept {
  const auto& owner = *static_cast<threadpool_wait*>(self);
  owner.callback_(owner.context_);
}

}  // namespace spawnpipe::platform
