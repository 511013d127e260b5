// The column of the simulated back end, and the rules that only a real process can show.
#include "harness.hpp"

#include <array>

namespace harness {

namespace {

constexpr std::array real_systems_only = {
    declaration{"G1", "real systems only"}, declaration{"G2", "real systems only"},
    declaration{"G3", "real systems only"}, declaration{"G4", "real systems only"},
    declaration{"G5", "real systems only"}, declaration{"G6", "real systems only"},
    declaration{"G7", "real systems only"},
};

}  // namespace

constinit const column this_column = {
    .program = "simulated",
    .back_end = "simulated",
    .broken = {},
    .not_here = real_systems_only,
};

}  // namespace harness
