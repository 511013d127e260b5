#include "raw_windows.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#if !defined(PROC_THREAD_ATTRIBUTE_JOB_LIST)  // not in the headers of all toolchains
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif

namespace bench::raw {
namespace {

SECURITY_ATTRIBUTES inheritable() noexcept {
  return {.nLength = sizeof(SECURITY_ATTRIBUTES), .lpSecurityDescriptor = nullptr, .bInheritHandle = TRUE};
}

// The flags that the library gives a child without a console of its own streams, so that both start alike.
DWORD creation_flags() noexcept {
  const DWORD console = ::GetConsoleCP() != 0 ? 0 : CREATE_NO_WINDOW;
  return EXTENDED_STARTUPINFO_PRESENT | CREATE_NEW_PROCESS_GROUP | console;
}

}  // namespace

void fail(const char* what) {
  throw std::system_error(static_cast<int>(::GetLastError()), std::system_category(), what);
}

pipe make_pipe(direction which) {
  static unsigned made = 0;
  const std::wstring name =
      L"\\\\.\\pipe\\spawnpipe-bench-" + std::to_wstring(::GetCurrentProcessId()) + L'-' + std::to_wstring(++made);
  const bool to_child = which == direction::to_child;
  pipe ends;
  ends.ours = handle(::CreateNamedPipeW(
      name.c_str(),
      (to_child ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
      PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, pipe_quota, pipe_quota, 0,
      nullptr));
  if (ends.ours.get() == nullptr) fail("CreateNamedPipeW");
  SECURITY_ATTRIBUTES inherited = inheritable();
  ends.theirs = handle(::CreateFileW(name.c_str(), to_child ? GENERIC_READ : GENERIC_WRITE, 0, &inherited,
                                     OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr));
  if (ends.theirs.get() == nullptr) fail("CreateFileW of a pipe");
  return ends;
}

handle open_null(DWORD access) {
  SECURITY_ATTRIBUTES inherited = inheritable();
  handle null(::CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, nullptr));
  if (null.get() == nullptr) fail("CreateFileW of NUL");
  return null;
}

overlapped_end::overlapped_end(handle pipe)
    : pipe_(std::move(pipe)), event_(::CreateEventW(nullptr, TRUE, FALSE, nullptr)) {
  if (event_.get() == nullptr) fail("CreateEventW");
}

std::size_t overlapped_end::read(std::span<std::byte> into) {
  OVERLAPPED operation = {};
  operation.hEvent = event_.get();
  if (::ReadFile(pipe_.get(), into.data(), static_cast<DWORD>(into.size()), nullptr, &operation) == FALSE) {
    const DWORD code = ::GetLastError();
    if (code == ERROR_BROKEN_PIPE) return 0;
    if (code != ERROR_IO_PENDING) fail("ReadFile");
    if (::WaitForSingleObject(event_.get(), INFINITE) != WAIT_OBJECT_0) fail("WaitForSingleObject");
  }
  DWORD count = 0;
  if (::GetOverlappedResult(pipe_.get(), &operation, &count, FALSE) != FALSE) return count;
  if (::GetLastError() == ERROR_BROKEN_PIPE) return 0;
  fail("the end of ReadFile");
}

void overlapped_end::write(std::span<const std::byte> from) {
  OVERLAPPED operation = {};
  operation.hEvent = event_.get();
  if (::WriteFile(pipe_.get(), from.data(), static_cast<DWORD>(from.size()), nullptr, &operation) == FALSE) {
    if (::GetLastError() != ERROR_IO_PENDING) fail("WriteFile");
    if (::WaitForSingleObject(event_.get(), INFINITE) != WAIT_OBJECT_0) fail("WaitForSingleObject");
  }
  DWORD count = 0;
  if (::GetOverlappedResult(pipe_.get(), &operation, &count, FALSE) == FALSE) fail("the end of WriteFile");
}

process::process(const std::wstring& program, std::wstring line, HANDLE in, HANDLE out, HANDLE err)
    : job_(::CreateJobObjectW(nullptr, nullptr)) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  if (::SetInformationJobObject(job_.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits) == FALSE) {
    fail("a job object");
  }

  std::vector<HANDLE> inherited;
  for (HANDLE const each : {in, out, err}) {
    if (std::find(inherited.begin(), inherited.end(), each) == inherited.end()) inherited.push_back(each);
  }
  HANDLE job = job_.get();
  constexpr DWORD attributes = 2;
  SIZE_T size = 0;
  ::InitializeProcThreadAttributeList(nullptr, attributes, 0, &size);
  std::vector<std::byte> memory(size);
  STARTUPINFOEXW start = {};
  start.StartupInfo.cb = sizeof start;
  start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  start.StartupInfo.hStdInput = in;
  start.StartupInfo.hStdOutput = out;
  start.StartupInfo.hStdError = err;
  start.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory.data());
  if (::InitializeProcThreadAttributeList(start.lpAttributeList, attributes, 0, &size) == FALSE ||
      ::UpdateProcThreadAttribute(start.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited.data(),
                                  inherited.size() * sizeof(HANDLE), nullptr, nullptr) == FALSE ||
      ::UpdateProcThreadAttribute(start.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job, nullptr,
                                  nullptr) == FALSE) {
    fail("attributes of a process");
  }

  PROCESS_INFORMATION made = {};
  const BOOL done = ::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, creation_flags(), nullptr,
                                     nullptr, &start.StartupInfo, &made);
  ::DeleteProcThreadAttributeList(start.lpAttributeList);
  if (done == FALSE) fail("CreateProcessW");
  ::CloseHandle(made.hThread);
  process_ = handle(made.hProcess);
}

DWORD process::wait() {
  DWORD code = 0;
  if (::WaitForSingleObject(process_.get(), INFINITE) != WAIT_OBJECT_0) fail("WaitForSingleObject");
  if (::GetExitCodeProcess(process_.get(), &code) == FALSE) fail("GetExitCodeProcess");
  return code;
}

}  // namespace bench::raw
