// Passing on to children what is meant to interrupt or end the host.
#ifndef SPAWNPIPE_FORWARD_INTERRUPTS_HPP
#define SPAWNPIPE_FORWARD_INTERRUPTS_HPP

#include <spawnpipe/event_loop.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>

#include <optional>

namespace spawnpipe {

namespace detail {
class forward_core;
}

/// While it lives, Ctrl-C reaches the children that have process groups of their own, which the terminal does not interrupt, and
/// does not end the host: what to do about it is the host's to say.
///
/// ```
/// auto guard = spawnpipe::forward_interrupts::begin();
/// auto done = spawnpipe::run({"make"});          // Ctrl-C interrupts make, and the run ends with it
/// if (guard->received()) return 130;
/// ```
///
/// POSIX: it handles SIGINT, SIGQUIT, SIGTERM and SIGHUP, but for those that the host ignores, and sends each to the groups of the
/// loop's children, and a SIGCONT behind it. Children in the host's group are left out: the terminal reaches them itself.
/// Windows: Ctrl-C and Ctrl-Break, both of which children get as Ctrl-Break, because Ctrl-C does not reach a group.
///
/// Nothing else in this library sets a handler of the host's (but for SIGCHLD, on the portable POSIX back end). Its end gives the host
/// back the handlers that it had, unless they have been set anew meanwhile. There may be many, for many loops; the first
/// takes the signals over, and the last gives them back. What they forward is forwarded while their loop is in progress.
///
/// Belongs to its loop's thread, and is destroyed there. Move-only.
class SPAWNPIPE_API forward_interrupts {
 public:
  /// For the children of this thread's own loop, which blocking calls use.
  ///
  /// Errors: what the system says.
  [[nodiscard]] static result<forward_interrupts> begin();

  /// For the children of `loop`.
  ///
  /// Errors: `errc::wrong_thread`, `errc::closed` for a `loop` that is none, and what the system says.
  [[nodiscard]] static result<forward_interrupts> begin(event_loop& loop);

  /// None.
  forward_interrupts() noexcept = default;
  forward_interrupts(forward_interrupts&& other) noexcept;             ///< Goes on for `other`, which is none then.
  forward_interrupts& operator=(forward_interrupts&& other) noexcept;  ///< The same, when what it had has ended.
  ~forward_interrupts();

  /// The number of the signal that came last, if one came since the beginning. Windows: 2 for Ctrl-C, 21 for Ctrl-Break. Never blocks.
  [[nodiscard]] std::optional<int> received();

 private:
  explicit forward_interrupts(detail::forward_core* core) noexcept : core_(core) {}

  detail::forward_core* core_ = nullptr;
};

}  // namespace spawnpipe

#endif
