// Which file a command would run.
#ifndef SPAWNPIPE_WHICH_HPP
#define SPAWNPIPE_WHICH_HPP

#include <spawnpipe/command.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/result.hpp>

#include <string>
#include <string_view>

namespace spawnpipe {

/// The full path of the file that `spawn` would run for this command: the program is looked up by the same rules (see `command`), in the PATH
/// of the command's environment, and seen from its directory, if it has them. Nothing is started. The path is not tidied up: links, `.` and
/// `..` stay in it.
///
/// It is what is true now. Between this call and a spawn the files may change, so it is for telling a user what would run, or that something
/// is missing, before work begins; not for making the spawn safe. A program that is found may still fail to start: there may be too little of
/// something, its file may be open to write, or be of no format that the system can run.
///
/// POSIX: as execvp(3) does it. The folders of PATH are tried in turn, an empty one being the command's directory, as a relative one is seen
/// from there; where PATH is not set, the C library's usual ones. A file counts where it is a regular one that may be executed by this
/// process, and, if it begins with `#!` or names a loader, the interpreter can be run too. A name with a slash is a path. The result is
/// relative only where the host's own directory has no path any more.
///
/// Windows: with backslashes, and with the extension that PATHEXT added; a batch file is the batch file, not the cmd.exe that runs it.
///
/// Reads the environment of the host, unless the command's is `clear()`ed: see `environment` for what that means with threads. Any thread, and
/// inside a callback; blocks as long as the file system does.
///
/// Errors, the same as of `spawn`, with the same subjects:
/// - `std::errc::no_such_file_or_directory` at `stage::exec`: there is none. `to_string` of the error says where it was looked for.
/// - `std::errc::permission_denied` at `stage::exec`: one is there that may not be executed, and no other behind it that may.
/// - At `stage::cwd`: the command's directory is missing, is none, or may not be entered.
/// - `errc::invalid_argument` at `stage::command`: the command is impossible, whatever is there.
[[nodiscard]] SPAWNPIPE_API result<std::string> which(const command& what);

/// The same for a name, or a path, in the host's environment and directory.
[[nodiscard]] SPAWNPIPE_API result<std::string> which(std::string_view program);

}  // namespace spawnpipe

#endif
