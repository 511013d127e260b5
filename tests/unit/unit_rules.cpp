// The unit tests stand beside the table: they prove no rule of a back end.
#include "../harness.hpp"

namespace harness {

constinit const column this_column = {
    .program = "unit",
    .back_end = "",
    .broken = {},
    .not_here = {},
};

}  // namespace harness
