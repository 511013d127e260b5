// The names of signals, by the numbers that this system gives them. strsignal(3) has descriptions, in the user's language, and names
// are for the few C libraries that have them.
#include "platform.hpp"
#include "system.hpp"

namespace spawnpipe::platform {
namespace {

const char* usual_name(int number) noexcept {
#define SPAWNPIPE_NAME(name) \
  case name: return #name;
  switch (number) {
    SPAWNPIPE_NAME(SIGABRT)
    SPAWNPIPE_NAME(SIGALRM)
    SPAWNPIPE_NAME(SIGBUS)
    SPAWNPIPE_NAME(SIGCHLD)
    SPAWNPIPE_NAME(SIGCONT)
    SPAWNPIPE_NAME(SIGFPE)
    SPAWNPIPE_NAME(SIGHUP)
    SPAWNPIPE_NAME(SIGILL)
    SPAWNPIPE_NAME(SIGINT)
    SPAWNPIPE_NAME(SIGKILL)
    SPAWNPIPE_NAME(SIGPIPE)
    SPAWNPIPE_NAME(SIGPROF)
    SPAWNPIPE_NAME(SIGQUIT)
    SPAWNPIPE_NAME(SIGSEGV)
    SPAWNPIPE_NAME(SIGSTOP)
    SPAWNPIPE_NAME(SIGSYS)
    SPAWNPIPE_NAME(SIGTERM)
    SPAWNPIPE_NAME(SIGTRAP)
    SPAWNPIPE_NAME(SIGTSTP)
    SPAWNPIPE_NAME(SIGTTIN)
    SPAWNPIPE_NAME(SIGTTOU)
    SPAWNPIPE_NAME(SIGURG)
    SPAWNPIPE_NAME(SIGUSR1)
    SPAWNPIPE_NAME(SIGUSR2)
    SPAWNPIPE_NAME(SIGVTALRM)
    SPAWNPIPE_NAME(SIGWINCH)
    SPAWNPIPE_NAME(SIGXCPU)
    SPAWNPIPE_NAME(SIGXFSZ)
#if defined(SIGIO)
    SPAWNPIPE_NAME(SIGIO)
#endif
#if defined(SIGPWR)
    SPAWNPIPE_NAME(SIGPWR)
#endif
#if defined(SIGSTKFLT)
    SPAWNPIPE_NAME(SIGSTKFLT)
#endif
#if defined(SIGEMT)
    SPAWNPIPE_NAME(SIGEMT)
#endif
#if defined(SIGINFO)
    SPAWNPIPE_NAME(SIGINFO)
#endif
    default: return nullptr;
  }
#undef SPAWNPIPE_NAME
}

}  // namespace

std::string signal_name(int number) {
  if (const char* const name = usual_name(number)) return name;
#if defined(SIGRTMIN)
  if (number == SIGRTMIN) return "SIGRTMIN";
  if (number > SIGRTMIN && number <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
#endif
  return {};
}

}  // namespace spawnpipe::platform
