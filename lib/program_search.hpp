// Which file a program's name means on Windows.
//
// CreateProcess has a search of its own: the host's folder and the current directory come before PATH, a path with spaces is
// tried in pieces, only .exe is added ("CreateProcessW function"). Whoever can put a file where the host happens to stand
// chooses the program. So the library searches by itself, in PATH and nowhere else, and hands over a full path.
#ifndef SPAWNPIPE_LIB_PROGRAM_SEARCH_HPP
#define SPAWNPIPE_LIB_PROGRAM_SEARCH_HPP

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnpipe::detail {

/// Where to look.
struct windows_program_search {
  std::string_view directory;        ///< Full path: where a relative name with a separator starts.
  std::string_view path;             ///< PATH of the child's environment.
  std::string_view path_extensions;  ///< PATHEXT; where it names none: ".COM;.EXE;.BAT;.CMD".
};

/// The full path for lpApplicationName, with backslashes; nothing where no candidate `is_file`.
///
/// For each place the candidates are the name as given, where it has an extension, then the name with each extension of
/// PATHEXT, in lower case: my.tool, then my.tool.exe. A file without an extension is never one: beside node.cmd often
/// stands a node for other systems.
///
/// - A name without separator is looked for in the folders of PATH. Quotes around an entry are removed; an entry that is
///   empty or relative is skipped, since it means the current directory, whatever that is at the moment.
/// - A name with a separator is a path; if relative, from `directory`. `\name` starts at the root of `directory`'s drive or
///   share. Paths of shares, `\\.\` and `\\?\` are taken as they are.
/// - `C:name` is nothing: its place is the drive's own current directory, which is hidden state of a process.
/// - Win32 drops dots and spaces at the end of a path before it opens it (`\\?\` apart). They are dropped here first: for
///   "tool.bat. ." the answer is tool.bat, and whoever asks whether that is a batch file sees what will open.
/// - Nothing: names that end in a separator, in `.` or in `..`; devices (NUL, COM1.exe); streams (a.txt:b.exe); what has
///   characters that no file name has.
[[nodiscard]] std::optional<std::string> find_windows_program(std::string_view name,
                                                              const windows_program_search& where,
                                                              const std::function<bool(const std::string&)>& is_file);

/// The folders of that PATH that are looked at, in their order.
[[nodiscard]] std::vector<std::string> folders_of_windows_path(std::string_view path);

/// The full path of a name that is one, as it is seen from `directory`; nothing for other names.
[[nodiscard]] std::optional<std::string> windows_path_from(std::string_view name, std::string_view directory);

/// Whether the name is a path, and is not looked for in PATH.
[[nodiscard]] bool is_windows_path(std::string_view name);

}  // namespace spawnpipe::detail

#endif
