// The line that makes cmd.exe run a batch file, and do nothing else.
//
// Windows has no way of its own to run a .bat or .cmd file: CreateProcess quietly starts cmd.exe, which reads the line by its
// own rules. It expands %NAME% even inside quotes, knows no escape for a quote, and takes & | < > for its syntax wherever it
// thinks itself outside quotes. Arguments quoted for the C runtime then run commands: CVE-2024-24576, "BatBadBut". So we start
// cmd.exe ourselves, with its whole line in our hands.
#ifndef SPAWNPIPE_LIB_BATCH_ESCAPE_HPP
#define SPAWNPIPE_LIB_BATCH_ESCAPE_HPP

#include <spawnpipe/result.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace spawnpipe::detail {

/// In UTF-16 units ("Command prompt (Cmd. exe) command-line string limitation").
inline constexpr std::size_t longest_cmd_line = 8191;

/// Whether Windows would open `path` as a batch file: .bat or .cmd in any case. Win32 drops dots and spaces at the end of a
/// path ("Naming Files, Paths, and Namespaces"), and `x.bat::$DATA` is x.bat too: those count as well (CVE-2024-43402). So does
/// what merely ends so, behind the colon of a stream or of `\\.\C:x.bat`: Windows looks at the end of the path.
[[nodiscard]] bool is_batch_file(std::string_view path);

/// The line for CreateProcess, whose lpApplicationName is the same `cmd_exe`, a full path:
///
///   "<cmd_exe>" /d /e:ON /v:OFF /c ""<script>" <arguments>"
///
/// /d: no AutoRun commands of the registry. /e:ON: command extensions, which the % below needs. /v:OFF: !NAME! is text. With /c
/// cmd.exe drops the first quote and the last one ("cmd": how /c treats quotes).
///
/// An argument that is not plainly safe stands in quotes, so that a delimiter (, ; = space) and what is syntax to cmd.exe are
/// text. A quote is doubled: cmd.exe leaves the quotes and enters them again at once, with nothing in between. A % is
/// written as %%cd:~,%: the first % belongs to no name (it would be the empty one), the rest is a part of length 0 of the
/// variable CD, which always exists. Backslashes before a quote are doubled as for the C runtime.
///
/// So a batch file that passes %1 or %* on to a program with the Universal CRT's rules passes our arguments. In "%~1" it
/// sees quotes, and the backslashes before them or at the end, doubled; in quotes that is still safe. What it does with an
/// argument outside quotes, with `call`, or after `setlocal EnableDelayedExpansion` is its own affair. CommandLineToArgvW
/// ends the quotes at a doubled one: an argument with quotes and spaces reaches such a program in pieces. No other way of
/// writing a quote is safe from cmd.exe.
///
/// Wine 8's cmd.exe reads the line likewise, but expands % names once more where the script uses a parameter, which that of
/// Windows never does: under Wine the value of a variable that an argument names can still become syntax.
///
/// Errors: `invalid_argument` at `stage::command`, with a subject that says what and why. Arguments: those with NUL, CR, LF or
/// Ctrl-Z, which end the line or vanish, or not UTF-8. With quotes there is no end of an argument that cannot be passed.
/// Script: what is no batch file or no full path of a drive or a share (cmd.exe would look for it; \\?\ paths it cannot run),
/// and characters that no file name has. `std::errc::argument_list_too_long` at `stage::exec`, the subject being the
/// script, where the line is longer than cmd.exe takes.
[[nodiscard]] result<std::string> batch_command_line(std::string_view cmd_exe, std::string_view script,
                                                     std::span<const std::string> arguments);

/// One argument as it stands in that line. Not for what batch_command_line refuses.
[[nodiscard]] std::string quote_batch_argument(std::string_view argument);
/// A path, in quotes in which cmd.exe expands nothing. Not for one with a quote, which no path has.
[[nodiscard]] std::string quote_path_for_cmd(std::string_view path);

}  // namespace spawnpipe::detail

#endif
