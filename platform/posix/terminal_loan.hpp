// The host's controlling terminal, lent to a child: who is in its foreground, and which modes it has.
//
// The child takes the terminal itself, before exec (child_linux.cpp), so that no moment is without its owner. Taking it back is ours,
// from the background, which only a thread that blocks SIGTTOU may do. As shells do it: a job that was stopped or killed may
// have left any modes, so the host's come back; one that ended by itself (stty) is believed. Unlike shells, nobody waits for the
// terminal to show what was written to it: it may be stopped for ever (Ctrl-S).
#ifndef SPAWNPIPE_PLATFORM_POSIX_TERMINAL_LOAN_HPP
#define SPAWNPIPE_PLATFORM_POSIX_TERMINAL_LOAN_HPP

#include "unique_fd.hpp"

#include <termios.h>

#include <optional>

namespace spawnpipe::platform {

class terminal_loan {
 public:
  // Nothing where the host has no terminal, or is not in its foreground. To be lent() next, or forgotten.
  [[nodiscard]] static std::optional<terminal_loan> prepare() noexcept;

  void lent() noexcept { lent_ = true; }
  [[nodiscard]] bool is_lent() const noexcept { return lent_; }
  // For a child that was stopped: its modes are kept, and the host's are there again.
  void interrupt() noexcept;
  // For a child that has ended.
  void end(bool by_itself) noexcept;
  // To `group` once more, with the modes it had. False while the host does not have the terminal.
  [[nodiscard]] bool renew(pid_t group) noexcept;

 private:
  explicit terminal_loan(unique_fd terminal) noexcept : terminal_(std::move(terminal)) {}

  void take_back(bool with_modes) noexcept;

  unique_fd terminal_;
  struct termios of_host_ = {};
  std::optional<struct termios> of_child_;
  bool lent_ = false;
};

}  // namespace spawnpipe::platform

#endif
