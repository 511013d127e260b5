// The calls of the fake system on overlapped pipes. An operation is in flight from its begin until its end is written into its
// OVERLAPPED; who uses that memory, its event or its pipe for something else meanwhile is reported.
#include "fake_kernel.hpp"

#include <algorithm>

namespace fake {
namespace {

// Operations that wait on an event end with the thread that began them.
struct issuer {
  issuer() = default;
  issuer(const issuer&) = delete;
  issuer& operator=(const issuer&) = delete;
  ~issuer() {
    const std::lock_guard hold(the_kernel().lock);
    std::vector<std::shared_ptr<pipe_state>> mine;
    for (const auto& [at, pipe] : the_kernel().in_flight) {
      if (pipe->pending->issuer == std::this_thread::get_id()) mine.push_back(pipe);
    }
    for (const auto& each : mine) end(*each, ERROR_OPERATION_ABORTED, 0);
  }
  void touch() const {}
};
thread_local const issuer this_issuer;

std::shared_ptr<pipe_state> find_pipe(HANDLE file, const char* caller) {
  const auto found = find(file, caller);
  if (!found) return nullptr;
  if (found->what == kind::pipe_ours) return found->pipe;
  report_misuse(std::string(caller) + ": not an overlapped pipe");
  return nullptr;
}

// At once: the end is in the OVERLAPPED, and the event is set, also then.
BOOL at_once(const operation& what, DWORD code, DWORD bytes) {
  if (code != ERROR_SUCCESS) return refused(code);
  write_end(what.at, code, bytes);
  signal(what.event);
  return TRUE;
}

BOOL begin(HANDLE file, operation what, const char* caller) {
  this_issuer.touch();
  if (this_thread().callback != nullptr) report_misuse(std::string(caller) + " inside a callback");
  if (what.size == 0) report_misuse(std::string(caller) + " of nothing");
  std::unique_lock hold(the_kernel().lock);
  const auto pipe = find_pipe(file, caller);
  if (!pipe) return refused(ERROR_INVALID_HANDLE);
  if ((what.from != nullptr) != pipe->to_child) report_misuse(std::string(caller) + ": wrong direction");
  if (the_kernel().in_flight.contains(what.at) || pipe->pending) {
    report_misuse(std::string(caller) + " while the last operation is in flight");
    return refused(ERROR_INVALID_PARAMETER);
  }
  what.event = find(what.at->hEvent, caller);
  if (!what.event) return refused(ERROR_INVALID_HANDLE);
  what.event_handle = what.at->hEvent;
  what.event->signalled = false;
  what.issuer = std::this_thread::get_id();

  std::optional<answer> scripted;
  if (const auto ask = pipe->on_begin) {
    hold.unlock();
    scripted = (*ask)(what.size);
    hold.lock();
  }
  if (scripted && !scripted->pending) {
    DWORD bytes = std::min(scripted->bytes, what.size);
    if (what.into != nullptr) bytes = move_into_reader(*pipe, what.into, bytes);
    if (what.from != nullptr) move_from_writer(*pipe, what, bytes);
    return at_once(what, scripted->code, bytes);
  }
  if (!scripted && !pipe->withheld) {
    if (what.into != nullptr && !pipe->held.empty()) {
      return at_once(what, ERROR_SUCCESS, move_into_reader(*pipe, what.into, what.size));
    }
    if (!pipe->theirs_open) return refused(what.into != nullptr ? ERROR_BROKEN_PIPE : ERROR_NO_DATA);
    if (what.from != nullptr && pipe->held.size() + what.size <= pipe->quota) {
      move_from_writer(*pipe, what, what.size);
      return at_once(what, ERROR_SUCCESS, what.size);
    }
  }
  what.scripted = scripted.has_value();
  write_begin(what.at);
  the_kernel().in_flight.emplace(what.at, pipe);
  pipe->pending = std::make_unique<operation>(what);
  advance(*pipe);
  return refused(ERROR_IO_PENDING);
}

}  // namespace

}  // namespace fake

using fake::call;
using fake::entry;
using fake::the_kernel;

HANDLE CreateNamedPipeW(const wchar_t* name, DWORD open, DWORD /*mode*/, DWORD instances, DWORD out, DWORD /*in*/,
                        DWORD /*timeout*/, SECURITY_ATTRIBUTES* /*security*/) {
  const entry in(call::CreateNamedPipeW);
  if (in.fails()) return INVALID_HANDLE_VALUE;
  if (instances != 1 || (open & FILE_FLAG_FIRST_PIPE_INSTANCE) == 0 || (open & FILE_FLAG_OVERLAPPED) == 0) {
    fake::report_misuse("CreateNamedPipeW: not the only instance, or not overlapped");
  }
  const std::lock_guard hold(the_kernel().lock);
  auto made = std::make_shared<fake::object>();
  made->what = fake::kind::pipe_ours;
  made->pipe = std::make_shared<fake::pipe_state>();
  made->pipe->name = name;
  made->pipe->to_child = (open & PIPE_ACCESS_OUTBOUND) != 0;
  made->pipe->quota = out;
  return fake::add(std::move(made));
}

HANDLE CreateFileW(const wchar_t* name, DWORD /*access*/, DWORD /*share*/, SECURITY_ATTRIBUTES* /*security*/,
                   DWORD /*disposition*/, DWORD attributes, HANDLE /*pattern*/) {
  const entry in(call::CreateFileW);
  if (in.fails()) return INVALID_HANDLE_VALUE;
  if ((attributes & FILE_FLAG_OVERLAPPED) != 0) fake::report_misuse("CreateFileW: a child's end that is overlapped");
  const std::lock_guard hold(the_kernel().lock);
  for (const auto& [handle, each] : the_kernel().handles) {
    if (each->what != fake::kind::pipe_ours || each->pipe->name != name || each->pipe->theirs_open) continue;
    auto made = std::make_shared<fake::object>();
    made->what = fake::kind::pipe_theirs;
    made->pipe = each->pipe;
    made->pipe->theirs_open = true;
    return fake::add(std::move(made));
  }
  static_cast<void>(fake::refused(ERROR_FILE_NOT_FOUND));
  return INVALID_HANDLE_VALUE;
}

BOOL GetNamedPipeClientProcessId(HANDLE /*pipe*/, ULONG* id) {
  const entry in(call::GetNamedPipeClientProcessId);
  if (in.fails()) return FALSE;
  *id = ::GetCurrentProcessId();
  return TRUE;
}

BOOL PeekNamedPipe(HANDLE pipe, void* /*into*/, DWORD /*size*/, DWORD* /*read*/, DWORD* available, DWORD* /*left*/) {
  const entry in(call::PeekNamedPipe);
  if (in.fails()) return FALSE;
  const std::lock_guard hold(the_kernel().lock);
  const auto found = fake::find_pipe(pipe, "PeekNamedPipe");
  if (!found) return FALSE;
  *available = static_cast<DWORD>(found->held.size());
  return TRUE;
}

BOOL ReadFile(HANDLE file, void* into, DWORD size, DWORD* count, OVERLAPPED* operation) {
  const entry in(call::ReadFile);
  if (in.fails()) return FALSE;
  if (count != nullptr) fake::report_misuse("ReadFile: a count beside an OVERLAPPED");
  fake::operation what;
  what.at = operation;
  what.into = static_cast<std::byte*>(into);
  what.size = size;
  return fake::begin(file, std::move(what), "ReadFile");
}

BOOL WriteFile(HANDLE file, const void* from, DWORD size, DWORD* count, OVERLAPPED* operation) {
  const entry in(call::WriteFile);
  if (in.fails()) return FALSE;
  if (count != nullptr) fake::report_misuse("WriteFile: a count beside an OVERLAPPED");
  fake::operation what;
  what.at = operation;
  what.from = static_cast<const std::byte*>(from);
  what.size = size;
  return fake::begin(file, std::move(what), "WriteFile");
}

BOOL CancelIoEx(HANDLE file, OVERLAPPED* operation) {
  const entry in(call::CancelIoEx);
  if (fake::this_thread().callback != nullptr) fake::report_misuse("CancelIoEx inside a callback");
  if (in.fails()) return FALSE;
  std::unique_lock hold(the_kernel().lock);
  const auto pipe = fake::find_pipe(file, "CancelIoEx");
  if (!pipe) return fake::refused(ERROR_INVALID_HANDLE);
  if (const auto ask = pipe->on_cancel) {
    hold.unlock();
    const DWORD code = (*ask)();
    return code == ERROR_SUCCESS ? TRUE : fake::refused(code);
  }
  if (!pipe->pending || pipe->pending->at != operation) return fake::refused(ERROR_NOT_FOUND);
  if (pipe->pending->issuer != std::this_thread::get_id()) fake::report_misuse("CancelIoEx by another thread");
  fake::end(*pipe, ERROR_OPERATION_ABORTED, 0);  // of a write, whatever had gone out
  return TRUE;
}

BOOL GetOverlappedResult(HANDLE file, OVERLAPPED* operation, DWORD* count, BOOL wait) {
  const entry in(call::GetOverlappedResult);
  if (fake::this_thread().callback != nullptr) fake::report_misuse("GetOverlappedResult inside a callback");
  if (in.fails()) return FALSE;
  std::unique_lock hold(the_kernel().lock);
  static_cast<void>(fake::find_pipe(file, "GetOverlappedResult"));
  if (the_kernel().in_flight.contains(operation)) {
    if (wait == FALSE) return fake::refused(ERROR_IO_INCOMPLETE);
    const auto ended = [&] { return !the_kernel().in_flight.contains(operation); };
    while (!fake::await("waits for the end", hold, ended, std::chrono::seconds(60))) continue;
  }
  *count = static_cast<DWORD>(operation->InternalHigh);
  if (operation->Internal == 0) return TRUE;
  return fake::refused(static_cast<DWORD>(operation->Internal & 0xFFFFU));
}
