// The column of the Windows back end. It breaks no rule that it knows of.
#include "../harness.hpp"

namespace harness {

constinit const column this_column = {
    .program = "windows",
    .back_end = "windows",
    .broken = {},
    .not_here = {},
};

}  // namespace harness
