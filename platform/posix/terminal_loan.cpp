// Lending the terminal, and having it back.
#include "terminal_loan.hpp"

#include "plug.hpp"
#include "system_linux.hpp"

#include <utility>

namespace spawnpipe::platform {
namespace {

// While it lives, this thread may do to the terminal what its foreground may.
class as_foreground {
 public:
  as_foreground() noexcept {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGTTOU);
    blocked_ = sys::pthread_sigmask(SIG_BLOCK, &only, &before_) == 0;
  }
  as_foreground(const as_foreground&) = delete;
  as_foreground& operator=(const as_foreground&) = delete;
  ~as_foreground() {
    if (blocked_) sys::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return blocked_; }

 private:
  sigset_t before_;
  bool blocked_ = false;
};

}  // namespace

std::optional<terminal_loan> terminal_loan::prepare() noexcept {
  unique_fd terminal = above_stdio(unique_fd(sys::open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0)));
  if (!terminal || sys::tcgetpgrp(terminal.get()) != sys::getpgrp()) return std::nullopt;
  terminal_loan made(std::move(terminal));
  if (sys::tcgetattr(made.terminal_.get(), &made.of_host_) != 0) return std::nullopt;
  return made;
}

void terminal_loan::take_back(bool with_modes) noexcept {
  if (!std::exchange(lent_, false)) return;
  const as_foreground allowed;
  if (!allowed) return;
  sys::tcsetpgrp(terminal_.get(), sys::getpgrp());
  if (with_modes) sys::tcsetattr(terminal_.get(), TCSANOW, &of_host_);
}

void terminal_loan::interrupt() noexcept {
  if (!lent_) return;
  struct termios now = {};
  of_child_.reset();
  if (sys::tcgetattr(terminal_.get(), &now) == 0) of_child_ = now;
  take_back(true);
}

void terminal_loan::end(bool by_itself) noexcept {
  take_back(!by_itself);
  terminal_.reset();
}

bool terminal_loan::renew(pid_t group) noexcept {
  if (lent_) return true;
  if (sys::tcgetpgrp(terminal_.get()) != sys::getpgrp()) return false;
  if (sys::tcgetattr(terminal_.get(), &of_host_) != 0) return false;
  if (of_child_) sys::tcsetattr(terminal_.get(), TCSANOW, &*of_child_);
  lent_ = sys::tcsetpgrp(terminal_.get(), group) == 0;
  return lent_;
}

}  // namespace spawnpipe::platform
