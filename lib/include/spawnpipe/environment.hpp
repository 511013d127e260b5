// What a child's environment differs by from the host's.
#ifndef SPAWNPIPE_ENVIRONMENT_HPP
#define SPAWNPIPE_ENVIRONMENT_HPP

#include <spawnpipe/export.hpp>

#include <map>
#include <optional>
#include <string>

namespace spawnpipe {

/// Changes to the host's environment, as it is at the moment of the spawn: the last word on each name counts.
///
/// A name that is empty or contains `=`, and a NUL in a name or value, make the spawn fail with
/// `errc::invalid_argument` at `stage::command`. Windows: names are compared without case.
///
/// Threads. `spawn` and its kin, and `which`, read the host's environment when they are called: for the child's variables, and for PATH. On
/// POSIX that is a data race with a `setenv`, `putenv` or `unsetenv` of another thread in the same moment, in the host or in a library of
/// its: those may move or free what is being read, and the C library has no lock for it that others could take. Nothing here can be done
/// about it but not to read. Where variables are changed while threads run, take a `snapshot()` once, before there are any, and give it to each
/// command; a command whose environment is cleared, and set as a whole, never looks at the host's:
///
/// ```
/// const spawnpipe::environment at_start = spawnpipe::environment::snapshot();  // first thing in main
/// ...
/// spawnpipe::command build("make");
/// build.env() = at_start;
/// ```
///
/// Windows: the system gives a copy under its own lock, and there is no such race. (What `_putenv` changes, the system has too.)
class SPAWNPIPE_API environment {
 public:
  /// The host's variables as they are now, as a whole: cleared, and each of them set. What cannot be set is left out: entries without a name,
  /// and on Windows the current directories of the drives (`=C:`).
  [[nodiscard]] static environment snapshot();

  /// Gives the variable this value.
  environment& set(std::string name, std::string value);

  /// Takes the variable away.
  environment& unset(std::string name);

  /// Starts from nothing: forgets what was set before, and the host's variables.
  environment& clear();

  /// True after `clear()`: the host's variables are not taken over.
  [[nodiscard]] bool cleared() const noexcept { return cleared_; }

  /// The names spoken of: with a value, or to be taken away.
  [[nodiscard]] const std::map<std::string, std::optional<std::string>>& changes() const noexcept { return changes_; }

  friend bool operator==(const environment&, const environment&) = default;

 private:
  bool cleared_ = false;
  std::map<std::string, std::optional<std::string>> changes_;
};

}  // namespace spawnpipe

#endif
