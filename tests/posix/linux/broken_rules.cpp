// The column of the Linux engine, and the rules that it breaks. Each is observed by a case with RULE_HOLDS_OR_BROKEN, so that this
// list cannot go stale.
#include "../../harness.hpp"

#include <array>

namespace harness {

namespace {

constexpr std::array broken_here = {
    declaration{.rule = "P6/wait-tree", .reason = "there is no wait_tree here"},
};

}  // namespace

constinit const column this_column = {
    .program = "linux",
    .back_end = "linux",
    .broken = broken_here,
    .not_here = {},
};

}  // namespace harness
