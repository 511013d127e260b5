// What the sanitizers are told to leave out.

// libuv closes descriptors by system calls that ThreadSanitizer does not see: its pipe to a new child, a loop's own. When another
// thread then opens one and gets the same number, the two are taken for one descriptor, and a race is reported. So is a pidfd,
// which it does not see come either, where it is first watched or closed. What is named here does something with a
// descriptor, and touches no memory that is shared.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:uv_pipe\n"
         "race:uv_loop_init\n"
         "race:spawnpipe::platform::direct::pipe_cloexec\n"
         "race:spawnpipe::platform::direct::open\n"
         "race:^control$\n"
         "race:spawnpipe::platform::unique_fd::reset\n"
         "race:pipe_of_the_host\n";
}
