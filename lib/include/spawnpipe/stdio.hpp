// What a child's standard streams are connected to.
//
// Each stream has a variant of its own, so that a combination without sense (reading from a file opened to append, stdin
// merged into stdout) cannot be written. The streams are called in, out and err: stdin and its friends are macros.
#ifndef SPAWNPIPE_STDIO_HPP
#define SPAWNPIPE_STDIO_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace spawnpipe {

/// A descriptor (POSIX) or HANDLE (Windows) of the host, borrowed. `<spawnpipe/posix.hpp>` makes one of an `int`.
struct native_handle {
  std::intptr_t value = -1;  ///< As the system has it; -1 is none.

  friend constexpr bool operator==(native_handle, native_handle) noexcept = default;
};

/// What a stream of a child may be connected to.
namespace stdio {

/// The host's own stream of the same name. Where the host has it closed, or says by its close-on-exec flag (POSIX) that no
/// child is to have it, the child gets the null device; `handle` gives it all the same.
struct inherit {
  friend constexpr bool operator==(inherit, inherit) noexcept = default;
};

/// The null device: reads end at once, writes vanish.
struct null {
  friend constexpr bool operator==(null, null) noexcept = default;
};

/// A pipe, whose other end is `child::in()`, `out()` or `err()`. The child has an ordinary blocking pipe.
struct pipe {
  /// Bytes that the reader's buffer, or the writer's queue, holds at most: 1 to 1 GiB.
  std::size_t capacity = default_capacity;

  static constexpr std::size_t default_capacity = std::size_t{64} * 1024;  ///< 64 KiB.
  static constexpr std::size_t max_capacity = std::size_t{1} << 30;        ///< 1 GiB.

  friend constexpr bool operator==(pipe, pipe) noexcept = default;
};

/// A file to read from. A named pipe is opened without waiting for its writer.
struct from_file {
  std::string path;  ///< UTF-8 on Windows. Relative paths start at the host's directory, not at the child's.

  friend bool operator==(const from_file&, const from_file&) = default;
};

/// What to do with a file that is there, and with one that is not.
enum class file_mode {
  truncate,    ///< Empty it, or create it.
  append,      ///< Every write goes to its end, whoever else writes (POSIX: O_APPEND); or create it.
  create_new,  ///< Fail with `std::errc::file_exists`, or create it.
};

/// A file to write to. Named for both `out` and `err`, it is opened once and both share its position; with different
/// modes that is `errc::invalid_argument`. POSIX: created with mode 0666 less the umask; a named pipe that nobody reads
/// is `std::errc::no_such_device_or_address` rather than a wait.
struct to_file {
  std::string path;  ///< UTF-8 on Windows. Relative paths start at the host's directory, not at the child's.
  file_mode mode = file_mode::truncate;  ///< What becomes of a file that is there.

  friend bool operator==(const to_file&, const to_file&) = default;
};

/// A descriptor or handle of the host. Borrowed until `spawn` returns: the child has a duplicate, the host keeps its own.
struct handle {
  native_handle value;  ///< What it is.

  friend constexpr bool operator==(handle, handle) noexcept = default;
};

/// Standard error into whatever standard output is connected to, in the order of the writes.
struct merge {
  friend constexpr bool operator==(merge, merge) noexcept = default;
};

/// What `in` may be.
using input = std::variant<inherit, null, pipe, from_file, handle>;
/// What `out` may be.
using output = std::variant<inherit, null, pipe, to_file, handle>;
/// What `err` may be.
using error_output = std::variant<inherit, null, pipe, to_file, handle, merge>;

}  // namespace stdio

}  // namespace spawnpipe

#endif
