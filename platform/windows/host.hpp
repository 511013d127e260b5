// What the back end itself asks about the host.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_HOST_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_HOST_HPP

#include "platform.hpp"

#include <string>

namespace spawnpipe::platform {

// The full path of cmd.exe. Not from COMSPEC, which anybody may have set.
[[nodiscard]] std::string command_processor();

}  // namespace spawnpipe::platform

#endif
