#include "named_pipe.hpp"

#include "error.hpp"

#include <array>
#include <string>

namespace spawnpipe::platform {
namespace {

constexpr std::size_t random_bytes = 16;

bool random_name(std::wstring& into) {
  std::array<UCHAR, random_bytes> bytes = {};
  const LONG status =
      sys::BCryptGenRandom(nullptr, bytes.data(), static_cast<ULONG>(bytes.size()), BCRYPT_USE_SYSTEM_PREFERRED_RNG);
  if (status < 0) return false;
  static constexpr wchar_t digits[] = L"0123456789abcdef";
  into = L"\\\\.\\pipe\\spawnpipe-";
  for (const UCHAR byte : bytes) {
    into += digits[byte >> 4U];
    into += digits[byte & 0xFU];
  }
  return true;
}

}  // namespace

result<pipe_ends> make_pipe(SECURITY_ATTRIBUTES* security, direction which, const char* name) {
  std::wstring path;
  if (!random_name(path)) return system_error(ERROR_NO_SYSTEM_RESOURCES, stage::pipe, name);

  const bool to_child = which == direction::to_child;
  const DWORD ours_does = to_child ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND;
  pipe_ends ends;
  ends.ours = unique_handle(
      sys::CreateNamedPipeW(path.c_str(), ours_does | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
                            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, pipe_quota,
                            pipe_quota, 0, security));
  if (!ends.ours) return last_error(stage::pipe, name);

  // The attributes are what a child may ask of its end: its type, its mode.
  const DWORD theirs_does = to_child ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
  ends.theirs = unique_handle(sys::CreateFileW(path.c_str(), theirs_does, 0, nullptr, OPEN_EXISTING,
                                               SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr));
  if (!ends.theirs) return last_error(stage::pipe, name);

  ULONG client = 0;
  if (sys::GetNamedPipeClientProcessId(ends.ours.get(), &client) == FALSE) return last_error(stage::pipe, name);
  if (client != ::GetCurrentProcessId()) return system_error(ERROR_ACCESS_DENIED, stage::pipe, name);
  return ends;
}

}  // namespace spawnpipe::platform
