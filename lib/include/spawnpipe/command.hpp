// What to run: a reusable description of a process.
#ifndef SPAWNPIPE_COMMAND_HPP
#define SPAWNPIPE_COMMAND_HPP

#include <spawnpipe/environment.hpp>
#include <spawnpipe/export.hpp>
#include <spawnpipe/stdio.hpp>
#include <spawnpipe/stop_policy.hpp>

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnpipe {

/// Which process group the child belongs to. On Windows that is the group of a console, and is about Ctrl-C and
/// Ctrl-Break only; a tree is ended by the job object that every child has.
enum class process_group {
  /// A child that inherits a terminal stays in the host's group, so that it may read the terminal and gets Ctrl-C; every
  /// other gets one of its own, so that its tree can be ended. POSIX: in a host that has a controlling terminal, one of its own
  /// is a session of its own: in a mere group, a child that opens /dev/tty to ask for something would be stopped until
  /// somebody notices (portable back end: always a session). Windows: a child that inherits a stream of a host with a
  /// console counts as one that inherits a terminal, whatever the stream is.
  automatic,
  host,     ///< The host's group. Signals from here then reach the child alone.
  own,      ///< A group of its own in the host's session. Portable POSIX back end: `errc::not_supported`.
  session,  ///< A session of its own, without a controlling terminal. Windows: a console of its own, without a window.
  /// A group of its own that has the host's terminal, as a shell gives it to the job in its foreground: it may read the
  /// terminal, and Ctrl-C and Ctrl-Z reach it and not the host. The host's group gets the terminal back when the child has
  /// ended or was stopped (`child::suspended`), as soon as its loop is in progress; with the modes that the terminal had before,
  /// unless the child ended by itself: then they are as it left them (stty). A host that has no controlling terminal, or is
  /// in the background, has none to give, and the child just has a group. Windows: as `host`; a console has no foreground
  /// group. Portable POSIX back end: `errc::not_supported`.
  foreground,
};

/// What holds the child and all that it starts together, so that it can be ended, and seen to be gone, as a whole. Windows: a job object
/// in every case, which is exact.
enum class process_tree {
  group,  ///< The process group or session of the child, if it has one of its own: costs nothing, and misses what leaves the group.
  contained,  ///< Exact, or not at all. Linux: a control group of its own (cgroup v2), where the host's is delegated to it, which
  ///< takes Linux 5.14; else the spawn is `errc::not_supported`, as it is on other POSIX systems. Its folder,
  ///< `spawnpipe-<host>-<number>`, goes with the `child` object; it stays where somebody is left in it then.
  best,  ///< `contained` where that can be had, else `group`.
};

/// A program with its arguments, surroundings and streams. A value: copy it, change the copy, spawn it often. Nothing is
/// looked up, opened or checked before it is spawned.
///
/// ```
/// auto build = spawnpipe::command("make", {"-j4"}).cwd("src").env("LANG", "C").err(spawnpipe::stdio::merge{});
/// ```
///
/// Lookup: a program name with a slash is a path, seen from the child's directory where it is relative. One without
/// is searched for in the PATH of the child's environment. POSIX: as execvp(3) does it, so that a script without a
/// shebang line is run by /bin/sh; but not what has a NUL in its first line, as a program of another machine has it
/// (`std::errc::executable_format_error`; the portable back end leaves that to execvp, which has the shell run it).
/// Windows: both kinds of slash count; PATHEXT of the child's environment names the extensions that may be left out; neither
/// the current directory nor a relative folder in PATH is searched. Batch files are run
/// by the system's cmd.exe, with their arguments escaped so that nothing in them is expanded or executed; an argument that
/// cannot be made safe is `errc::invalid_argument`.
///
/// `which` tells the file that a name means. `to_string` shows the command as a line for a shell.
///
/// The host's environment is read at each spawn, which on POSIX must not meet a `setenv` of another thread: see `environment`.
///
/// The streams that are not mentioned are inherited by `spawn`; `run` gives the ones that are not mentioned a pipe (in:
/// the null device where there is no input).
class SPAWNPIPE_API command {
 public:
  /// `program`, with `arguments` behind it.
  explicit command(std::string program, std::vector<std::string> arguments = {});

  /// The program and its arguments in one list: `run({"git", "log", "-1"})`.
  command(std::initializer_list<std::string_view> argv);

  /// A line for the system's shell. POSIX: `/bin/sh -c line`; arguments that are added are its `$0`, `$1` ... Windows:
  /// `cmd.exe /d /s /c "line"`, by the full path of the system's own; it takes no arguments behind the line. The line goes to
  /// the shell as it is: nothing in it is quoted for you.
  [[nodiscard]] static command shell(std::string line);

  /// Adds an argument.
  command& arg(std::string argument);

  /// Adds arguments.
  command& args(std::vector<std::string> arguments);

  /// What the child sees as its own name (argv[0]) in place of the program's.
  command& argv0(std::string name);

  /// The directory the child starts in, in place of the host's current one.
  command& cwd(std::string directory);

  /// Sets a variable in the child's environment.
  command& env(std::string name, std::string value);

  /// The child's environment, for `unset` and `clear`.
  [[nodiscard]] environment& env() noexcept { return environment_; }
  [[nodiscard]] const environment& env() const noexcept { return environment_; }  ///< The same.

  /// What the child reads as its standard input.
  command& in(stdio::input source);

  /// Where its standard output goes.
  command& out(stdio::output target);

  /// Where its standard error goes.
  command& err(stdio::error_output target);

  /// Gives the child `source` as its descriptor `number` (3 to 1023), beside the three standard streams. Borrowed until
  /// `spawn` returns. The numbers of all that is asked for may overlap with those of the sources. POSIX only; Windows:
  /// `errc::not_supported`. The portable POSIX back end needs the numbers below it for a moment: close to the host's limit of
  /// descriptors it says `std::errc::too_many_files_open`.
  command& descriptor(int number, native_handle source);

  /// The process group of the child.
  command& group(process_group which) noexcept;

  /// What holds what the child starts together. By default the group.
  command& tree(process_tree which) noexcept;

  /// Has the system kill the child when the host dies, however that happens. Without this it lives on, but on Windows, where a child
  /// that the host still holds dies with it in every case, with all that it started.
  ///
  /// Linux: the child alone, not what it started; and it dies already when the thread ends that spawned it, so spawn such a child on a
  /// thread that lasts (prctl(2), PR_SET_PDEATHSIG). A program that gains rights by its file (set-user-ID) is exempt. Other POSIX
  /// systems: `errc::not_supported`.
  command& end_with_host(bool wanted = true) noexcept;

  /// What the destructor of a running `child` does. By default it kills.
  command& on_destroy(stop_policy policy) noexcept;

  /// The program, as it was given; of a line for the shell, the shell.
  [[nodiscard]] const std::string& program() const noexcept { return program_; }

  /// Whether it was made by `shell`.
  [[nodiscard]] bool is_shell_line() const noexcept { return shell_line_; }

  /// The child's own name, and its arguments behind it.
  [[nodiscard]] const std::vector<std::string>& argv() const noexcept { return argv_; }

  /// The directory, where one was chosen.
  [[nodiscard]] const std::optional<std::string>& cwd() const noexcept { return cwd_; }

  /// The standard input, where it was chosen; so the other two.
  [[nodiscard]] const std::optional<stdio::input>& in() const noexcept { return in_; }
  [[nodiscard]] const std::optional<stdio::output>& out() const noexcept { return out_; }  ///< The standard output.
  [[nodiscard]] const std::optional<stdio::error_output>& err() const noexcept {
    return err_;
  }  ///< The standard error.

  /// What it gets beside the three, by its number in the child.
  [[nodiscard]] const std::map<int, native_handle>& descriptors() const noexcept { return descriptors_; }

  [[nodiscard]] process_group group() const noexcept { return group_; }         ///< What was chosen, or `automatic`.
  [[nodiscard]] process_tree tree() const noexcept { return tree_; }            ///< What was chosen, or `group`.
  [[nodiscard]] bool end_with_host() const noexcept { return end_with_host_; }  ///< What was chosen, or false.
  [[nodiscard]] const stop_policy& on_destroy() const noexcept {
    return on_destroy_;
  }  ///< What was chosen, or to kill.

 private:
  std::string program_;
  std::vector<std::string> argv_;
  std::optional<std::string> cwd_;
  environment environment_;
  std::optional<stdio::input> in_;
  std::optional<stdio::output> out_;
  std::optional<stdio::error_output> err_;
  std::map<int, native_handle> descriptors_;
  process_group group_ = process_group::automatic;
  process_tree tree_ = process_tree::group;
  stop_policy on_destroy_ = stop_policy::immediate();
  bool end_with_host_ = false;
  bool shell_line_ = false;
};

/// The command as a line that can be pasted into the system's shell, to show what was run, or to run it again by hand: program, arguments and
/// directory, and the streams that are redirected to files or the null device.
///
/// POSIX, for /bin/sh and its kin: `(cd ./src && env LANG="${LANG?}" make -j4) < /dev/null > build.log 2>&1`. Text of any bytes comes back as it
/// was, and is printable: control characters, and what is not UTF-8, are written as `"$(printf '\033')"`. An argument with a newline makes
/// it more than one line. Windows, for the prompt of cmd.exe: `(pushd "src" && (make -j4 & popd)) < nul > "build.log" 2>&1`.
///
/// The values of variables are never shown, since they may be secrets. POSIX: those that the command sets stand there as `NAME="${NAME?}"`,
/// so that the line takes the shell's own value, or stops and says that there is none; where no shell has such a name, the value is `...`.
/// Windows: the program has the variables of the prompt, and a remark at the end of the line names what the command changes. Arguments are
/// shown, as any process of the system may see them: a secret does not belong there.
///
/// What a shell has no words for is left out: pipes and handles, descriptors, another argv[0], groups and trees. Nothing is looked up: a
/// shell finds a program by rules of its own (cmd.exe: in the current directory first, and its own commands before all), and opens files
/// by its own (a named pipe is waited for). What cannot be on a command line of cmd.exe, such as a line end, is shown as U+FFFD.
[[nodiscard]] SPAWNPIPE_API std::string to_string(const command& what);

}  // namespace spawnpipe

#endif
