// A terminal that a test types on.
#ifndef SPAWNPIPE_TESTS_POSIX_PSEUDO_TERMINAL_HPP
#define SPAWNPIPE_TESTS_POSIX_PSEUDO_TERMINAL_HPP

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace harness {

class pseudo_terminal {
 public:
  pseudo_terminal() : typed_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (typed_ != -1 && ::grantpt(typed_) == 0 && ::unlockpt(typed_) == 0) {
      shown_ = ::open(::ptsname(typed_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
  }
  pseudo_terminal(const pseudo_terminal&) = delete;
  pseudo_terminal& operator=(const pseudo_terminal&) = delete;
  ~pseudo_terminal() {
    if (controls_) ::signal(SIGHUP, SIG_IGN);  // which the end of a terminal sends
    if (shown_ != -1) ::close(shown_);
    if (typed_ != -1) ::close(typed_);
  }

  // False where the system gives none.
  [[nodiscard]] explicit operator bool() const { return shown_ != -1; }
  // What a program has as its terminal.
  [[nodiscard]] int fd() const { return shown_; }
  // Makes it the terminal of this process, which gets a session of its own.
  [[nodiscard]] bool control() {
    (void)::setsid();
    controls_ = ::ioctl(shown_, TIOCSCTTY, 0) == 0;
    return controls_;
  }
  // What programs have shown on it by now, as far as it was not taken before.
  [[nodiscard]] std::string shown() const {
    std::array<char, 4096> block{};
    const int flags = ::fcntl(typed_, F_GETFL);
    ::fcntl(typed_, F_SETFL, flags | O_NONBLOCK);
    const ssize_t got = ::read(typed_, block.data(), block.size());
    ::fcntl(typed_, F_SETFL, flags);
    return {block.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  void type(std::string_view keys) const { (void)!::write(typed_, keys.data(), keys.size()); }
  [[nodiscard]] pid_t foreground() const { return ::tcgetpgrp(shown_); }
  [[nodiscard]] bool echoes() const {
    struct termios modes {};
    return ::tcgetattr(shown_, &modes) == 0 && (modes.c_lflag & ECHO) != 0;
  }

 private:
  int typed_;
  int shown_ = -1;
  bool controls_ = false;
};

inline constexpr const char* no_terminal = "this system gives no terminal";
inline constexpr std::string_view ctrl_c = "\x03";
inline constexpr std::string_view ctrl_d = "\x04";
inline constexpr std::string_view ctrl_z = "\x1a";

}  // namespace harness

#endif
