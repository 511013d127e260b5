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
// signal that comes while it does. The end of a child must not be the one: so the first such call is made before there is a child.
#if defined(__SANITIZE_THREAD__)
#include <unistd.h>
[[maybe_unused]] static const int waited = ::usleep(1);
#endif
