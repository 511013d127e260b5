// A command as a line for the prompt of cmd.exe.
#ifndef SPAWNPIPE_LIB_CMD_PROMPT_LINE_HPP
#define SPAWNPIPE_LIB_CMD_PROMPT_LINE_HPP

#include <spawnpipe/command.hpp>

#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// A line that does at the prompt of cmd.exe, or behind its /c, what the command does, as far as cmd.exe can: program, arguments, directory,
/// and the streams that are files or the null device. Not for a batch file, where % is read in another way.
///
///   (pushd "src" && (make -j4 & popd)) < nul > "build.log" 2>&1 & rem variables: LANG set, DEBUG unset
///
/// - The files are opened outside of the parentheses, by the shell's own directory, as the library opens them by the host's.
/// - Variables are only named, behind `rem`: the program has those of the prompt.
/// - What cmd.exe cannot say, a line end in an argument above all, is shown as U+FFFD.
[[nodiscard]] std::string cmd_prompt_line(const command& what);

/// One argument of a program that splits its line by the rules of windows_command_line.hpp. Where it has a quote or a %, cmd.exe is kept from
/// seeing quotes at all: each character that it would act on has a ^ before it, and a % one behind it, so that what is between two of them
/// begins with ^, and is no variable's name.
[[nodiscard]] std::string quote_prompt_argument(std::string_view argument);

}  // namespace spawnpipe::detail

#endif
