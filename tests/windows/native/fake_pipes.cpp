// Overlapped pipes of the fake system, in byte mode: what becomes of an operation in flight by itself, by the pipe's other end, and by
// what a case says.
#include "fake_kernel.hpp"

#include <algorithm>
#include <cstring>

namespace fake {
namespace {

// The end of an operation as Windows writes it: a status, from which GetOverlappedResult makes the code again.
constexpr ULONG_PTR status_of_code = 0xC0070000U;

__attribute__((noinline, no_sanitize("thread"))) bool untouched(const OVERLAPPED* at, HANDLE event) {
  const volatile OVERLAPPED& from = *at;
  return from.Internal == STATUS_PENDING && from.InternalHigh == 0 && from.hEvent == event;
}

}  // namespace

// By the system, of which a thread sanitizer sees nothing on Windows: what orders the owner's look behind it is GetOverlappedResult.
__attribute__((noinline, no_sanitize("thread"))) void write_end(OVERLAPPED* at, DWORD code, DWORD bytes) {
  volatile OVERLAPPED& into = *at;
  into.InternalHigh = bytes;
  into.Internal = code == ERROR_SUCCESS ? 0 : status_of_code | code;
}
__attribute__((noinline, no_sanitize("thread"))) void write_begin(OVERLAPPED* at) {
  volatile OVERLAPPED& into = *at;
  into.InternalHigh = 0;
  into.Internal = STATUS_PENDING;
}

void end(pipe_state& pipe, DWORD code, DWORD bytes) {
  const std::unique_ptr<operation> over = std::move(pipe.pending);
  if (!untouched(over->at, over->event_handle)) report_misuse("an OVERLAPPED was changed or freed in flight");
  the_kernel().in_flight.erase(over->at);
  write_end(over->at, code, bytes);
  signal(over->event);
}

DWORD move_into_reader(pipe_state& pipe, std::byte* into, DWORD most) {
  const auto count = std::min<std::size_t>(most, pipe.held.size());
  std::memcpy(into, pipe.held.data(), count);
  pipe.held.erase(0, count);
  return static_cast<DWORD>(count);
}

void move_from_writer(pipe_state& pipe, operation& what, std::size_t most) {
  const auto count = std::min<std::size_t>(most, what.size - what.moved);
  pipe.held.append(reinterpret_cast<const char*>(what.from) + what.moved, count);
  what.moved += static_cast<DWORD>(count);
}

// What becomes of the operation in flight by itself.
void advance(pipe_state& pipe) {
  if (!pipe.pending || pipe.withheld || pipe.pending->scripted) return;
  operation& what = *pipe.pending;
  if (what.into != nullptr) {
    if (!pipe.held.empty()) return end(pipe, ERROR_SUCCESS, move_into_reader(pipe, what.into, what.size));
    if (!pipe.theirs_open) end(pipe, ERROR_BROKEN_PIPE, 0);
    return;
  }
  if (!pipe.theirs_open) return end(pipe, ERROR_BROKEN_PIPE, 0);
  if (pipe.held.size() < pipe.quota) move_from_writer(pipe, what, pipe.quota - pipe.held.size());
  if (what.moved == what.size) end(pipe, ERROR_SUCCESS, what.size);
}

void pipe_end_closed(pipe_state& pipe, kind which) {
  if (which == kind::pipe_theirs) {
    pipe.theirs_open = false;
    advance(pipe);
    return;
  }
  pipe.on_begin.reset();  // they may hold the pipe
  pipe.on_cancel.reset();
  if (!pipe.pending) return;
  report_misuse("CloseHandle: a pipe with an operation in flight");
  the_kernel().in_flight.erase(pipe.pending->at);
  pipe.pending.reset();
}

// ---- the other end, and what a case says

pipe pipe::of(HANDLE end) {
  const std::lock_guard hold(the_kernel().lock);
  const auto found = find(end, "a case");
  return pipe(found ? found->pipe : nullptr);
}

void pipe::feed(std::string_view bytes) const {
  const std::lock_guard hold(the_kernel().lock);
  state_->held += bytes;
  advance(*state_);
}

std::string pipe::take(std::size_t most) const {
  const std::lock_guard hold(the_kernel().lock);
  std::string taken = state_->held.substr(0, most);
  state_->held.erase(0, taken.size());
  advance(*state_);
  return taken;
}

std::size_t pipe::held() const {
  const std::lock_guard hold(the_kernel().lock);
  return state_->held.size();
}

bool pipe::in_flight() const {
  const std::lock_guard hold(the_kernel().lock);
  return state_->pending != nullptr;
}

void pipe::withhold(bool on) const {
  const std::lock_guard hold(the_kernel().lock);
  state_->withheld = on;
  advance(*state_);
}

bool pipe::complete(DWORD code, DWORD bytes) const {
  const std::lock_guard hold(the_kernel().lock);
  if (!state_->pending) return false;
  operation& what = *state_->pending;
  if (what.into != nullptr) bytes = move_into_reader(*state_, what.into, std::min(bytes, what.size));
  if (what.from != nullptr && bytes > what.moved) move_from_writer(*state_, what, bytes - what.moved);
  end(*state_, code, bytes);
  return true;
}

void pipe::on_begin(std::function<std::optional<answer>(DWORD)> decide) const {
  const std::lock_guard hold(the_kernel().lock);
  using function = std::function<std::optional<answer>(DWORD)>;
  state_->on_begin = decide ? std::make_shared<function>(std::move(decide)) : nullptr;
}

void pipe::on_cancel(std::function<DWORD()> decide) const {
  const std::lock_guard hold(the_kernel().lock);
  state_->on_cancel = decide ? std::make_shared<std::function<DWORD()>>(std::move(decide)) : nullptr;
}

}  // namespace fake
