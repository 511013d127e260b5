// The helper program on Windows: see child_os.hpp, and child.cpp for the verbs of all systems. Here only:
//
//   args-by-system     as args, but the command line is taken apart by CommandLineToArgvW
//   console            the line "console yes" or "console no": whether it is attached to one
//   exit-code N        exits with N, which may be hexadecimal (0xC0000135): 32 bits
//   handles [VALUE...] each of these handle values that is open, as a line: VALUE TYPE, such as "124 File"; or all that are
//   job                the line "job yes" or "job no": whether it belongs to a job object
//   show-command-line  its command line as it was given
//
// Streams are the three standard handles, read and written past the C runtime, which would translate. There is no number above
// 2. A process that lives too long ends with code 142.
#include "../child_os.hpp"

#include "split_command_line.hpp"
#include "system_call.hpp"
#include "wtf8.hpp"

#include <array>
#include <cstdlib>
#include <windows.h>

namespace child::os {

namespace {

constexpr UINT lived_too_long = 142;

std::array<char, 64> last_words{};
std::size_t last_words_size = 0;
UINT last_code = 0;

DWORD name_of(int stream) {
  return stream == in ? STD_INPUT_HANDLE : stream == out ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE;
}

HANDLE handle_of(int stream) { return ::GetStdHandle(name_of(stream)); }

DWORD WINAPI end_after(void* milliseconds) {
  ::Sleep(static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(milliseconds)));
  ::TerminateProcess(::GetCurrentProcess(), lived_too_long);
  return 0;
}

// The console's requests come on a thread that the system makes for each.
BOOL WINAPI ignore_request(DWORD /*which*/) { return TRUE; }

BOOL WINAPI answer_request(DWORD /*which*/) {
  (void)write(out, {last_words.data(), last_words_size});
  ::ExitProcess(last_code);
}

bool print_all(const arguments& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\0';
  return write(out, text);
}

// An argument in quotes, so that it arrives as it is.
std::wstring quoted(const std::string& argument) {
  std::wstring text = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t c : wtf8::widen(argument)) {
    if (c == L'"') text.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    text += c;
  }
  text.append(backslashes, L'\\');
  return text + L'"';
}

int do_args_by_system(const arguments&) {
  const HMODULE shell = ::LoadLibraryW(L"shell32.dll");
  const auto split = system_call<LPWSTR*(WINAPI*)(LPCWSTR, int*)>(shell, "CommandLineToArgvW");
  if (split == nullptr) return 2;
  int count = 0;
  LPWSTR* const all = split(::GetCommandLineW(), &count);
  arguments behind_the_verb;
  for (int i = 2; i < count; ++i) behind_the_verb.push_back(wtf8::narrow(all[i]));
  return print_all(behind_the_verb) ? 0 : 3;
}

int do_console(const arguments&) {
  // With no console, there is no code page for its input.
  return write(out, ::GetConsoleCP() != 0 ? "console yes\n" : "console no\n") ? 0 : 3;
}

int do_exit_code(const arguments& given) {
  ::ExitProcess(static_cast<UINT>(std::strtoul(argument(given, 1, "0").c_str(), nullptr, 0)));
}

int do_handles(const arguments& given) {
  std::vector<std::uintptr_t> values;
  for (std::size_t i = 1; i < given.size(); ++i) values.push_back(static_cast<std::uintptr_t>(number(given, i, 0)));
  if (values.empty()) {
    for (std::uintptr_t value = 4; value < 0x4000; value += 4) values.push_back(value);
  }
  std::string text;
  for (const std::uintptr_t value : values) {
    const std::string type = handle_type(reinterpret_cast<HANDLE>(value));
    if (!type.empty()) text += std::to_string(value) + " " + type + "\n";
  }
  return write(out, text) ? 0 : 3;
}

int do_job(const arguments&) {
  BOOL inside = FALSE;
  if (::IsProcessInJob(::GetCurrentProcess(), nullptr, &inside) == 0) return 2;
  return write(out, inside != 0 ? "job yes\n" : "job no\n") ? 0 : 3;
}

int do_show_command_line(const arguments&) { return write(out, wtf8::narrow(::GetCommandLineW())) ? 0 : 3; }

constexpr std::array windows_verbs = {
    verb{"args-by-system", do_args_by_system},
    verb{"console", do_console},
    verb{"exit-code", do_exit_code},
    verb{"handles", do_handles},
    verb{"job", do_job},
    verb{"show-command-line", do_show_command_line},
};

}  // namespace

// argc and argv are what the C runtime made of the line by the code page of the day.
arguments command_line(int /*argc*/, char** /*argv*/) {
  arguments all;
  for (const std::wstring& each : split_command_line(::GetCommandLineW())) all.push_back(wtf8::narrow(each));
  return all;
}

void prepare(std::chrono::seconds longest_life) {
  const auto time = static_cast<std::uintptr_t>(std::chrono::milliseconds(longest_life).count());
  if (const HANDLE thread = ::CreateThread(nullptr, 0, end_after, reinterpret_cast<void*>(time), 0, nullptr)) {
    ::CloseHandle(thread);
  }
}

std::ptrdiff_t read(int stream, char* into, std::size_t size) {
  DWORD got = 0;
  if (::ReadFile(handle_of(stream), into, static_cast<DWORD>(size), &got, nullptr) != 0) return got;
  // The end of a pipe is an error here.
  const DWORD error = ::GetLastError();
  return error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF ? 0 : -1;
}

bool write(int stream, std::string_view bytes) {
  while (!bytes.empty()) {
    DWORD put = 0;
    if (::WriteFile(handle_of(stream), bytes.data(), static_cast<DWORD>(bytes.size()), &put, nullptr) == 0)
      return false;
    bytes.remove_prefix(put);
  }
  return true;
}

void close(int stream) {
  const HANDLE closed = handle_of(stream);
  // Out and err may be one handle: then it is gone for both.
  for (const int each : {in, out, err}) {
    if (handle_of(each) == closed) ::SetStdHandle(name_of(each), nullptr);
  }
  if (closed != nullptr) ::CloseHandle(closed);
}

bool is_terminal(int stream) {
  DWORD mode = 0;
  return ::GetConsoleMode(handle_of(stream), &mode) != 0;
}

std::vector<std::string> variables() {
  std::vector<std::string> all;
  wchar_t* const block = ::GetEnvironmentStringsW();
  for (const wchar_t* each = block; each != nullptr && *each != L'\0'; each += std::wstring_view(each).size() + 1) {
    all.push_back(wtf8::narrow(each));
  }
  if (block != nullptr) ::FreeEnvironmentStringsW(block);
  return all;
}

std::optional<std::string> variable(const std::string& name) {
  const std::wstring wide = wtf8::widen(name);
  std::wstring value(32767, L'\0');  // there is none longer
  ::SetLastError(ERROR_SUCCESS);
  const DWORD size = ::GetEnvironmentVariableW(wide.c_str(), value.data(), static_cast<DWORD>(value.size()));
  if (size == 0 && ::GetLastError() != ERROR_SUCCESS) return std::nullopt;
  return wtf8::narrow(value.substr(0, size));
}

std::string directory() {
  std::wstring path(32767, L'\0');
  return wtf8::narrow(path.substr(0, ::GetCurrentDirectoryW(static_cast<DWORD>(path.size()), path.data())));
}

bool exists(const std::string& path) {
  return ::GetFileAttributesW(wtf8::widen(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

void append_line(const std::string& path, std::string_view line) {
  // With the right to append, and not to write, each write goes to the end, whoever else writes.
  const HANDLE file =
      ::CreateFileW(wtf8::widen(path).c_str(), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return;
  const std::string text = std::string(line) + "\n";
  DWORD put = 0;
  ::WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &put, nullptr);
  ::CloseHandle(file);
}

void hang() {
  for (;;) ::Sleep(INFINITE);
}

void ignore_terminate() { ::SetConsoleCtrlHandler(ignore_request, TRUE); }

void exit_on_terminate(std::string_view text, int code) {
  last_words_size = text.copy(last_words.data(), last_words.size());
  last_code = static_cast<UINT>(code);
  ::SetConsoleCtrlHandler(answer_request, TRUE);
}

void leave_session() {}

void start_copy(const arguments& given, const std::function<void(std::int64_t)>& announce) {
  std::wstring program(32767, L'\0');
  program.resize(::GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size())));
  std::wstring line = L"\"" + program + L"\"";
  for (const std::string& each : given) line += L" " + quoted(each);

  STARTUPINFOW start{};
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = handle_of(in);
  start.hStdOutput = handle_of(out);
  start.hStdError = handle_of(err);
  for (const HANDLE each : {start.hStdInput, start.hStdOutput, start.hStdError}) {
    ::SetHandleInformation(each, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  }
  PROCESS_INFORMATION made{};
  if (::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, CREATE_SUSPENDED, nullptr, nullptr, &start,
                       &made) == 0) {
    return;
  }
  announce(made.dwProcessId);
  ::ResumeThread(made.hThread);
  ::CloseHandle(made.hThread);
  ::CloseHandle(made.hProcess);
}

std::span<const verb> verbs() { return windows_verbs; }

}  // namespace child::os
