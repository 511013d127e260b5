// Calls of the system that its headers leave out, or that cost too much to link; and the type of a handle, which is one of them.
#ifndef SPAWNPIPE_TESTS_WINDOWS_SYSTEM_CALL_HPP
#define SPAWNPIPE_TESTS_WINDOWS_SYSTEM_CALL_HPP

#include "wtf8.hpp"

#include <array>
#include <cstring>
#include <string>
#include <windows.h>

// Null where the module has none of this name.
template <class Function>
[[nodiscard]] Function system_call(HMODULE module, const char* name) {
  const FARPROC found = module == nullptr ? nullptr : ::GetProcAddress(module, name);
  Function function = nullptr;
  static_assert(sizeof function == sizeof found);
  std::memcpy(&function, &found, sizeof found);  // a cast between types of functions would be warned about
  return function;
}

// Some things work on Windows and not in Wine, which says so by a call of its own.
[[nodiscard]] inline bool under_wine() {
  return system_call<void(WINAPI*)()>(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
}

// What a handle is of, such as "File" or "Event"; empty where it is none. Asks the table of handles, not the object: a question
// to a pipe may wait for the read that somebody has begun on it.
[[nodiscard]] inline std::string handle_type(HANDLE handle) {
  struct type_information {  // the beginning of PUBLIC_OBJECT_TYPE_INFORMATION of <winternl.h>
    USHORT length;
    USHORT capacity;
    const wchar_t* text;
  };
  using query = LONG(WINAPI*)(HANDLE, int, void*, ULONG, ULONG*);
  constexpr int object_type_information = 2;
  static const auto ask = system_call<query>(::GetModuleHandleW(L"ntdll.dll"), "NtQueryObject");
  alignas(type_information) std::array<unsigned char, 1024> answer{};
  ULONG size = 0;
  if (ask == nullptr || ask(handle, object_type_information, answer.data(), answer.size(), &size) < 0) return {};
  type_information type{};
  std::memcpy(&type, answer.data(), sizeof type);
  return wtf8::narrow({type.text, type.length / sizeof(wchar_t)});
}

#endif
