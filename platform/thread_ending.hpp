// The end of a thread by the destructor of a thread_local object: for the back ends whose systems allow it.
#ifndef SPAWNPIPE_PLATFORM_THREAD_ENDING_HPP
#define SPAWNPIPE_PLATFORM_THREAD_ENDING_HPP

namespace spawnpipe::platform {

struct thread_ending {
  void (*end)(void* context) noexcept = nullptr;
  void* context = nullptr;

  thread_ending() = default;
  thread_ending(const thread_ending&) = delete;
  thread_ending& operator=(const thread_ending&) = delete;
  ~thread_ending() {
    if (end != nullptr) end(context);
  }
};

}  // namespace spawnpipe::platform

#endif
