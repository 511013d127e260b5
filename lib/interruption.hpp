// The time during which a cancellation may wake a loop: from construction to destruction.
#ifndef SPAWNPIPE_LIB_INTERRUPTION_HPP
#define SPAWNPIPE_LIB_INTERRUPTION_HPP

#include <spawnpipe/cancellation.hpp>

#include "platform.hpp"

#include <atomic>
#include <optional>

namespace spawnpipe::detail {

class interruption {
 public:
  /// Wakes `waker`'s loop when `cancel` is requested, also when that was before. `waker` lives as long as this.
  interruption(const cancellation& cancel, platform::waker* waker);
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;
  ~interruption();

 private:
  /// What is done on the thread that asks for the stop. It runs once at most.
  struct wake {
    platform::waker* waker;
    std::atomic<bool>* running;
    void operator()() const noexcept {
      running->store(true);
      platform::loop_wake(waker);
      running->store(false);
    }
  };

  platform::waker* waker_;
  std::atomic<void*>* place_ = nullptr;
#if defined(__cpp_lib_jthread)
  std::atomic<bool> wakes_ = false;
  std::optional<std::stop_callback<wake>> on_stop_;
#endif
};

}  // namespace spawnpipe::detail

#endif
