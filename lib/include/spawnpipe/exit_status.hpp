// How a process ended.
#ifndef SPAWNPIPE_EXIT_STATUS_HPP
#define SPAWNPIPE_EXIT_STATUS_HPP

#include <spawnpipe/export.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace spawnpipe {

/// How a process ended: it exited with a code, or a signal ended it. An exit status is a fact, not an error; what
/// counts as success is the caller's to say (`success()` is the usual reading).
///
/// POSIX: codes are 0 to 255. Windows: 32 bits, unsigned, and nothing is ever signalled; an unhandled exception is a
/// code such as 0xC0000005.
class exit_status {
 public:
  /// Not known: the process is gone, but somebody else took its status. (Linux 6.15 and later tell it all the same.)
  constexpr exit_status() noexcept = default;

  /// One that exited with `code`.
  [[nodiscard]] static constexpr exit_status exited(std::uint32_t code) noexcept {
    return {kind::exited, code, std::nullopt};
  }

  /// One that `signal` ended, and whether it left a `core`, where that is known.
  [[nodiscard]] static constexpr exit_status signalled(int signal, std::optional<bool> core = std::nullopt) noexcept {
    return {kind::signalled, static_cast<std::uint32_t>(signal), core};
  }

  /// False where the status could not be had.
  [[nodiscard]] constexpr bool known() const noexcept { return kind_ != kind::unknown; }

  /// Exited with code 0.
  [[nodiscard]] constexpr bool success() const noexcept { return kind_ == kind::exited && value_ == 0; }

  /// The exit code, where it exited.
  [[nodiscard]] constexpr std::optional<std::uint32_t> code() const noexcept {
    return kind_ == kind::exited ? std::optional(value_) : std::nullopt;
  }

  /// The signal's number, where a signal ended it.
  [[nodiscard]] constexpr std::optional<int> signal() const noexcept {
    return kind_ == kind::signalled ? std::optional(static_cast<int>(value_)) : std::nullopt;
  }

  /// Whether a core was dumped, where the back end can tell (Linux; `uv_spawn` cannot).
  [[nodiscard]] constexpr std::optional<bool> core_dumped() const noexcept { return core_; }

  friend constexpr bool operator==(const exit_status&, const exit_status&) noexcept = default;

 private:
  enum class kind : std::uint8_t { unknown, exited, signalled };

  constexpr exit_status(kind how, std::uint32_t value, std::optional<bool> core) noexcept
      : kind_(how), value_(value), core_(core) {}

  kind kind_ = kind::unknown;
  std::uint32_t value_ = 0;
  std::optional<bool> core_;
};

/// "exited with code 3", "ended by signal 9 (SIGKILL)", "status not known". The codes that Windows gives a process that could not go on
/// are named: "exited with code 0xC0000135 (STATUS_DLL_NOT_FOUND: a DLL that the program needs was not found)".
[[nodiscard]] SPAWNPIPE_API std::string to_string(const exit_status& status);

}  // namespace spawnpipe

#endif
