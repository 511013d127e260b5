// Each call of the table gets a twin that may fail instead, and writes the books.
#include "faulty_system.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <type_traits>

namespace harness {
namespace {

namespace platform = spawnpipe::platform;
namespace direct = platform::direct;

// Calls come from threads of the pool too.
struct state {
  std::mutex lock;
  fault what;
  std::map<std::string_view, int> made;
  std::map<void*, std::string> open;  // handles, pools, waits, lists of attributes
  std::vector<HANDLE> processes;      // duplicates of our own
};
state& here() {
  static state one;
  return one;
}

bool due(std::string_view call) {
  const std::lock_guard hold(here().lock);
  const int made = ++here().made[call];
  return here().what.call == call && here().what.at == made;
}

// What the call returns when it fails.
template <class Type>
Type failed(std::string_view call) {
  ::SetLastError(here().what.code);
  if constexpr (std::is_pointer_v<Type>) {
    if (call == "CreateFileW" || call == "CreateNamedPipeW") return static_cast<Type>(INVALID_HANDLE_VALUE);
    return nullptr;
  } else {
    constexpr LONG status_unsuccessful = static_cast<LONG>(0xC0000001U);
    if (call == "BCryptGenRandom") return static_cast<Type>(status_unsuccessful);
    if (call == "WaitForSingleObject" || call == "WaitForMultipleObjects") return static_cast<Type>(WAIT_FAILED);
    if (call == "GetFileAttributesW") return static_cast<Type>(INVALID_FILE_ATTRIBUTES);
    if (call == "ResumeThread") return static_cast<Type>(-1);
    return Type{};
  }
}

void opened(void* what, std::string_view by) {
  if (what == nullptr || what == INVALID_HANDLE_VALUE) return;
  const std::lock_guard hold(here().lock);
  here().open.insert_or_assign(what, std::string(by));
}
void closed(void* what) {
  const std::lock_guard hold(here().lock);
  here().open.erase(what);
}

#define TWIN(type, name, parameters, arguments)   \
  type WINAPI twin_##name parameters {            \
    if constexpr (!std::is_void_v<type>) {        \
      if (due(#name)) return failed<type>(#name); \
    }                                             \
    return direct::name arguments;                \
  }
SPAWNPIPE_SYSTEM_CALLS(TWIN)
#undef TWIN

// ---- those that open and close

template <class Type>
Type noted(Type what, std::string_view by) {
  const DWORD code = ::GetLastError();
  opened(what, by);
  ::SetLastError(code);
  return what;
}

HANDLE WINAPI open_event(SECURITY_ATTRIBUTES* security, BOOL manual, BOOL set, const wchar_t* name) {
  return noted(twin_CreateEventW(security, manual, set, name), "CreateEventW");
}
HANDLE WINAPI open_file(const wchar_t* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security,
                        DWORD disposition, DWORD attributes, HANDLE pattern) {
  return noted(twin_CreateFileW(name, access, share, security, disposition, attributes, pattern), "CreateFileW");
}
HANDLE WINAPI open_pipe(const wchar_t* name, DWORD open, DWORD mode, DWORD instances, DWORD out, DWORD in,
                        DWORD timeout, SECURITY_ATTRIBUTES* security) {
  return noted(twin_CreateNamedPipeW(name, open, mode, instances, out, in, timeout, security), "CreateNamedPipeW");
}
HANDLE WINAPI open_job(SECURITY_ATTRIBUTES* security, const wchar_t* name) {
  return noted(twin_CreateJobObjectW(security, name), "CreateJobObjectW");
}
BOOL WINAPI open_duplicate(HANDLE from, HANDLE handle, HANDLE to, HANDLE* copy, DWORD access, BOOL inherit,
                           DWORD options) {
  const BOOL done = twin_DuplicateHandle(from, handle, to, copy, access, inherit, options);
  if (done != FALSE) noted(*copy, "DuplicateHandle");
  return done;
}
BOOL WINAPI open_token(HANDLE process, DWORD access, HANDLE* token) {
  const BOOL done = twin_OpenProcessToken(process, access, token);
  if (done != FALSE) noted(*token, "OpenProcessToken");
  return done;
}
BOOL WINAPI make_process(const wchar_t* program, wchar_t* line, SECURITY_ATTRIBUTES* process,
                         SECURITY_ATTRIBUTES* thread, BOOL inherit, DWORD flags, void* environment,
                         const wchar_t* directory, STARTUPINFOW* startup, PROCESS_INFORMATION* made) {
  const BOOL done =
      twin_CreateProcessW(program, line, process, thread, inherit, flags, environment, directory, startup, made);
  if (done == FALSE) return FALSE;
  opened(made->hProcess, "CreateProcessW");
  opened(made->hThread, "CreateProcessW");
  HANDLE own = nullptr;
  HANDLE const self = ::GetCurrentProcess();
  ::DuplicateHandle(self, made->hProcess, self, &own, 0, FALSE, DUPLICATE_SAME_ACCESS);
  const std::lock_guard hold(here().lock);
  here().processes.push_back(own);
  return TRUE;
}
PTP_POOL WINAPI open_pool(void* reserved) { return noted(twin_CreateThreadpool(reserved), "CreateThreadpool"); }
void WINAPI close_pool(PTP_POOL pool) {
  closed(pool);
  direct::CloseThreadpool(pool);
}
// A wait goes with its group.
PTP_CLEANUP_GROUP WINAPI open_group() {
  return noted(twin_CreateThreadpoolCleanupGroup(), "CreateThreadpoolCleanupGroup");
}
void WINAPI close_group(PTP_CLEANUP_GROUP group) {
  closed(group);
  direct::CloseThreadpoolCleanupGroup(group);
}
BOOL WINAPI open_list(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count, DWORD flags, SIZE_T* size) {
  const BOOL done = twin_InitializeProcThreadAttributeList(list, count, flags, size);
  if (done != FALSE) opened(list, "InitializeProcThreadAttributeList");
  return done;
}
void WINAPI close_list(LPPROC_THREAD_ATTRIBUTE_LIST list) {
  closed(list);
  direct::DeleteProcThreadAttributeList(list);
}
// A close that fails has closed nothing. What it held is not the library's any more: it is not counted.
BOOL WINAPI close_handle(HANDLE handle) {
  const bool fails = due("CloseHandle");
  closed(handle);
  if (fails) return failed<BOOL>("CloseHandle");
  return direct::CloseHandle(handle);
}

void install() {
  auto& table = platform::system_calls;
#define USE(type, name, parameters, arguments) table.name = &twin_##name;
  SPAWNPIPE_SYSTEM_CALLS(USE)
#undef USE
  table.CreateEventW = &open_event;
  table.CreateFileW = &open_file;
  table.CreateNamedPipeW = &open_pipe;
  table.CreateJobObjectW = &open_job;
  table.DuplicateHandle = &open_duplicate;
  table.OpenProcessToken = &open_token;
  table.CreateProcessW = &make_process;
  table.CreateThreadpool = &open_pool;
  table.CloseThreadpool = &close_pool;
  table.CreateThreadpoolCleanupGroup = &open_group;
  table.CloseThreadpoolCleanupGroup = &close_group;
  table.InitializeProcThreadAttributeList = &open_list;
  table.DeleteProcThreadAttributeList = &close_list;
  table.CloseHandle = &close_handle;
}

platform::system_table& usual_table() {
  static platform::system_table usual = platform::system_calls;  // as it was before the first fault
  return usual;
}

}  // namespace

faulty_system::faulty_system(const fault& what) {
  usual_table();
  here().what = what;
  here().made.clear();
  here().open.clear();
  install();
}

faulty_system::~faulty_system() {
  platform::system_calls = usual_table();
  for (HANDLE const each : here().processes) ::CloseHandle(each);
  here().processes.clear();
}

bool faulty_system::happened() {
  const std::lock_guard hold(here().lock);
  return here().made[here().what.call] >= here().what.at;
}

std::map<std::string_view, int> faulty_system::calls() {
  const std::lock_guard hold(here().lock);
  return here().made;
}

std::vector<std::string> faulty_system::left_open() {
  const std::lock_guard hold(here().lock);
  std::vector<std::string> all;
  for (const auto& each : here().open) all.push_back(each.second);
  return all;
}

bool faulty_system::processes_end(std::chrono::milliseconds bound) {
  const auto until = std::chrono::steady_clock::now() + bound;
  return std::all_of(here().processes.begin(), here().processes.end(), [&](HANDLE each) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    return ::WaitForSingleObject(each, static_cast<DWORD>(std::max<long long>(left.count(), 0))) == WAIT_OBJECT_0;
  });
}

}  // namespace harness
