// The column of the portable back end, and the rules that it breaks: uv_spawn is not ours to mend. Each is observed by a case
// with RULE_HOLDS_OR_BROKEN, so that this list cannot go stale.
#include "../../harness.hpp"

#include <array>

namespace harness {

namespace {

constexpr std::array broken_here = {
    declaration{.rule = "G1/sigchld", .reason = "uv_spawn installs a SIGCHLD handler and does not restore the host's"},
    declaration{.rule = "G2/exact",
                .reason = "uv_spawn closes no inherited descriptors: those without close-on-exec leak"},
    declaration{.rule = "G3/nonblock", .reason = "uv_spawn clears O_NONBLOCK on what becomes descriptor 0, 1 or 2"},
    declaration{.rule = "G4/sighup", .reason = "uv_spawn resets an ignored SIGHUP"},
    declaration{.rule = "G4/realtime", .reason = "uv_spawn leaves ignored real-time signals ignored"},
    declaration{.rule = "G6/host-blocks",
                .reason = "where the host blocks SIGCHLD in all threads, libuv waits for ever"},
    declaration{.rule = "G6/host-reaps", .reason = "where the host reaps all children itself, libuv waits for ever"},
    declaration{.rule = "G6/host-ignores",
                .reason = "where the host ignores SIGCHLD after the spawn, libuv waits for ever"},
    declaration{.rule = "G6/spawn-cost", .reason = "uv_spawn forks: the cost grows with the host's memory"},
    declaration{.rule = "P1/binary",
                .reason = "uv_spawn has a shell run what is no program of this machine, text or not"},
    declaration{.rule = "P6/own-group", .reason = "uv_spawn makes a group only as a session of its own"},
    declaration{.rule = "P6/foreground", .reason = "uv_spawn makes no group that could have the terminal"},
    declaration{.rule = "P9/detached", .reason = "a child of uv_spawn stays the host's to reap"},
    declaration{.rule = "P6/after-leader",
                .reason = "what is left when libuv has reaped the process is signalled no more"},
    declaration{.rule = "P6/orphans",
                .reason = "what uv_spawn started is not told from the host's own when it is orphaned"},
    declaration{.rule = "P9/end-with-host", .reason = "uv_spawn cannot tie a child to the host's life"},
    declaration{.rule = "P2/used", .reason = "uv_spawn throws away what a process used"},
    declaration{.rule = "P8/host-reaps",
                .reason = "a child that the host has reaped itself is signalled by its number"},
};

}  // namespace

constinit const column this_column = {
    .program = "portable",
    .back_end = "portable",
    .broken = broken_here,
    .not_here = {},
};

}  // namespace harness
