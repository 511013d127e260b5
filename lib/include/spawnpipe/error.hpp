// What a failed call says: a code to branch on, the stage that failed, the thing it failed on, and what a person may want to look at.
#ifndef SPAWNPIPE_ERROR_HPP
#define SPAWNPIPE_ERROR_HPP

#include <spawnpipe/export.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// spawnpipe: children, their pipes, and the loop that serves them.
namespace spawnpipe {

/// The library's own error codes. Those that have a generic meaning compare equal to a `std::errc` (named behind
/// each), so that `e == std::errc::timed_out` holds on every system; errors of the operating system keep the
/// system's own number in `std::system_category()` and compare equal to `std::errc` likewise.
enum class errc {
  timed_out = 1,   ///< The deadline came first. Nothing is lost: call again to go on. (`std::errc::timed_out`)
  cancelled,       ///< A stop request or an interrupter ended the call. (`std::errc::operation_canceled`)
  would_deadlock,  ///< The call would have to wait inside a callback, or on a loop that the host runs.
                   ///< (`std::errc::resource_deadlock_would_occur`)
  wrong_thread,  ///< The object belongs to a loop of another thread, or to the process that this one is a forked copy of.
                 ///< (`std::errc::operation_not_permitted`)
  end_of_stream,   ///< The other side closed, and every byte before that has been delivered.
  closed,          ///< The object was closed here, or never had a pipe. (`std::errc::bad_file_descriptor`)
  stopped,         ///< The stream was stopped here; a reader can be resumed. (`std::errc::operation_canceled`)
  line_too_long,   ///< No delimiter within the limit or the buffer. No byte is lost, and it does not stick.
                   ///< (`std::errc::message_size`)
  limit_reached,   ///< More bytes than the caller's limit allows; the rest stays unread. (`std::errc::file_too_large`)
  output_stalled,  ///< The child cannot go on: this stream of its own is full, and nobody consumes it.
  status_unavailable,  ///< The process is gone, and somebody else took its status. (`std::errc::no_child_process`)
  already_exited,      ///< The process has ended; a signal would hit a stranger. (`std::errc::no_such_process`)
  not_supported,       ///< This back end cannot do what was asked. (`std::errc::not_supported`)
  invalid_argument,    ///< A value that no system could accept. The subject names it. (`std::errc::invalid_argument`)
  suspended,           ///< The child was stopped (Ctrl-Z), and goes on when it is resumed.
  zero_write,          ///< The system took no byte of a write, and called that success. (`std::errc::io_error`)
};

/// The category of `errc`. Its name is "spawnpipe".
[[nodiscard]] SPAWNPIPE_API const std::error_category& category() noexcept;

/// The standard library's form of `code`.
[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), category()};
}

/// Where in the work a failure happened.
enum class stage {
  command,     ///< The description itself is impossible: an empty argv, a NUL in a string, an absurd limit.
  loop,        ///< The event loop: opening it, handing it over, running it.
  pipe,        ///< Creating a pipe for the child.
  redirect,    ///< Opening or duplicating what a stream of the child was redirected to.
  cwd,         ///< Entering the child's working directory.
  attributes,  ///< Process group, session, and other properties of the new process.
  process,     ///< Making the new process itself (no memory, too many processes).
  exec,        ///< Loading the program: not found, not executable, not a program.
  read,        ///< Reading from a pipe.
  write,       ///< Writing to a pipe.
  wait,        ///< Waiting for a process.
  signal,      ///< Sending a signal to a process or its tree.
};

/// The stage's name, as in the enumeration.
[[nodiscard]] SPAWNPIPE_API std::string_view to_string(stage where) noexcept;

/// What was seen when a call failed, as text for a person: where a program was looked for, which file may not be executed, which limit was
/// met. It is gathered at once, because the command, its PATH and the files may be others later. At most 1 KiB of UTF-8.
///
/// Nothing here throws: where there is no memory, the text is empty. A copy shares it, and may be used by another thread.
class SPAWNPIPE_API hint_text {
 public:
  constexpr hint_text() noexcept = default;  ///< No text.
  /// A copy of the text, of which at most 1 KiB is kept.
  explicit hint_text(std::string_view text) noexcept;
  /// Shares the text.
  hint_text(const hint_text& other) noexcept : kept_(other.kept_) { retain(); }
  /// Takes it; `other` has none.
  hint_text(hint_text&& other) noexcept : kept_(std::exchange(other.kept_, nullptr)) {}
  /// Shares it, or takes it.
  hint_text& operator=(hint_text other) noexcept {
    std::swap(kept_, other.kept_);
    return *this;
  }
  ~hint_text() {
    if (kept_ != nullptr) release();
  }

  /// The text, valid for as long as one of those that share it is there.
  [[nodiscard]] std::string_view view() const noexcept;
  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return kept_ == nullptr; }

 private:
  struct text;

  void retain() noexcept;
  void release() noexcept;

  text* kept_ = nullptr;
};

/// What went wrong. Compare it with a `spawnpipe::errc` or a `std::errc` to branch on it.
///
/// It becomes text in two ways. `message()` is the parts as they are, the same for the same parts, for a log. `to_string` is a sentence for
/// the person who is to do something about it, with the hint behind it.
///
/// Where memory runs out:
/// - Nothing that stops, signals, closes or destroys allocates, nor does the loop while it waits, on whatever thread; `wait`, `flush` and
///   the other calls that wait do only where more than eight of them wait with one `interrupter`.
/// - A reader that cannot have its buffer, and a writer that cannot queue, say `std::errc::not_enough_memory`; output of a run that
///   cannot be kept is dropped, and `completed::output_error` says so.
/// - Every other call that is not `noexcept` may throw `std::bad_alloc`. What was to be made is not there then: no process, no
///   descriptor, no loop. A child that had been started already was ended as the destructor of a `child` does it. An object on which
///   the call was made is as it was.
/// - In a host without exceptions such a call ends the process instead; and on POSIX libuv does, where it cannot make its table of
///   descriptors larger.
struct error {
  std::error_code code;          ///< What: the library's own code, or the system's.
  stage where = stage::command;  ///< At which stage.
  std::string subject;           ///< On what: a path, a program, a variable's name, a stream.
  hint_text hint;                ///< What else was seen. Not for branching: its words may change.

  /// The code 0, which means nothing.
  error() = default;
  /// With these parts.
  SPAWNPIPE_API error(std::error_code what, stage at, std::string_view on = {}, hint_text seen = {});
  SPAWNPIPE_API error(errc what, stage at, std::string_view on = {}, hint_text seen = {});  ///< The same.

  /// Stage, subject and reason, such as `exec: "gti": No such file or directory`.
  [[nodiscard]] SPAWNPIPE_API std::string message() const;

  [[nodiscard]] friend bool operator==(const error& left, errc right) noexcept {
    return left.code == make_error_code(right);
  }
  [[nodiscard]] friend bool operator==(const error& left, std::errc right) noexcept { return left.code == right; }
};

/// One sentence that says what failed, on what, why, and what to look at:
///
/// ```
/// cannot start "gti": No such file or directory; looked for in PATH: "/usr/local/bin", "/usr/bin", "/bin"
/// cannot start "./build.sh": No such file or directory; its interpreter "/bin/bsh" is not there
/// cannot make a pipe for "in": Too many open files; this process may have 1024 open (RLIMIT_NOFILE)
/// ```
///
/// Nothing is looked up now. Control characters of names are shown as escapes. No value of a variable is in it, but for the folders of PATH.
/// The reason is in the words of the system, as the hint is in English.
[[nodiscard]] SPAWNPIPE_API std::string to_string(const error& failure);

}  // namespace spawnpipe

/// @cond
template <>
struct std::is_error_code_enum<spawnpipe::errc> : std::true_type {};
/// @endcond

#endif
