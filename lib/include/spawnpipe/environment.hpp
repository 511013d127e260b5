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
class SPAWNPIPE_API environment {
 public:
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
