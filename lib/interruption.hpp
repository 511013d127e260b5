// The time during which a cancellation may wake a loop: from construction to destruction.
#ifndef SPAWNPIPE_LIB_INTERRUPTION_HPP
#define SPAWNPIPE_LIB_INTERRUPTION_HPP

#include <spawnpipe/cancellation.hpp>

#include "platform.hpp"

#include <atomic>
#include <cstddef>

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
  static void on_stop(void* interruption) noexcept;

  platform::waker* waker_;
  std::atomic<void*>* place_ = nullptr;
  const token_operations* watched_ = nullptr;
  std::atomic<bool> wakes_ = false;
  alignas(std::max_align_t) std::byte watch_[watch_size];
};

}  // namespace spawnpipe::detail

#endif
