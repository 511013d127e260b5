// Who may open our pipes: the user whose process this is, and the system.
//
// By default Windows lets Everyone read a named pipe: a stranger could open a child's stdin first, and take its input.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_PIPE_SECURITY_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_PIPE_SECURITY_HPP

#include "system.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace spawnpipe::platform {

class pipe_security {
 public:
  // Null where the system refuses (GetLastError).
  [[nodiscard]] static std::unique_ptr<pipe_security> make() noexcept;

  [[nodiscard]] SECURITY_ATTRIBUTES* attributes() noexcept { return &attributes_; }

 private:
  bool fill() noexcept;

  static constexpr std::size_t room = 512;  // a SID has 68 bytes at most (SECURITY_MAX_SID_SIZE)

  alignas(TOKEN_USER) std::array<std::byte, room> user_ = {};
  alignas(SID) std::array<std::byte, SECURITY_MAX_SID_SIZE> local_system_ = {};
  alignas(ACL) std::array<std::byte, room> list_ = {};
  SECURITY_DESCRIPTOR descriptor_ = {};
  SECURITY_ATTRIBUTES attributes_ = {};
};

}  // namespace spawnpipe::platform

#endif
