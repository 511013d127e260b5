// Interleavings that matter here:
// - the completion against retire: CancelIoEx says NOT_FOUND where the operation has ended meanwhile, and success also where it then
//   ends with data all the same. So its answer is not looked at; only the completion is.
// - a completion that is late: retire asks again and waits on. Memory goes when Windows has let go of it, and not before.
#include "overlapped_operation.hpp"

namespace spawnpipe::platform {
namespace {

// How long retire waits for a cancelled operation before it cancels it again.
constexpr DWORD cancel_again_after = 50;

}  // namespace

bool overlapped_operation::create(loop& owner, awaited::function ready, void* context) noexcept {
  event_.reset(sys::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  const auto ended = [](const void* self) noexcept { return static_cast<const overlapped_operation*>(self)->ended(); };
  ready_ = ready;
  context_ = context;
  const auto pass_on = [](void* self) noexcept {
    const auto& operation = *static_cast<overlapped_operation*>(self);
    operation.ready_(operation.context_);
  };
  return event_ && awaited_.create(owner, pass_on, ended, this);
}

void overlapped_operation::prepare() noexcept {
  overlapped_ = {};
  overlapped_.hEvent = event_.get();
}

bool overlapped_operation::ended() const noexcept {
  const volatile auto& status = overlapped_.Internal;  // written by the kernel
  return static_cast<DWORD>(status) != STATUS_PENDING;
}

// Of an operation that has ended.
overlapped_outcome overlapped_operation::result(HANDLE pipe) noexcept {
  state_ = state::idle;
  overlapped_outcome outcome;
  if (sys::GetOverlappedResult(pipe, &overlapped_, &outcome.bytes, FALSE) == FALSE) {
    outcome.code = ::GetLastError();
    outcome.bytes = static_cast<DWORD>(overlapped_.InternalHigh);
  }
  return outcome;
}

std::optional<overlapped_outcome> overlapped_operation::started(HANDLE pipe, const completion& hint,
                                                                bool at_once) noexcept {
  if (at_once) return result(pipe);
  if (const DWORD code = ::GetLastError(); code != ERROR_IO_PENDING) {
    return overlapped_outcome{.code = code};  // refused: nothing is in flight
  }
  state_ = state::pending;
  hint_ = &hint;
  awaited_.expect(event_.get(), hint_);
  return std::nullopt;
}

std::optional<overlapped_outcome> overlapped_operation::collect(HANDLE pipe) noexcept {
  if (!ended()) {  // a wake for nothing
    awaited_.expect(event_.get(), hint_);
    return std::nullopt;
  }
  return result(pipe);
}

overlapped_outcome overlapped_operation::retire(HANDLE pipe) noexcept {
  state_ = state::cancelling;
  awaited_.forget();
  while (!ended()) {
    sys::CancelIoEx(pipe, &overlapped_);
    sys::WaitForSingleObject(event_.get(), cancel_again_after);
  }
  return result(pipe);
}

}  // namespace spawnpipe::platform
