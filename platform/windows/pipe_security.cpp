#include "pipe_security.hpp"

#include "handle.hpp"

#include <new>

namespace spawnpipe::platform {

std::unique_ptr<pipe_security> pipe_security::make() noexcept {
  auto made = std::unique_ptr<pipe_security>(new (std::nothrow) pipe_security);
  if (!made) {
    ::SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return nullptr;
  }
  if (!made->fill()) {
    const DWORD code = ::GetLastError();
    made.reset();
    ::SetLastError(code);
  }
  return made;
}

bool pipe_security::fill() noexcept {
  HANDLE opened = nullptr;
  if (sys::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &opened) == FALSE) return false;
  const unique_handle token(opened);
  DWORD needed = 0;
  if (sys::GetTokenInformation(token.get(), TokenUser, user_.data(), static_cast<DWORD>(user_.size()), &needed) ==
      FALSE) {
    return false;
  }
  auto* const user = static_cast<SID*>(reinterpret_cast<TOKEN_USER*>(user_.data())->User.Sid);
  auto* const local_system = reinterpret_cast<SID*>(local_system_.data());
  auto size = static_cast<DWORD>(local_system_.size());
  auto* const list = reinterpret_cast<ACL*>(list_.data());
  if (sys::CreateWellKnownSid(WinLocalSystemSid, nullptr, local_system, &size) == FALSE) return false;
  if (sys::InitializeAcl(list, static_cast<DWORD>(list_.size()), ACL_REVISION) == FALSE) return false;
  for (SID* const who : {user, local_system}) {
    if (sys::AddAccessAllowedAce(list, ACL_REVISION, GENERIC_ALL, who) == FALSE) return false;
  }
  if (sys::InitializeSecurityDescriptor(&descriptor_, SECURITY_DESCRIPTOR_REVISION) == FALSE) return false;
  if (sys::SetSecurityDescriptorDacl(&descriptor_, TRUE, list, FALSE) == FALSE) return false;
  attributes_ = {.nLength = sizeof attributes_, .lpSecurityDescriptor = &descriptor_, .bInheritHandle = FALSE};
  return true;
}

}  // namespace spawnpipe::platform
