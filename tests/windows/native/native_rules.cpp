// Whose results these are: Windows' back end, compiled here against a fake of Windows. It shows how its threads, events and
// operations go together; what needs a real system is shown elsewhere.
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
    .program = "windows-logic",
    .back_end = "windows-logic",
    .broken = {},
    .not_here = real_systems_only,
};

}  // namespace harness
