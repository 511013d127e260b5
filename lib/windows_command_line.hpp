// From arguments to the one string that Windows gives a new process, and back.
//
// CreateProcess passes a line, not an array: each program splits it for itself. Most do it by the rules of the Microsoft C
// runtime ("Parsing C command-line arguments") or of CommandLineToArgvW, which agree on backslashes and quotes, and differ on
// two quotes in a row inside quotes. What is written here is read back the same by both. Programs with rules of their own
// (cmd.exe: batch_escape.hpp) need lines of their own. A program that asks for its line in the ANSI code page gets what that
// page can say, which is not this library's to mend.
#ifndef SPAWNPIPE_LIB_WINDOWS_COMMAND_LINE_HPP
#define SPAWNPIPE_LIB_WINDOWS_COMMAND_LINE_HPP

#include <spawnpipe/result.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe::detail {

/// In UTF-16 units, without the terminator ("CreateProcessW function": 32,767 with it).
inline constexpr std::size_t longest_windows_command_line = 32766;

/// One argument, in quotes where it needs them: where it is empty, holds a quote, a space or a control character, or holds
/// what start-up code expands outside quotes. The C runtimes of mingw-w64 and (with setargv.obj) Microsoft expand `*` and `?`;
/// Cygwin's and MSYS's also take `'`, brackets and braces for their own.
[[nodiscard]] std::string quote_windows_argument(std::string_view argument);
/// In quotes, whatever it is.
[[nodiscard]] std::string always_quote_windows_argument(std::string_view argument);

/// The line for CreateProcess. argv[0] is always in quotes, so that no program looks for its end at a space.
///
/// Errors: `invalid_argument` at `stage::command` where argv is empty, an argument has a NUL or is neither UTF-8 nor WTF-8,
/// or argv[0] has a quote, for which the program name's rule has no escape; the subject says which.
/// `std::errc::argument_list_too_long` at `stage::exec`, as other systems have it.
[[nodiscard]] result<std::string> windows_command_line(std::span<const std::string> argv);

/// The subject is the program; the hint names the length and the limit.
[[nodiscard]] error too_long_command_line(std::string_view program, std::size_t units, std::size_t limit);

/// Whose rules split a line.
enum class windows_splitting {
  shell,  ///< CommandLineToArgvW: `""` inside quotes is a quote, and ends the quotes.
  crt,    ///< The Universal CRT: `""` inside quotes is a quote, and the quotes go on.
};

/// What a program finds in its argv. An empty line gives one empty argument, for which both Windows functions put the path of
/// the running program.
[[nodiscard]] std::vector<std::string> split_windows_command_line(std::string_view line, windows_splitting how);

}  // namespace spawnpipe::detail

#endif
