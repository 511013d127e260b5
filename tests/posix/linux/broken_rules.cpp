// The column of the Linux engine. It breaks no rule that it knows of.
#include "../../harness.hpp"

namespace harness {

constinit const column this_column = {
    .program = "linux",
    .back_end = "linux",
    .broken = {},
    .not_here = {},
};

}  // namespace harness
