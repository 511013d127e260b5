// What platform/windows/ needs of Windows' header of this name, for a system that has none: types of the right widths, numbers, and
// declarations of the calls that fake_*.cpp defines. Found by the include path of windows-logic-suite alone. The layout of what
// only the system looks into is left out.
#ifndef SPAWNPIPE_TESTS_WINDOWS_NATIVE_WINDOWS_H
#define SPAWNPIPE_TESTS_WINDOWS_NATIVE_WINDOWS_H

#include <cstddef>
#include <cstdint>
#include <mutex>

#define WINAPI
#define CALLBACK

// ---- types

using BOOL = int;
using UCHAR = unsigned char;
using UINT = std::uint32_t;
using LONG = std::int32_t;
using ULONG = std::uint32_t;
using DWORD = std::uint32_t;
using SIZE_T = std::size_t;
using ULONG_PTR = std::uintptr_t;
using DWORD_PTR = std::uintptr_t;
using HANDLE = void*;
using HMODULE = void*;

struct SECURITY_ATTRIBUTES;
struct FILETIME {
  DWORD dwLowDateTime;
  DWORD dwHighDateTime;
};
struct SID;
struct ACL;
struct SECURITY_DESCRIPTOR;
struct STARTUPINFOW;
struct PROCESS_INFORMATION;
struct PROC_THREAD_ATTRIBUTE_LIST;
using LPPROC_THREAD_ATTRIBUTE_LIST = PROC_THREAD_ATTRIBUTE_LIST*;
enum TOKEN_INFORMATION_CLASS : int;
enum WELL_KNOWN_SID_TYPE : int;

struct OVERLAPPED {
  ULONG_PTR Internal;
  ULONG_PTR InternalHigh;
  DWORD Offset;
  DWORD OffsetHigh;
  HANDLE hEvent;
};

// A mutex that the thread sanitizer knows.
struct SRWLOCK {
  std::mutex mutex;
  bool held = false;
};
#define SRWLOCK_INIT \
  {}

struct TP_POOL;
struct TP_WAIT;
struct TP_CLEANUP_GROUP;
struct TP_CALLBACK_INSTANCE;
using PTP_POOL = TP_POOL*;
using PTP_WAIT = TP_WAIT*;
using PTP_CLEANUP_GROUP = TP_CLEANUP_GROUP*;
using PTP_CLEANUP_GROUP_CANCEL_CALLBACK = void(CALLBACK*)(void*, void*);
using PTP_CALLBACK_INSTANCE = TP_CALLBACK_INSTANCE*;
using TP_WAIT_RESULT = DWORD;
using PTP_WAIT_CALLBACK = void(CALLBACK*)(PTP_CALLBACK_INSTANCE, void*, PTP_WAIT, TP_WAIT_RESULT);
struct TP_CALLBACK_ENVIRON {
  PTP_POOL Pool;
  void* RaceDll;
  PTP_CLEANUP_GROUP CleanupGroup;
};

struct LARGE_INTEGER {
  long long QuadPart;
};
enum JOBOBJECTINFOCLASS : int {
  JobObjectBasicAccountingInformation = 1,
  JobObjectBasicProcessIdList = 3,
  JobObjectExtendedLimitInformation = 9
};
struct JOBOBJECT_BASIC_PROCESS_ID_LIST {
  DWORD NumberOfAssignedProcesses;
  DWORD NumberOfProcessIdsInList;
  ULONG_PTR ProcessIdList[1];
};
struct JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {
  LARGE_INTEGER TotalUserTime;
  LARGE_INTEGER TotalKernelTime;
  DWORD ActiveProcesses;
};
struct PROCESS_MEMORY_COUNTERS {
  SIZE_T PeakWorkingSetSize;
};
struct JOBOBJECT_BASIC_LIMIT_INFORMATION {
  DWORD LimitFlags;
};
struct JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
  JOBOBJECT_BASIC_LIMIT_INFORMATION BasicLimitInformation;
  SIZE_T PeakJobMemoryUsed;
};

// ---- numbers

inline constexpr BOOL FALSE = 0;
inline constexpr BOOL TRUE = 1;
inline constexpr DWORD INFINITE = 0xFFFFFFFFU;
inline constexpr DWORD WAIT_OBJECT_0 = 0;
inline constexpr DWORD WAIT_TIMEOUT = 258;
inline constexpr DWORD WAIT_FAILED = 0xFFFFFFFFU;
inline constexpr DWORD STATUS_PENDING = 0x103;
#define INVALID_HANDLE_VALUE (reinterpret_cast<HANDLE>(-1))

inline constexpr DWORD ERROR_SUCCESS = 0;
inline constexpr DWORD ERROR_FILE_NOT_FOUND = 2;
inline constexpr DWORD ERROR_PATH_NOT_FOUND = 3;
inline constexpr DWORD ERROR_TOO_MANY_OPEN_FILES = 4;
inline constexpr DWORD ERROR_ACCESS_DENIED = 5;
inline constexpr DWORD ERROR_INVALID_HANDLE = 6;
inline constexpr DWORD ERROR_NOT_ENOUGH_MEMORY = 8;
inline constexpr DWORD ERROR_OUTOFMEMORY = 14;
inline constexpr DWORD ERROR_SHARING_VIOLATION = 32;
inline constexpr DWORD ERROR_HANDLE_EOF = 38;
inline constexpr DWORD ERROR_NOT_SUPPORTED = 50;
inline constexpr DWORD ERROR_BAD_NETPATH = 53;
inline constexpr DWORD ERROR_FILE_EXISTS = 80;
inline constexpr DWORD ERROR_INVALID_PARAMETER = 87;
inline constexpr DWORD ERROR_BROKEN_PIPE = 109;
inline constexpr DWORD ERROR_DISK_FULL = 112;
inline constexpr DWORD ERROR_INVALID_NAME = 123;
inline constexpr DWORD ERROR_BUSY = 170;
inline constexpr DWORD ERROR_ALREADY_EXISTS = 183;
inline constexpr DWORD ERROR_BAD_EXE_FORMAT = 193;
inline constexpr DWORD ERROR_FILENAME_EXCED_RANGE = 206;
inline constexpr DWORD ERROR_NO_DATA = 232;
inline constexpr DWORD ERROR_PIPE_NOT_CONNECTED = 233;
inline constexpr DWORD ERROR_MORE_DATA = 234;
inline constexpr DWORD ERROR_DIRECTORY = 267;
inline constexpr DWORD ERROR_OPERATION_ABORTED = 995;
inline constexpr DWORD ERROR_IO_INCOMPLETE = 996;
inline constexpr DWORD ERROR_IO_PENDING = 997;
inline constexpr DWORD ERROR_NOT_FOUND = 1168;
inline constexpr DWORD ERROR_NO_SYSTEM_RESOURCES = 1450;
inline constexpr DWORD ERROR_COMMITMENT_LIMIT = 1455;
inline constexpr DWORD ERROR_NOT_ENOUGH_QUOTA = 1816;

inline constexpr DWORD PIPE_ACCESS_INBOUND = 1;
inline constexpr DWORD PIPE_ACCESS_OUTBOUND = 2;
inline constexpr DWORD FILE_FLAG_FIRST_PIPE_INSTANCE = 0x00080000;
inline constexpr DWORD FILE_FLAG_OVERLAPPED = 0x40000000;
inline constexpr DWORD PIPE_TYPE_BYTE = 0;
inline constexpr DWORD PIPE_READMODE_BYTE = 0;
inline constexpr DWORD PIPE_WAIT = 0;
inline constexpr DWORD PIPE_REJECT_REMOTE_CLIENTS = 8;
inline constexpr DWORD GENERIC_READ = 0x80000000U;
inline constexpr DWORD GENERIC_WRITE = 0x40000000U;
inline constexpr DWORD FILE_READ_ATTRIBUTES = 0x80;
inline constexpr DWORD FILE_WRITE_ATTRIBUTES = 0x100;
inline constexpr DWORD OPEN_EXISTING = 3;
inline constexpr DWORD SECURITY_SQOS_PRESENT = 0x00100000;
inline constexpr DWORD SECURITY_ANONYMOUS = 0;
inline constexpr DWORD CTRL_BREAK_EVENT = 1;
inline constexpr DWORD JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
inline constexpr DWORD GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT = 2;
inline constexpr DWORD GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS = 4;

// ---- calls that are made directly

DWORD GetLastError() noexcept;
void SetLastError(DWORD code) noexcept;
void AcquireSRWLockExclusive(SRWLOCK* lock);
void ReleaseSRWLockExclusive(SRWLOCK* lock);
BOOL SwitchToThread();
DWORD GetCurrentProcessId();
BOOL GetModuleHandleExW(DWORD flags, const wchar_t* address, HMODULE* module);
void InitializeThreadpoolEnvironment(TP_CALLBACK_ENVIRON* environment);
void SetThreadpoolCallbackPool(TP_CALLBACK_ENVIRON* environment, PTP_POOL pool);
void SetThreadpoolCallbackLibrary(TP_CALLBACK_ENVIRON* environment, void* module);
void SetThreadpoolCallbackCleanupGroup(TP_CALLBACK_ENVIRON* environment, PTP_CLEANUP_GROUP group,
                                       PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancelled);
void DestroyThreadpoolEnvironment(TP_CALLBACK_ENVIRON* environment);

// ---- calls of the list in platform/windows/system.hpp; whatever nobody makes here is not defined

HANDLE CreateEventW(SECURITY_ATTRIBUTES* security, BOOL manual, BOOL set, const wchar_t* name);
BOOL SetEvent(HANDLE event);
BOOL ResetEvent(HANDLE event);
BOOL CloseHandle(HANDLE handle);
BOOL DuplicateHandle(HANDLE from, HANDLE handle, HANDLE to, HANDLE* copy, DWORD access, BOOL inherit, DWORD options);
BOOL GetHandleInformation(HANDLE handle, DWORD* flags);
DWORD WaitForSingleObject(HANDLE handle, DWORD milliseconds);
DWORD WaitForMultipleObjects(DWORD count, const HANDLE* handles, BOOL all, DWORD milliseconds);
PTP_POOL CreateThreadpool(void* reserved);
void CloseThreadpool(PTP_POOL pool);
void SetThreadpoolThreadMaximum(PTP_POOL pool, DWORD most);
BOOL SetThreadpoolThreadMinimum(PTP_POOL pool, DWORD least);
PTP_WAIT CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, void* context, TP_CALLBACK_ENVIRON* environment);
void SetThreadpoolWait(PTP_WAIT wait, HANDLE handle, FILETIME* timeout);
void WaitForThreadpoolWaitCallbacks(PTP_WAIT wait, BOOL cancel);
void CloseThreadpoolWait(PTP_WAIT wait);
PTP_CLEANUP_GROUP CreateThreadpoolCleanupGroup();
void CloseThreadpoolCleanupGroupMembers(PTP_CLEANUP_GROUP group, BOOL cancel, void* context);
void CloseThreadpoolCleanupGroup(PTP_CLEANUP_GROUP group);
HANDLE CreateNamedPipeW(const wchar_t* name, DWORD open, DWORD mode, DWORD instances, DWORD out, DWORD in,
                        DWORD timeout, SECURITY_ATTRIBUTES* security);
HANDLE CreateFileW(const wchar_t* name, DWORD access, DWORD share, SECURITY_ATTRIBUTES* security, DWORD disposition,
                   DWORD attributes, HANDLE pattern);
BOOL GetNamedPipeClientProcessId(HANDLE pipe, ULONG* id);
BOOL PeekNamedPipe(HANDLE pipe, void* into, DWORD size, DWORD* read, DWORD* available, DWORD* left);
BOOL ReadFile(HANDLE file, void* into, DWORD size, DWORD* count, OVERLAPPED* operation);
BOOL WriteFile(HANDLE file, const void* from, DWORD size, DWORD* count, OVERLAPPED* operation);
BOOL CancelIoEx(HANDLE file, OVERLAPPED* operation);
BOOL GetOverlappedResult(HANDLE file, OVERLAPPED* operation, DWORD* count, BOOL wait);
BOOL OpenProcessToken(HANDLE process, DWORD access, HANDLE* token);
BOOL GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS what, void* into, DWORD size, DWORD* needed);
BOOL CreateWellKnownSid(WELL_KNOWN_SID_TYPE which, SID* domain, SID* into, DWORD* size);
BOOL InitializeAcl(ACL* list, DWORD size, DWORD revision);
BOOL AddAccessAllowedAce(ACL* list, DWORD revision, DWORD access, SID* who);
BOOL InitializeSecurityDescriptor(SECURITY_DESCRIPTOR* into, DWORD revision);
BOOL SetSecurityDescriptorDacl(SECURITY_DESCRIPTOR* into, BOOL present, ACL* list, BOOL by_default);
BOOL InitializeProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD count, DWORD flags, SIZE_T* size);
BOOL UpdateProcThreadAttribute(LPPROC_THREAD_ATTRIBUTE_LIST list, DWORD flags, DWORD_PTR which, void* value,
                               SIZE_T size, void* previous, SIZE_T* returned);
void DeleteProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST list);
BOOL CreateProcessW(const wchar_t* program, wchar_t* line, SECURITY_ATTRIBUTES* process, SECURITY_ATTRIBUTES* thread,
                    BOOL inherit, DWORD flags, void* environment, const wchar_t* directory, STARTUPINFOW* startup,
                    PROCESS_INFORMATION* made);
DWORD ResumeThread(HANDLE thread);
BOOL TerminateProcess(HANDLE process, UINT code);
BOOL GetExitCodeProcess(HANDLE process, DWORD* code);
HANDLE CreateJobObjectW(SECURITY_ATTRIBUTES* security, const wchar_t* name);
BOOL SetInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS what, void* from, DWORD size);
BOOL QueryInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS what, void* into, DWORD size, DWORD* needed);
BOOL GetProcessTimes(HANDLE process, FILETIME* created, FILETIME* ended, FILETIME* system, FILETIME* user);
BOOL GetProcessMemoryInfo(HANDLE process, PROCESS_MEMORY_COUNTERS* into, DWORD size);
BOOL AssignProcessToJobObject(HANDLE job, HANDLE process);
BOOL TerminateJobObject(HANDLE job, UINT code);
BOOL GenerateConsoleCtrlEvent(DWORD which, DWORD group);
using PHANDLER_ROUTINE = BOOL (*)(DWORD which);
BOOL SetConsoleCtrlHandler(PHANDLER_ROUTINE handler, BOOL add);
UINT GetConsoleCP();
HANDLE GetStdHandle(DWORD which);
wchar_t* GetEnvironmentStringsW();
BOOL FreeEnvironmentStringsW(wchar_t* block);
DWORD GetFileAttributesW(const wchar_t* path);
DWORD GetFullPathNameW(const wchar_t* path, DWORD size, wchar_t* into, wchar_t** name);
UINT GetSystemDirectoryW(wchar_t* into, UINT size);

#endif
