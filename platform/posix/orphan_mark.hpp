// The variable by which a process is known to descend from a child of this host, when it has lost its parent: SPAWNPIPE_TREE, with the
// numbers of the trees that it is in, the innermost first, as "host.tree:host.tree".
#ifndef SPAWNPIPE_PLATFORM_POSIX_ORPHAN_MARK_HPP
#define SPAWNPIPE_PLATFORM_POSIX_ORPHAN_MARK_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace spawnpipe::platform {

// The host's number: random, because that of its process comes again, in another namespace, after an exec, and in a second copy of this
// library.
[[nodiscard]] std::uint64_t orphan_nonce() noexcept;
// For the environment of a child, NAME=value. The host's own trees stay in it.
[[nodiscard]] std::string orphan_variable(std::uint64_t nonce, std::uint64_t tree);
// The tree of this host that a process says it is in. Nothing where it does not say so, or may not be asked, or is in the middle of an exec,
// when it has no variables at all.
[[nodiscard]] std::optional<std::uint64_t> marked_tree(std::uint64_t nonce, pid_t id) noexcept;

}  // namespace spawnpipe::platform

#endif
