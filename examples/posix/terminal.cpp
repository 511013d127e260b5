// The POSIX side of the build tool's terminal.
#include "terminal.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace {

spawnpipe::interrupter* signal_target = nullptr;

extern "C" void on_signal(int) { signal_target->interrupt(); }

}  // namespace

bool terminal::is_output() noexcept {
  const char* type = std::getenv("TERM");
  return type != nullptr && std::string_view(type) != "dumb" && isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal::width() noexcept {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void terminal::interrupt_on_signals(spawnpipe::interrupter& target) noexcept {
  signal_target = &target;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaction(number, &action, nullptr);
}
