// One overlapped operation: its OVERLAPPED, its event, and the rule that both stay until Windows has let go of them.
//
// Issued, retired and asked on the owner thread only: an operation that waits on an event ends, with 995, when the thread that
// issued it ends.
//
//   idle -> pending -> idle                   by its completion
//                   -> cancelling -> idle     by retire, which waits for the completion whatever CancelIoEx says
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_OPERATION_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_OVERLAPPED_OPERATION_HPP

#include "awaited.hpp"
#include "handle.hpp"
#include "platform.hpp"

#include <optional>

namespace spawnpipe::platform {

// What Windows said of it: ERROR_SUCCESS or another number, and the bytes.
struct overlapped_outcome {
  DWORD code = ERROR_SUCCESS;
  DWORD bytes = 0;
};

class overlapped_operation {
 public:
  overlapped_operation() noexcept = default;
  overlapped_operation(const overlapped_operation&) = delete;
  overlapped_operation& operator=(const overlapped_operation&) = delete;
  ~overlapped_operation() = default;  // idle by then: its pipe is closed by whoever has retired it

  // Once, before all else; false where the system refuses (GetLastError). `ready` is called when the operation seems to have
  // ended: ask collect.
  [[nodiscard]] bool create(loop& owner, awaited::function ready, void* context) noexcept;

  // From idle, else refused: ERROR_BUSY, and what is in flight goes on. `issue` is given the OVERLAPPED, and returns what ReadFile or
  // WriteFile returned. Nothing: it is pending.
  template <class Issue>
  [[nodiscard]] std::optional<overlapped_outcome> start(HANDLE pipe, const completion& hint, Issue issue) noexcept {
    if (!idle()) return overlapped_outcome{.code = ERROR_BUSY};
    prepare();
    const bool at_once = issue(&overlapped_) != FALSE;
    return started(pipe, hint, at_once);
  }
  // Idle again, where the operation has ended; nothing where it is pending still.
  [[nodiscard]] std::optional<overlapped_outcome> collect(HANDLE pipe) noexcept;
  // Cancels it, and waits until it has ended. To be called when it is pending.
  [[nodiscard]] overlapped_outcome retire(HANDLE pipe) noexcept;

  [[nodiscard]] bool idle() const noexcept { return state_ == state::idle; }

 private:
  enum class state { idle, pending, cancelling };

  void prepare() noexcept;
  std::optional<overlapped_outcome> started(HANDLE pipe, const completion& hint, bool at_once) noexcept;
  overlapped_outcome result(HANDLE pipe) noexcept;
  [[nodiscard]] bool ended() const noexcept;

  state state_ = state::idle;
  OVERLAPPED overlapped_ = {};
  unique_handle event_;
  const completion* hint_ = nullptr;
  awaited::function ready_ = nullptr;
  void* context_ = nullptr;
  awaited awaited_;
};

}  // namespace spawnpipe::platform

#endif
