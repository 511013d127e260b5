// Waits in a loop for a descriptor to become readable or writable, and the turn of a loop that does so.
//
// On the portable back end that is libuv's uv_poll_t (watch_libuv.cpp). On Linux it is an epoll set of the loop's own
// (watch_linux.cpp): a uv_poll_t costs five calls more for each pipe of a child, and a turn of uv_run more than the bare wait.
#ifndef SPAWNPIPE_PLATFORM_POSIX_WATCH_HPP
#define SPAWNPIPE_PLATFORM_POSIX_WATCH_HPP

#include "loop.hpp"

#include <cstdint>

namespace spawnpipe::platform {

struct watch;

// `end` is that of a process, by its pidfd: told once, and again when there is news of it. An end that cannot be had yet, because a
// debugger has it, would keep a loop busy otherwise.
enum class direction : std::uint8_t { in, out, end };

// The descriptor is ready, or has failed; with a code (negative, of libuv) the watch could not go on, and has stopped. It
// calls no user, opens and closes nothing, and may stop its own watch.
using watch_callback = void (*)(void* context, int code) noexcept;

// Not started yet. 0, or negative as libuv has it. `fd` stays the caller's, and stays open until the watch is closed.
[[nodiscard]] int watch_open(loop& owner, int fd, direction which, watch_callback ready, void* context,
                             watch*& into) noexcept;
// Level-triggered, and stays so: to take a descriptor out of the set and to put it back costs more than a read.
[[nodiscard]] int watch_start(watch& self) noexcept;
void watch_stop(watch& self) noexcept;
[[nodiscard]] bool watch_started(const watch& self) noexcept;
// Whether a host's loop goes on for its sake while it is started: as long as somebody waits for what it tells.
void watch_keep_alive(watch& self, bool yes) noexcept;
// Also in a forked copy of the host.
void watch_close(watch* self) noexcept;

// ---- for the loop

// What the loop's watches need. 0, or negative.
[[nodiscard]] int watches_open(loop& self) noexcept;
// All of them are closed.
void watches_close(loop& self) noexcept;
// In a forked copy: nothing of the parent's is touched from now on. In a turn of the host's, which has called uv_loop_fork before, as
// libuv demands; or before any. True where libuv's set needs no more.
bool watches_leave(loop& self, bool hosts_turn) noexcept;
// A loop of our own: waits once, until `until` at most, and calls what is ready.
void take_turn(loop& self, time_point until) noexcept;
// Becomes readable when a turn has something to do.
[[nodiscard]] int watches_descriptor(const loop& self) noexcept;
// A handle of libuv was started or closed: its part comes in the next turn.
void libuv_is_due(loop& self) noexcept;

}  // namespace spawnpipe::platform

#endif
