// The environment of a new process, in the form that CreateProcess takes it.
//
// It is one block of strings, each with its NUL, and a NUL behind the last ("Environment Variables"). Windows wants it sorted by
// name, without regard to case or locale ("Changing Environment Variables"): its own look-ups count on that. Names that begin
// with `=`, such as `=C:`, are how the C runtime and cmd.exe remember the current directory of each drive.
#ifndef SPAWNPIPE_LIB_WINDOWS_ENVIRONMENT_HPP
#define SPAWNPIPE_LIB_WINDOWS_ENVIRONMENT_HPP

#include <string>
#include <vector>

namespace spawnpipe::detail {

/// The block of `variables` (`NAME=value`), sorted by the units of the upcased names. Of several with one name the last
/// counts, in its spelling. What cannot be an entry is left out: an empty string would end the block, and what follows a NUL
/// would be a variable of its own. `upcase` is the system's rule for one unit.
[[nodiscard]] std::u16string windows_environment_block(std::vector<std::u16string> variables,
                                                       char16_t (*upcase)(char16_t));

}  // namespace spawnpipe::detail

#endif
