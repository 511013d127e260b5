// What the sanitizers are told to leave out, and what they need.

// libuv closes descriptors by system calls that ThreadSanitizer does not see: its pipe to a new child, a loop's own. When another
// thread then opens one and gets the same number, the two are taken for one descriptor, and a race is reported. So is a pidfd,
// which it does not see come either, where it is first watched or closed. What is named here does something with a
// descriptor, and touches no memory that is shared. (libuv's own frames have names only where its symbols are installed.)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:uv_pipe\n"
         "race:^__interceptor_epoll_create1$\n"
         "race:^__interceptor_eventfd$\n"
         "race:spawnpipe::platform::direct::pipe_cloexec\n"
         "race:spawnpipe::platform::direct::open\n"
         "race:^control$\n"
         "race:spawnpipe::platform::unique_fd::reset\n"
         "race:pipe_of_the_host\n";
}

// At a thread's first call that waits, ThreadSanitizer's runtime (gcc 12) makes what it keeps of the thread's signals, and loses a
// signal that comes while it does. The end of a child must not be the one: so each thread makes such a call at its beginning, with all
// signals blocked; the first thread does before there is a child.
#if defined(__SANITIZE_THREAD__)
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <memory>

namespace {

[[maybe_unused]] const int waited = ::usleep(1);

struct beginning {
  void* (*routine)(void*);
  void* argument;
};

void* begin(void* given) {
  // Nothing is held while the thread runs: who counts allocations would find it.
  const beginning what = *std::unique_ptr<const beginning>(static_cast<const beginning*>(given));
  sigset_t every;
  sigset_t before;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, &before);
  ::usleep(1);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return what.routine(what.argument);
}

}  // namespace

// In place of the runtime's own, which it calls; libuv's threads and those of the standard library come here, too.
extern "C" int pthread_create(pthread_t* made, const pthread_attr_t* how, void* (*routine)(void*),
                              void* argument) noexcept {
  using function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "pthread_create"));
  auto what = std::make_unique<beginning>(beginning{routine, argument});
  const int code = next(made, how, begin, what.get());
  if (code == 0) static_cast<void>(what.release());
  return code;
}
#endif
