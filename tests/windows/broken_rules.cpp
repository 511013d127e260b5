// The column of the Windows back end. It breaks no rule that it knows of; and what there is no such thing as on Windows.
#include "../harness.hpp"

#include <array>

namespace harness {

namespace {

constexpr std::array no_such_thing = {
    declaration{.rule = "G4",
                .reason = "no signals on Windows: a child has the host's error mode, as the system has it"},
    declaration{.rule = "G8", .reason = "no fork on Windows"},
};

}  // namespace

constinit const column this_column = {
    .program = "windows",
    .back_end = "windows",
    .broken = {},
    .not_here = no_such_thing,
};

}  // namespace harness
