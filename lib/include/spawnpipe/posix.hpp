// What exists on POSIX systems only. Including this header says that the code is not portable from here on.
#ifndef SPAWNPIPE_POSIX_HPP
#define SPAWNPIPE_POSIX_HPP

#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stdio.hpp>

struct uv_loop_s;

namespace spawnpipe::posix {

/// A descriptor of the host, for `stdio::handle` and `command::descriptor`.
[[nodiscard]] constexpr native_handle fd(int descriptor) noexcept { return native_handle{descriptor}; }

/// The descriptor of a handle, such as `event_loop::native()`.
[[nodiscard]] constexpr int fd(native_handle handle) noexcept { return static_cast<int>(handle.value); }

/// An event loop on top of a `uv_loop_t` that the host runs. Callbacks are called from the host's `uv_run`, on its thread,
/// and must not throw. `event_loop::run` and every call that would have to wait return `errc::would_deadlock`.
///
/// `loop` is borrowed. Before the host closes it, the `event_loop` and all objects made on it must be gone, and `uv_run`
/// must have been given a last turn, in which the handles of this library finish closing.
///
/// The loop is kept alive (in libuv's sense) by running children, by readers that are neither stopped nor full nor at their
/// end, by queued bytes, and by nothing else.
///
/// The calling thread becomes the owner of the `event_loop`: it is the one that runs `loop`.
///
/// Errors: `errc::invalid_argument` for a null `loop`; what libuv says, at `stage::loop`.
[[nodiscard]] SPAWNPIPE_API result<event_loop> adopt(uv_loop_s* loop);

}  // namespace spawnpipe::posix

#endif
