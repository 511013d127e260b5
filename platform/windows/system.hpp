// Every call that this back end makes to Windows, in one list.
//
// In the library they are direct calls. In test builds (SPAWNPIPE_REPLACEABLE_CALLS) they go through a table of function
// pointers that a test may change, so that a call can be made to fail and its handles can be counted. GetLastError is not in
// the list: a replacement says SetLastError. Only W functions.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_SYSTEM_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_SYSTEM_HPP

#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#if !defined(_WIN32_WINNT) || _WIN32_WINNT < 0x0A00
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00  // Windows 10: a job as an attribute of CreateProcess
#endif
#include <windows.h>

#include <bcrypt.h>
#include <psapi.h>

// Not in the headers of all toolchains.
#if !defined(ERROR_ELEVATION_REQUIRED)
#define ERROR_ELEVATION_REQUIRED 740L
#endif
#if !defined(PROC_THREAD_ATTRIBUTE_JOB_LIST)
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are declarations, which take none

// X(return type, name, parameters, arguments)
#define SPAWNPIPE_SYSTEM_CALLS(X)                                                                                      \
  X(HANDLE, CreateEventW, (SECURITY_ATTRIBUTES * security, BOOL manual, BOOL set, const wchar_t* name),                \
    (security, manual, set, name))                                                                                     \
  X(BOOL, SetEvent, (HANDLE event), (event))                                                                           \
  X(BOOL, ResetEvent, (HANDLE event), (event))                                                                         \
  X(BOOL, CloseHandle, (HANDLE handle), (handle))                                                                      \
  X(BOOL, DuplicateHandle,                                                                                             \
    (HANDLE from, HANDLE handle, HANDLE to, HANDLE * copy, DWORD access, BOOL inherit, DWORD options),                 \
    (from, handle, to, copy, access, inherit, options))                                                                \
  X(BOOL, GetHandleInformation, (HANDLE handle, DWORD * flags), (handle, flags))                                       \
  X(DWORD, WaitForSingleObject, (HANDLE handle, DWORD milliseconds), (handle, milliseconds))                           \
  X(DWORD, WaitForMultipleObjects, (DWORD count, const HANDLE* handles, BOOL all, DWORD milliseconds),                 \
    (count, handles, all, milliseconds))                                                                               \
  X(PTP_POOL, CreateThreadpool, (void* reserved), (reserved))                                                          \
  X(void, CloseThreadpool, (PTP_POOL pool), (pool))                                                                    \
  X(void, SetThreadpoolThreadMaximum, (PTP_POOL pool, DWORD most), (pool, most))                                       \
  X(BOOL, SetThreadpoolThreadMinimum, (PTP_POOL pool, DWORD least), (pool, least))                                     \
  X(PTP_WAIT, CreateThreadpoolWait, (PTP_WAIT_CALLBACK callback, void* context, TP_CALLBACK_ENVIRON* environment),     \
    (callback, context, environment))                                                                                  \
  X(void, SetThreadpoolWait, (PTP_WAIT wait, HANDLE handle, FILETIME * timeout), (wait, handle, timeout))              \
  X(void, WaitForThreadpoolWaitCallbacks, (PTP_WAIT wait, BOOL cancel), (wait, cancel))                                \
  X(PTP_CLEANUP_GROUP, CreateThreadpoolCleanupGroup, (), ())                                                           \
  X(void, CloseThreadpoolCleanupGroupMembers, (PTP_CLEANUP_GROUP group, BOOL cancel, void* context),                   \
    (group, cancel, context))                                                                                          \
  X(void, CloseThreadpoolCleanupGroup, (PTP_CLEANUP_GROUP group), (group))                                             \
  X(HANDLE, CreateNamedPipeW,                                                                                          \
    (const wchar_t* name, DWORD open, DWORD mode, DWORD instances, DWORD out, DWORD in, DWORD timeout,                 \
     SECURITY_ATTRIBUTES* security),                                                                                   \
    (name, open, mode, instances, out, in, timeout, security))                                                         \
  X(HANDLE, CreateFileW,                                                                                               \
    (const wchar_t* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security, DWORD disposition,                 \
     DWORD attributes, HANDLE pattern),                                                                                \
    (name, access, share, security, disposition, attributes, pattern))                                                 \
  X(BOOL, GetNamedPipeClientProcessId, (HANDLE pipe, ULONG * id), (pipe, id))                                          \
  X(BOOL, PeekNamedPipe, (HANDLE pipe, void* into, DWORD size, DWORD* read, DWORD* available, DWORD* left),            \
    (pipe, into, size, read, available, left))                                                                         \
  X(BOOL, ReadFile, (HANDLE file, void* into, DWORD size, DWORD* count, OVERLAPPED* operation),                        \
    (file, into, size, count, operation))                                                                              \
  X(BOOL, WriteFile, (HANDLE file, const void* from, DWORD size, DWORD* count, OVERLAPPED* operation),                 \
    (file, from, size, count, operation))                                                                              \
  X(BOOL, CancelIoEx, (HANDLE file, OVERLAPPED * operation), (file, operation))                                        \
  X(BOOL, GetOverlappedResult, (HANDLE file, OVERLAPPED * operation, DWORD * count, BOOL wait),                        \
    (file, operation, count, wait))                                                                                    \
  X(LONG, BCryptGenRandom, (BCRYPT_ALG_HANDLE algorithm, UCHAR * into, ULONG size, ULONG flags),                       \
    (algorithm, into, size, flags))                                                                                    \
  X(BOOL, OpenProcessToken, (HANDLE process, DWORD access, HANDLE * token), (process, access, token))                  \
  X(BOOL, GetTokenInformation, (HANDLE token, TOKEN_INFORMATION_CLASS what, void* into, DWORD size, DWORD* needed),    \
    (token, what, into, size, needed))                                                                                 \
  X(BOOL, CreateWellKnownSid, (WELL_KNOWN_SID_TYPE which, SID * domain, SID * into, DWORD * size),                     \
    (which, domain, into, size))                                                                                       \
  X(BOOL, InitializeAcl, (ACL * list, DWORD size, DWORD revision), (list, size, revision))                             \
  X(BOOL, AddAccessAllowedAce, (ACL * list, DWORD revision, DWORD access, SID * who), (list, revision, access, who))   \
  X(BOOL, InitializeSecurityDescriptor, (SECURITY_DESCRIPTOR * into, DWORD revision), (into, revision))                \
  X(BOOL, SetSecurityDescriptorDacl, (SECURITY_DESCRIPTOR * into, BOOL present, ACL * list, BOOL by_default),          \
    (into, present, list, by_default))                                                                                 \
  X(BOOL, InitializeProcThreadAttributeList,                                                                           \
    (LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count, DWORD flags, SIZE_T * size), (list, count, flags, size))          \
  X(BOOL, UpdateProcThreadAttribute,                                                                                   \
    (LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags, DWORD_PTR which, void* value, SIZE_T size, void* previous,        \
     SIZE_T* returned),                                                                                                \
    (list, flags, which, value, size, previous, returned))                                                             \
  X(void, DeleteProcThreadAttributeList, (LPPROC_THREAD_ATTRIBUTE_LIST list), (list))                                  \
  X(BOOL, CreateProcessW,                                                                                              \
    (const wchar_t* program, wchar_t* line, SECURITY_ATTRIBUTES* process, SECURITY_ATTRIBUTES* thread, BOOL inherit,   \
     DWORD flags, void* environment, const wchar_t* directory, STARTUPINFOW* startup, PROCESS_INFORMATION* made),      \
    (program, line, process, thread, inherit, flags, environment, directory, startup, made))                           \
  X(DWORD, ResumeThread, (HANDLE thread), (thread))                                                                    \
  X(BOOL, TerminateProcess, (HANDLE process, UINT code), (process, code))                                              \
  X(BOOL, GetExitCodeProcess, (HANDLE process, DWORD * code), (process, code))                                         \
  X(BOOL, GetProcessTimes, (HANDLE process, FILETIME * created, FILETIME * ended, FILETIME * system, FILETIME * user), \
    (process, created, ended, system, user))                                                                           \
  X(BOOL, GetProcessMemoryInfo, (HANDLE process, PROCESS_MEMORY_COUNTERS * into, DWORD size), (process, into, size))   \
  X(HANDLE, CreateJobObjectW, (SECURITY_ATTRIBUTES * security, const wchar_t* name), (security, name))                 \
  X(BOOL, SetInformationJobObject, (HANDLE job, JOBOBJECTINFOCLASS what, void* from, DWORD size),                      \
    (job, what, from, size))                                                                                           \
  X(BOOL, QueryInformationJobObject, (HANDLE job, JOBOBJECTINFOCLASS what, void* into, DWORD size, DWORD* needed),     \
    (job, what, into, size, needed))                                                                                   \
  X(BOOL, AssignProcessToJobObject, (HANDLE job, HANDLE process), (job, process))                                      \
  X(BOOL, TerminateJobObject, (HANDLE job, UINT code), (job, code))                                                    \
  X(BOOL, GenerateConsoleCtrlEvent, (DWORD which, DWORD group), (which, group))                                        \
  X(BOOL, SetConsoleCtrlHandler, (PHANDLER_ROUTINE handler, BOOL add), (handler, add))                                 \
  X(UINT, GetConsoleCP, (), ())                                                                                        \
  X(HANDLE, GetStdHandle, (DWORD which), (which))                                                                      \
  X(wchar_t*, GetEnvironmentStringsW, (), ())                                                                          \
  X(BOOL, FreeEnvironmentStringsW, (wchar_t * block), (block))                                                         \
  X(DWORD, GetFileAttributesW, (const wchar_t* path), (path))                                                          \
  X(DWORD, GetFullPathNameW, (const wchar_t* path, DWORD size, wchar_t* into, wchar_t** name),                         \
    (path, size, into, name))                                                                                          \
  X(UINT, GetSystemDirectoryW, (wchar_t * into, UINT size), (into, size))

namespace spawnpipe::platform {

// The calls as the system has them.
namespace direct {

using ::AddAccessAllowedAce;
using ::AssignProcessToJobObject;
using ::BCryptGenRandom;
using ::CancelIoEx;
using ::CloseHandle;
using ::CloseThreadpool;
using ::CloseThreadpoolCleanupGroup;
using ::CloseThreadpoolCleanupGroupMembers;
using ::CreateEventW;
using ::CreateFileW;
using ::CreateJobObjectW;
using ::CreateNamedPipeW;
using ::CreateProcessW;
using ::CreateThreadpool;
using ::CreateThreadpoolCleanupGroup;
using ::CreateThreadpoolWait;
using ::CreateWellKnownSid;
using ::DeleteProcThreadAttributeList;
using ::DuplicateHandle;
using ::FreeEnvironmentStringsW;
using ::GenerateConsoleCtrlEvent;
using ::GetConsoleCP;
using ::GetEnvironmentStringsW;
using ::GetExitCodeProcess;
using ::GetFileAttributesW;
using ::GetFullPathNameW;
using ::GetHandleInformation;
using ::GetNamedPipeClientProcessId;
using ::GetOverlappedResult;
using ::GetProcessMemoryInfo;
using ::GetProcessTimes;
using ::GetStdHandle;
using ::GetSystemDirectoryW;
using ::GetTokenInformation;
using ::InitializeAcl;
using ::InitializeProcThreadAttributeList;
using ::InitializeSecurityDescriptor;
using ::OpenProcessToken;
using ::PeekNamedPipe;
using ::QueryInformationJobObject;
using ::ReadFile;
using ::ResetEvent;
using ::ResumeThread;
using ::SetConsoleCtrlHandler;
using ::SetEvent;
using ::SetInformationJobObject;
using ::SetSecurityDescriptorDacl;
using ::SetThreadpoolThreadMaximum;
using ::SetThreadpoolThreadMinimum;
using ::SetThreadpoolWait;
using ::TerminateJobObject;
using ::TerminateProcess;
using ::UpdateProcThreadAttribute;
using ::WaitForMultipleObjects;
using ::WaitForSingleObject;
using ::WaitForThreadpoolWaitCallbacks;
using ::WriteFile;

}  // namespace direct

#if defined(SPAWNPIPE_REPLACEABLE_CALLS)

struct system_table {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) type(WINAPI* name) parameters;
  SPAWNPIPE_SYSTEM_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
};

extern system_table system_calls;

namespace sys {
#define SPAWNPIPE_ENTRY(type, name, parameters, arguments) \
  inline type name parameters { return system_calls.name arguments; }
SPAWNPIPE_SYSTEM_CALLS(SPAWNPIPE_ENTRY)
#undef SPAWNPIPE_ENTRY
}  // namespace sys

#else

namespace sys = direct;

#endif

// NOLINTEND(bugprone-macro-parentheses)

}  // namespace spawnpipe::platform

#endif
