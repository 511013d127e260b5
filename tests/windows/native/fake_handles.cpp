// Handles, events, waits for objects, processes and jobs of the fake system. A handle's number is used once, so that a closed one is
// known for what it is.
#include <bcrypt.h>

#include "fake_kernel.hpp"

#include <algorithm>
#include <random>

namespace fake {

kernel& the_kernel() {
  static kernel one;
  return one;
}

thread_doings& this_thread() {
  if (schedule::on()) return schedule::doings();
  static thread_local thread_doings mine;
  return mine;
}

namespace {

// A wait that is longer than any case waits.
constexpr std::chrono::milliseconds for_ever = 60s;

void end_process(const std::shared_ptr<object>& process, DWORD code) {
  if (process->signalled) return;
  process->code = code;
  signal(process);
}

void end_all_in(object& job, DWORD code) {
  for (const auto& each : job.inside) {
    if (const auto process = each.lock()) end_process(process, code);
  }
}

HANDLE add_new(kind what) {
  auto made = std::make_shared<object>();
  made->what = what;
  return add(std::move(made));
}

// Waits for any of them; the index of the first that is signalled.
DWORD wait_any(const std::vector<HANDLE>& handles, DWORD milliseconds) {
  kernel& system = the_kernel();
  std::unique_lock hold(system.lock);
  std::vector<std::shared_ptr<object>> objects;
  for (const HANDLE each : handles) {
    objects.push_back(find(each, "a wait for an object"));
    if (!objects.back()) {
      ::SetLastError(ERROR_INVALID_HANDLE);
      return WAIT_FAILED;
    }
  }
  if (milliseconds != 0 && this_thread().locks > 0) report_misuse("a wait for an object while a lock is held");
  const auto first = [&] {
    return std::ranges::find_if(objects, [](const auto& each) { return each->signalled; }) - objects.begin();
  };
  const auto any = [&] { return first() < static_cast<std::ptrdiff_t>(objects.size()); };
  const auto most = milliseconds == INFINITE ? for_ever : std::chrono::milliseconds(milliseconds);
  ++system.waiting;
  for (const auto& each : objects) {
    if (++each->waiters > 1 && each->resets_itself)
      report_misuse("two wait for an event that only one of them will see");
  }
  if (milliseconds != 0) await("waits", hold, any, most, milliseconds != INFINITE);
  for (const auto& each : objects) --each->waiters;
  --system.waiting;
  if (!any()) return WAIT_TIMEOUT;
  object& seen = *objects[static_cast<std::size_t>(first())];
  const auto index = static_cast<DWORD>(first());
  if (seen.resets_itself) seen.signalled = false;
  return WAIT_OBJECT_0 + index;
}

}  // namespace

bool await(const char* what, std::unique_lock<std::mutex>& hold, const std::function<bool()>& holds,
           std::chrono::milliseconds most, bool bounded) {
  if (!schedule::on()) return the_kernel().changed.wait_for(hold, most, holds);
  hold.unlock();
  const bool held = schedule::wait(what, holds, bounded);
  hold.lock();
  return held;
}

BOOL refused(DWORD code) {
  this_thread().last_error = code;
  return FALSE;
}

std::shared_ptr<object> find(HANDLE handle, const char* caller) {
  const auto found = the_kernel().handles.find(handle);
  if (found != the_kernel().handles.end()) return found->second;
  report_misuse(std::string(caller) + (handle == nullptr ? ": a NULL handle" : ": a handle that is not open"));
  return nullptr;
}

HANDLE add(std::shared_ptr<object> what) {
  auto* const handle = reinterpret_cast<HANDLE>(the_kernel().next_handle);
  the_kernel().next_handle += 4;
  the_kernel().handles.emplace(handle, std::move(what));
  this_thread().last_opened = handle;
  return handle;
}

HANDLE last_handle() { return this_thread().last_opened; }

bool is_set(HANDLE event) {
  const std::lock_guard hold(the_kernel().lock);
  const auto found = find(event, "a case");
  return found && found->signalled;
}

HANDLE new_process(HANDLE job) {
  const std::lock_guard hold(the_kernel().lock);
  HANDLE const made = add_new(kind::process);
  if (const auto around = job == nullptr ? nullptr : find(job, "new_process")) {
    around->inside.push_back(the_kernel().handles[made]);
  }
  return made;
}

void exit_process(HANDLE process, DWORD code) {
  const std::lock_guard hold(the_kernel().lock);
  if (const auto found = find(process, "exit_process")) end_process(found, code);
}

}  // namespace fake

using fake::call;
using fake::entry;
using fake::the_kernel;

DWORD GetLastError() noexcept { return fake::this_thread().last_error; }
void SetLastError(DWORD code) noexcept { fake::this_thread().last_error = code; }
BOOL SwitchToThread() {
  if (fake::schedule::on()) {
    fake::schedule::yield();
    return TRUE;
  }
  std::this_thread::yield();
  return TRUE;
}
DWORD GetCurrentProcessId() { return 4711; }

// The mark of a held lock is for this thread's own waits.
void AcquireSRWLockExclusive(SRWLOCK* lock) {
  if (fake::schedule::on())
    static_cast<void>(fake::schedule::wait(
        "lock", [lock] { return !lock->held; }, false));
  lock->mutex.lock();
  lock->held = true;
  ++fake::this_thread().locks;
}
void ReleaseSRWLockExclusive(SRWLOCK* lock) {
  --fake::this_thread().locks;
  lock->held = false;
  lock->mutex.unlock();
  fake::schedule::point("unlock");
}

LONG BCryptGenRandom(BCRYPT_ALG_HANDLE /*algorithm*/, UCHAR* into, ULONG size, ULONG /*flags*/) {
  const entry in(call::BCryptGenRandom);
  if (in.fails()) return -1;
  std::random_device source;
  for (ULONG i = 0; i < size; ++i) into[i] = static_cast<UCHAR>(source());
  return 0;
}

HANDLE CreateEventW(SECURITY_ATTRIBUTES* /*security*/, BOOL manual, BOOL set, const wchar_t* /*name*/) {
  const entry in(call::CreateEventW);
  if (in.fails()) return nullptr;
  const std::lock_guard hold(the_kernel().lock);
  HANDLE const made = fake::add_new(fake::kind::event);
  the_kernel().handles[made]->signalled = set != FALSE;
  the_kernel().handles[made]->resets_itself = manual == FALSE;
  return made;
}

BOOL SetEvent(HANDLE event) {
  const entry in(call::SetEvent);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(event, "SetEvent");
  if (!found) return fake::refused(ERROR_INVALID_HANDLE);
  fake::signal(found);
  return TRUE;
}

BOOL ResetEvent(HANDLE event) {
  const entry in(call::ResetEvent);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(event, "ResetEvent");
  if (!found) return fake::refused(ERROR_INVALID_HANDLE);
  found->signalled = false;
  return TRUE;
}

BOOL CloseHandle(HANDLE handle) {
  const entry in(call::CloseHandle);
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(handle, "CloseHandle");
  if (!found) return fake::refused(ERROR_INVALID_HANDLE);
  if (found->waiters > 0) fake::report_misuse("CloseHandle: somebody waits for it");
  the_kernel().handles.erase(handle);
  if (found->pipe) fake::pipe_end_closed(*found->pipe, found->what);
  if (found->what == fake::kind::event) fake::event_closed(*found);
  if (found->what == fake::kind::job && found->kill_on_close) fake::end_all_in(*found, 0);
  return TRUE;
}

DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds) {
  const entry in(call::WaitForSingleObject);
  if (in.fails()) return WAIT_FAILED;
  return fake::wait_any({handle}, milliseconds);
}

DWORD WaitForMultipleObjects(DWORD count, const HANDLE* handles, BOOL /*all*/, DWORD milliseconds) {
  const entry in(call::WaitForMultipleObjects);
  if (in.fails()) return WAIT_FAILED;
  return fake::wait_any({handles, handles + count}, milliseconds);
}

HANDLE CreateJobObjectW(SECURITY_ATTRIBUTES* /*security*/, const wchar_t* /*name*/) {
  const entry in(call::CreateJobObjectW);
  if (in.fails()) return nullptr;
  const std::lock_guard hold(the_kernel().lock);
  return fake::add_new(fake::kind::job);
}

BOOL SetInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS /*what*/, void* from, DWORD /*size*/) {
  const entry in(call::SetInformationJobObject);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(job, "SetInformationJobObject");
  if (!found) return FALSE;
  const auto& limits = *static_cast<const JOBOBJECT_EXTENDED_LIMIT_INFORMATION*>(from);
  found->kill_on_close = (limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE) != 0;
  return TRUE;
}

BOOL QueryInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS what, void* into, DWORD /*size*/, DWORD* /*needed*/) {
  const entry in(call::QueryInformationJobObject);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(job, "QueryInformationJobObject");
  if (!found) return FALSE;
  DWORD alive = 0;
  for (const auto& each : found->inside) {
    const auto process = each.lock();
    alive += process && !process->signalled ? 1 : 0;
  }
  if (what == JobObjectBasicAccountingInformation) {
    static_cast<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION*>(into)->ActiveProcesses = alive + the_kernel().ghosts;
  } else if (what == JobObjectBasicProcessIdList) {
    if (alive > 1) return fake::refused(ERROR_MORE_DATA);
    *static_cast<JOBOBJECT_BASIC_PROCESS_ID_LIST*>(into) = {alive, alive, {1}};
  }
  return TRUE;
}

BOOL GetProcessTimes(HANDLE /*process*/, FILETIME* /*created*/, FILETIME* /*ended*/, FILETIME* /*system*/,
                     FILETIME* /*user*/) {
  return TRUE;
}

BOOL GetProcessMemoryInfo(HANDLE /*process*/, PROCESS_MEMORY_COUNTERS* /*into*/, DWORD /*size*/) { return TRUE; }

BOOL TerminateJobObject(HANDLE job, UINT code) {
  const entry in(call::TerminateJobObject);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(job, "TerminateJobObject");
  if (found) fake::end_all_in(*found, code);
  return found ? TRUE : FALSE;
}

BOOL TerminateProcess(HANDLE process, UINT code) {
  const entry in(call::TerminateProcess);
  if (in.fails()) return FALSE;
  fake::exit_process(process, code);
  return TRUE;
}

BOOL GetExitCodeProcess(HANDLE process, DWORD* code) {
  const entry in(call::GetExitCodeProcess);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find(process, "GetExitCodeProcess");
  if (!found) return FALSE;
  constexpr DWORD still_active = 259;
  *code = found->signalled ? found->code : still_active;
  return TRUE;
}

BOOL GenerateConsoleCtrlEvent(DWORD /*which*/, DWORD /*group*/) { return fake::refused(ERROR_NOT_SUPPORTED); }
BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE /*handler*/, BOOL /*add*/) { return fake::refused(ERROR_NOT_SUPPORTED); }
