// host_os.hpp on Windows.
#include "../host_os.hpp"

#include "system_call.hpp"
#include "wtf8.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <system_error>
#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

namespace host_os {

namespace {

namespace fs = std::filesystem;

// The host of a scenario that hangs is ended.
constexpr DWORD longest_scenario = 90'000;

struct closes {
  void operator()(void* handle) const noexcept { ::CloseHandle(handle); }
};
using owned_handle = std::unique_ptr<void, closes>;

// Null for INVALID_HANDLE_VALUE too.
owned_handle own(HANDLE handle) { return owned_handle(handle == INVALID_HANDLE_VALUE ? nullptr : handle); }

[[noreturn]] void fail(const char* what) {
  throw std::system_error(static_cast<int>(::GetLastError()), std::system_category(), what);
}

// The value of each open handle. Handles are given out from the bottom, and 0x10000 values are far more than a test has.
std::vector<HANDLE> open_handles() {
  std::vector<HANDLE> all;
  for (std::uintptr_t value = 4, last = 0; value < last + 0x2000; value += 4) {
    const auto handle = reinterpret_cast<HANDLE>(value);
    DWORD flags = 0;
    if (::GetHandleInformation(handle, &flags) == 0) continue;
    all.push_back(handle);
    last = value;
  }
  return all;
}

owned_handle open_process(std::int64_t id, DWORD rights) {
  return id <= 0 ? nullptr : own(::OpenProcess(rights, FALSE, static_cast<DWORD>(id)));
}

ULONGLONG ticks(const FILETIME& time) { return (ULONGLONG{time.dwHighDateTime} << 32U) | time.dwLowDateTime; }

ULONGLONG began(HANDLE process) {
  FILETIME creation{};
  FILETIME end{};
  FILETIME kernel{};
  FILETIME user{};
  return ::GetProcessTimes(process, &creation, &end, &kernel, &user) == 0 ? 0 : ticks(creation);
}

// An event that one wait uses up. Locks of the C++ runtime make one when two threads first meet at them, and keep it for as
// long as they like.
bool is_of_a_lock(HANDLE event) {
  struct event_information {  // EVENT_BASIC_INFORMATION
    LONG type;
    LONG state;
  };
  using query = LONG(WINAPI*)(HANDLE, int, void*, ULONG, ULONG*);
  constexpr LONG synchronization_event = 1;
  static const auto ask = system_call<query>(::GetModuleHandleW(L"ntdll.dll"), "NtQueryEvent");
  event_information facts{};
  return ask != nullptr && ask(event, 0, &facts, sizeof facts, nullptr) >= 0 && facts.type == synchronization_event;
}

// What the library could leak. Other types come and go with what the system does on its own, such as keys of the registry.
bool counts(HANDLE handle, std::string_view type) {
  constexpr std::array<std::string_view, 7> counted = {"File",  "Process", "Job",   "IoCompletion",
                                                       "Event", "Timer",   "Thread"};
  if (std::find(counted.begin(), counted.end(), type) == counted.end()) return false;
  return type != "Event" || !is_of_a_lock(handle);
}

}  // namespace

std::vector<std::string> open_descriptors() {
  std::vector<std::string> all;
  for (const HANDLE each : open_handles()) {
    const std::string type = handle_type(each);
    if (counts(each, type)) all.push_back(std::to_string(reinterpret_cast<std::uintptr_t>(each)) + " " + type);
  }
  return all;
}

std::vector<std::string> children() {
  std::vector<std::string> all;
  const owned_handle snapshot = own(::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
  PROCESSENTRY32W entry{};
  entry.dwSize = sizeof entry;
  if (!snapshot || ::Process32FirstW(snapshot.get(), &entry) == 0) return all;
  do {
    if (entry.th32ParentProcessID != ::GetCurrentProcessId() || !running(entry.th32ProcessID)) continue;
    // The parent's number outlives the parent: an older process is the child of one that had our number before.
    const owned_handle process = open_process(entry.th32ProcessID, PROCESS_QUERY_LIMITED_INFORMATION);
    if (!process || began(process.get()) < began(::GetCurrentProcess())) continue;
    all.push_back(std::to_string(entry.th32ProcessID) + " running");
  } while (::Process32NextW(snapshot.get(), &entry) != 0);
  return all;
}

bool running(std::int64_t id) {
  const owned_handle process = open_process(id, SYNCHRONIZE);
  return process && ::WaitForSingleObject(process.get(), 0) == WAIT_TIMEOUT;
}

std::vector<std::int64_t> running_with(const std::string& /*word*/) {
  std::vector<std::int64_t> all;
  const owned_handle snapshot = own(::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
  PROCESSENTRY32W entry{};
  entry.dwSize = sizeof entry;
  if (!snapshot || ::Process32FirstW(snapshot.get(), &entry) == 0) fail("CreateToolhelp32Snapshot");
  do {
    const bool helper = ::_wcsicmp(entry.szExeFile, L"child.exe") == 0;
    if (helper && running(entry.th32ProcessID)) all.push_back(entry.th32ProcessID);
  } while (::Process32NextW(snapshot.get(), &entry) != 0);
  return all;
}

std::optional<std::uint64_t> beginning(std::int64_t id) {
  const owned_handle process = open_process(id, PROCESS_QUERY_LIMITED_INFORMATION);
  return process ? std::optional<std::uint64_t>(began(process.get())) : std::nullopt;
}

void end_process(std::int64_t id) noexcept {
  if (const owned_handle process = open_process(id, PROCESS_TERMINATE)) ::TerminateProcess(process.get(), 1);
}

std::chrono::nanoseconds cpu_time() {
  FILETIME creation{};
  FILETIME end{};
  FILETIME kernel{};
  FILETIME user{};
  if (::GetProcessTimes(::GetCurrentProcess(), &creation, &end, &kernel, &user) == 0) fail("GetProcessTimes");
  return std::chrono::nanoseconds((ticks(kernel) + ticks(user)) * 100);
}

// Windows counts by ticks of its clock, Wine by those of Linux.
std::chrono::nanoseconds cpu_time_step() { return std::chrono::milliseconds(16); }

std::optional<std::uint64_t> times_asleep() { return std::nullopt; }

std::optional<std::size_t> resident_bytes() {
  PROCESS_MEMORY_COUNTERS counters{};
  if (::K32GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters) == 0) return std::nullopt;
  return counters.WorkingSetSize;
}

std::optional<std::size_t> thread_count() {
  const owned_handle snapshot = own(::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0));
  THREADENTRY32 entry{};
  entry.dwSize = sizeof entry;
  if (!snapshot || ::Thread32First(snapshot.get(), &entry) == 0) return std::nullopt;
  std::size_t count = 0;
  do {
    count += entry.th32OwnerProcessID == ::GetCurrentProcessId() ? 1 : 0;
  } while (::Thread32Next(snapshot.get(), &entry) != 0);
  return count;
}

// There are no signals, and the list of console handlers cannot be asked for.
std::string signal_state() { return {}; }

fs::path make_temp_dir() {
  std::array<wchar_t, MAX_PATH + 1> folder{};
  if (::GetTempPathW(static_cast<DWORD>(folder.size()), folder.data()) == 0) fail("GetTempPath");
  for (std::random_device any;;) {
    const fs::path path = fs::path(folder.data()) / ("spawnpipe-test-" + std::to_string(any()));
    if (::CreateDirectoryW(path.c_str(), nullptr) != 0) return path;
    if (::GetLastError() != ERROR_ALREADY_EXISTS) fail("CreateDirectory");
  }
}

void reap_zombies() {}  // there are none

fs::path make_script(const fs::path& folder, const std::string& program, const std::string& verb) {
  const fs::path path = folder / "script.bat";
  std::ofstream(path) << "@echo off\n\"" << program << "\" " << verb << " %*\n";
  return path;
}

// Nothing here depends on the rights of an administrator.
void drop_rights() {}

void shield_descriptors() {
  for (const HANDLE each : open_handles()) {
    const bool standard = each == ::GetStdHandle(STD_INPUT_HANDLE) || each == ::GetStdHandle(STD_OUTPUT_HANDLE) ||
                          each == ::GetStdHandle(STD_ERROR_HANDLE);
    if (!standard) ::SetHandleInformation(each, HANDLE_FLAG_INHERIT, 0);
  }
}

void heed_interrupts() {}

void block_signals_here() {}

// A request to end goes by way of the console that host and child share.
std::optional<std::string> no_polite_end() {
  if (under_wine()) return "Wine does not deliver CTRL_BREAK to a group";
  if (::GetConsoleCP() == 0) return "CTRL_BREAK needs a console, and this process has none";
  return std::nullopt;
}

bool is_killed(std::optional<int> signal, std::optional<std::uint32_t> code) { return !signal && code && *code != 0; }

bool small_pieces_are_slow() { return under_wine(); }

// By its job object.
bool kill_takes_the_tree() { return true; }

std::errc below_a_file() { return std::errc::no_such_file_or_directory; }

// Without SYSTEMROOT programs do not find parts of the system, so that the library sets it. The names that begin with = are the
// current directories of the drives; no command speaks of them.
bool always_set(std::string_view name) {
  const std::string text(name);
  const auto is = [&](const char* other) { return ::_stricmp(text.c_str(), other) == 0; };
  if (name.starts_with('=') || is("SYSTEMROOT")) return true;
  return under_wine() && (name.starts_with("WINE") || is("SYSTEMDRIVE"));  // Wine sets these in every process
}

char path_separator() { return ';'; }

std::optional<std::string> variable(const std::string& name) {
  std::array<wchar_t, 32768> value{};
  const DWORD size =
      ::GetEnvironmentVariableW(wtf8::widen(name).c_str(), value.data(), static_cast<DWORD>(value.size()));
  if (size == 0 && ::GetLastError() == ERROR_ENVVAR_NOT_FOUND) return std::nullopt;
  return wtf8::narrow(std::wstring(value.data(), size));
}

void set_variable(const std::string& name, const std::optional<std::string>& value) {
  const std::wstring wide = value ? wtf8::widen(*value) : std::wstring();
  if (::SetEnvironmentVariableW(wtf8::widen(name).c_str(), value ? wide.c_str() : nullptr) == FALSE) {
    fail("SetEnvironmentVariable");
  }
}

ended run_self(const std::vector<std::string>& arguments) {
  std::array<wchar_t, 32768> program{};
  if (::GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size())) == 0) fail("GetModuleFileName");
  // The arguments are the harness's own: none has a quote, or a backslash at its end.
  std::wstring line = L"\"" + std::wstring(program.data()) + L"\"";
  for (const std::string& each : arguments) line += L" \"" + wtf8::widen(each) + L"\"";

  // Its output goes to a file, so that nothing has to be read while it runs, and a hanging one can be ended.
  const fs::path folder = make_temp_dir();
  const fs::path output = folder / "output";
  SECURITY_ATTRIBUTES inherited{};
  inherited.nLength = sizeof inherited;
  inherited.bInheritHandle = TRUE;
  ended host;
  {
    const owned_handle in = own(::CreateFileW(L"NUL", GENERIC_READ, 0, &inherited, OPEN_EXISTING, 0, nullptr));
    const owned_handle out = own(::CreateFileW(output.c_str(), GENERIC_READ | FILE_APPEND_DATA,
                                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherited,
                                               CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!in || !out) fail("CreateFile");
    STARTUPINFOW start{};
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = in.get();
    start.hStdOutput = out.get();
    start.hStdError = out.get();
    PROCESS_INFORMATION made{};
    if (::CreateProcessW(program.data(), line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &start, &made) ==
        0) {
      fail("CreateProcess");
    }
    const owned_handle thread = own(made.hThread);
    const owned_handle process = own(made.hProcess);
    if (::WaitForSingleObject(process.get(), longest_scenario) != WAIT_OBJECT_0) {
      ::TerminateProcess(process.get(), 1);
      ::WaitForSingleObject(process.get(), longest_scenario);
      host.output = "(ended, because it took too long)\n";
    }
    DWORD code = 0;
    ::GetExitCodeProcess(process.get(), &code);
    host.code = static_cast<int>(code);
    ::SetFilePointer(out.get(), 0, nullptr, FILE_BEGIN);
    std::array<char, 4096> block{};
    DWORD got = 0;
    while (::ReadFile(out.get(), block.data(), static_cast<DWORD>(block.size()), &got, nullptr) != 0 && got > 0) {
      host.output.append(block.data(), got);
    }
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return host;
}

}  // namespace host_os
