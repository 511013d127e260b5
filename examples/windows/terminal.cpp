// The Windows side of the build tool's terminal: a console, which has to be told that it gets escape sequences and UTF-8.
// A terminal that is none (mintty) looks like a pipe, and gets plain lines.
#include "terminal.hpp"

#include <windows.h>

namespace {

spawnpipe::interrupter* control_target = nullptr;

// Called on a thread of its own. When it returns from anything but Ctrl-C and Ctrl-Break the system ends the process;
// kept waiting, it does so after some seconds, before which the end of main comes.
BOOL WINAPI on_control(DWORD event) {
  control_target->interrupt();
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(INFINITE);
  return TRUE;
}

// The settings belong to the console, which outlives this program: they are put back at its end.
class console {
 public:
  console() noexcept : output_(GetStdHandle(STD_OUTPUT_HANDLE)), code_page_(GetConsoleOutputCP()) {
    if (GetConsoleMode(output_, &mode_) == FALSE) return;
    ready_ = SetConsoleMode(output_, mode_ | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != FALSE;
    if (ready_) SetConsoleOutputCP(CP_UTF8);
  }
  console(const console&) = delete;
  console& operator=(const console&) = delete;
  ~console() {
    if (!ready_) return;
    SetConsoleMode(output_, mode_);
    SetConsoleOutputCP(code_page_);
  }

  [[nodiscard]] bool ready() const noexcept { return ready_; }

  [[nodiscard]] std::size_t width() const noexcept {
    CONSOLE_SCREEN_BUFFER_INFO info = {};
    if (GetConsoleScreenBufferInfo(output_, &info) == FALSE) return 80;
    const int columns = info.srWindow.Right - info.srWindow.Left + 1;
    return columns > 0 ? static_cast<std::size_t>(columns) : 80;
  }

 private:
  HANDLE output_;
  UINT code_page_;
  DWORD mode_ = 0;
  bool ready_ = false;
};

console& the_console() noexcept {
  static console one;
  return one;
}

}  // namespace

bool terminal::is_output() noexcept { return the_console().ready(); }

std::size_t terminal::width() noexcept { return the_console().width(); }

void terminal::interrupt_on_signals(spawnpipe::interrupter& target) noexcept {
  control_target = &target;
  SetConsoleCtrlHandler(on_control, TRUE);
}
