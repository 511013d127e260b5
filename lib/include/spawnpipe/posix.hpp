// What exists on POSIX systems only. Including this header says that the code is not portable from here on.
#ifndef SPAWNPIPE_POSIX_HPP
#define SPAWNPIPE_POSIX_HPP

#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>
#include <spawnpipe/stdio.hpp>

struct uv_loop_s;

namespace spawnpipe::platform {
struct orphanage;
}

/// What POSIX systems alone have.
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

/// While one lives, this process adopts what its descendants leave behind when they end (Linux: a child subreaper, prctl(2)),
/// and reaps it. That is a property of the whole process, which is why it is never done by itself.
///
/// Trees of children that are spawned meanwhile, and have no control group, are then seen and ended by descent
/// (`mechanism::descendants`), whatever group or session they are in, and whether their parents live or not. A `tree_report` is `exact` where
/// each child of this process is accounted for: by one of the host's own that runs and is younger than the spawned child it is not,
/// nor when the adoption has ended meanwhile.
///
/// The host's own children are never signalled or reaped, unless the host itself puts one into a spawned child's process group. What
/// they leave behind comes to this process too, and is the host's to reap. To be told from that, what is spawned meanwhile has a variable in
/// its environment, `SPAWNPIPE_TREE`, which it hands on to what it starts. Whoever cannot be asked for it, leaves its group and loses its
/// parent before it was ever looked at, is let alone: one that dropped or overwrote the variable, has other rights than the host, or
/// is in the middle of an exec at that moment; and one that ends in that time stays a zombie, unless the host reaps it (`waitpid`).
/// Looked at are all of them when a tree is waited for, signalled or stopped, and when a `child` is destroyed; till then those that
/// have ended are zombies. So is a spawned child itself until its `child` is destroyed.
///
/// A process of `spawn_detached` is this process's child as well, while orphans are adopted, and is reaped as they are.
///
/// Begins and ends on any thread; an object is for one at a time. There may be many: the first makes the process a subreaper, and
/// the last makes it what it was. In a forked copy of the host, which is none, they do nothing.
class SPAWNPIPE_API orphan_adoption {
 public:
  /// Errors: `errc::not_supported` on the portable back end, without a /proc of this process's namespace, and before Linux 5.3; what the
  /// system says.
  [[nodiscard]] static result<orphan_adoption> begin();

  orphan_adoption(orphan_adoption&& other) noexcept;             ///< Goes on for `other`, which is none then.
  orphan_adoption& operator=(orphan_adoption&& other) noexcept;  ///< The same, when what it had has ended.
  ~orphan_adoption();

 private:
  orphan_adoption() = default;

  platform::orphanage* home_ = nullptr;
};

}  // namespace spawnpipe::posix

#endif
