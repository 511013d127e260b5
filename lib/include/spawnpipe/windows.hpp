// What exists on Windows only. Including this header says that the code is not portable from here on.
#ifndef SPAWNPIPE_WINDOWS_HPP
#define SPAWNPIPE_WINDOWS_HPP

#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/stdio.hpp>

#include <cstdint>

/// What Windows alone has.
namespace spawnpipe::windows {

/// A HANDLE of the host, for `stdio::handle`. It needs not be inheritable: the child gets a duplicate.
[[nodiscard]] inline native_handle handle(void* value) noexcept {
  return native_handle{reinterpret_cast<std::intptr_t>(value)};
}

/// The HANDLE of a handle, such as `event_loop::native()`: an event to wait for, together with the host's own. It is set
/// while there is something to do; not to be set, reset or closed.
[[nodiscard]] inline void* handle(native_handle value) noexcept { return reinterpret_cast<void*>(value.value); }

}  // namespace spawnpipe::windows

#endif
