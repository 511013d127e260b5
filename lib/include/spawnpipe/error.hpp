// What a failed call says: a code to branch on, the stage that failed, and the thing it failed on.
#ifndef SPAWNPIPE_ERROR_HPP
#define SPAWNPIPE_ERROR_HPP

#include <spawnpipe/export.hpp>

#include <string>
#include <string_view>
#include <system_error>

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

/// What went wrong. Compare it with a `spawnpipe::errc` or a `std::errc` to branch on it.
struct error {
  std::error_code code;          ///< What: the library's own code, or the system's.
  stage where = stage::command;  ///< At which stage.
  std::string subject;           ///< On what: a path, a program, a variable's name, a stream.

  error() = default;
  SPAWNPIPE_API error(std::error_code what, stage at, std::string_view on = {});
  SPAWNPIPE_API error(errc what, stage at, std::string_view on = {});

  /// One line for a person, such as `exec: "gti": No such file or directory`.
  [[nodiscard]] SPAWNPIPE_API std::string message() const;

  [[nodiscard]] friend bool operator==(const error& left, errc right) noexcept {
    return left.code == make_error_code(right);
  }
  [[nodiscard]] friend bool operator==(const error& left, std::errc right) noexcept { return left.code == right; }
};

}  // namespace spawnpipe

template <>
struct std::is_error_code_enum<spawnpipe::errc> : std::true_type {};

#endif
