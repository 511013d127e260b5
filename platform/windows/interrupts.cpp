// The console's events that ask a process to end. The system calls the handler on a thread of its own.
#include "error.hpp"
#include "platform.hpp"
#include "system.hpp"

#include <atomic>

namespace spawnpipe::platform {
namespace {

// As signal() of the C runtime numbers them.
constexpr int interrupt_number = 2;
constexpr int break_number = 21;

std::atomic<void (*)(int) noexcept> listener = nullptr;

// The others end the process whatever is said here.
BOOL WINAPI on_event(DWORD event) {
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) return FALSE;
  if (auto* const heard = listener.load()) heard(event == CTRL_C_EVENT ? interrupt_number : break_number);
  return TRUE;
}

}  // namespace

result<void> interrupts_begin(void (*heard)(int number) noexcept) {
  listener.store(heard);
  if (sys::SetConsoleCtrlHandler(&on_event, TRUE) == FALSE) return last_error(stage::signal, "the console's events");
  return {};
}

void interrupts_end() noexcept { sys::SetConsoleCtrlHandler(&on_event, FALSE); }

}  // namespace spawnpipe::platform
