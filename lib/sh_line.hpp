// A command as a line for the shell of POSIX systems.
#ifndef SPAWNPIPE_LIB_SH_LINE_HPP
#define SPAWNPIPE_LIB_SH_LINE_HPP

#include <spawnpipe/command.hpp>

#include <string>

namespace spawnpipe::detail {

/// A line that does in sh, dash, bash, ksh and zsh what the command does, as far as a shell can: program, arguments, directory, variables,
/// and the streams that are files or the null device.
///
///   (cd ./src && env -u DEBUG LANG="${LANG?}" make -j4) < /dev/null > build.log 2>&1
///
/// - The files are opened outside of the parentheses, by the shell's own directory, as the library opens them by the host's.
/// - Variables stand before the program with their names. In place of a value that the command sets stands the shell's own of that name: the
///   shell says which is missing. A name that no shell takes for one has `...` for its value.
/// - A program whose name a shell would take for a word or a builtin of its own is run by env.
[[nodiscard]] std::string sh_line(const command& what);

}  // namespace spawnpipe::detail

#endif
