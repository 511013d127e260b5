// The column of the Windows back end. It breaks no rule that is not said here; and what there is no such thing as on Windows.
#include "../harness.hpp"

#include <array>

namespace harness {

namespace {

constexpr std::array broken_here = {
    declaration{.rule = "P6/wait-tree", .reason = "there is no wait_tree here"},
};

constexpr std::array no_such_thing = {
    declaration{.rule = "G4",
                .reason = "no signals on Windows: a child has the host's error mode, as the system has it"},
    declaration{.rule = "G8", .reason = "no fork on Windows"},
};

}  // namespace

constinit const column this_column = {
    .program = "windows",
    .back_end = "windows",
    .broken = broken_here,
    .not_here = no_such_thing,
};

}  // namespace harness
