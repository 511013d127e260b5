// What the ends of a read mean:
//   success, 0 bytes    the child wrote nothing, and Windows passes that on: an empty completion, which means nothing
//   109, 232, 233, 38   nobody can write any more, and what was written has been read: the end
//   234                 the rest of a message: not with our pipes, and data all the same
//   995                 cancelled; where nobody here asked for it, lib begins again
#include "overlapped_pipe_reader.hpp"

#include "error.hpp"
#include "loop.hpp"
#include "named_pipe.hpp"

#include <utility>

namespace spawnpipe::platform {
namespace {

io_outcome read_outcome(const overlapped_outcome& said) noexcept {
  io_outcome outcome{.bytes = said.bytes};
  switch (said.code) {
    case ERROR_SUCCESS:
    case ERROR_MORE_DATA: break;
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
    case ERROR_PIPE_NOT_CONNECTED:
    case ERROR_HANDLE_EOF: outcome.end = true; break;
    default: outcome.error = system_code(said.code);
  }
  return outcome;
}

}  // namespace

overlapped_pipe_reader::overlapped_pipe_reader(loop& owner, unique_handle pipe) noexcept
    : owner_(owner), pipe_(std::move(pipe)) {}

overlapped_pipe_reader::~overlapped_pipe_reader() {
  if (!operation_.idle()) static_cast<void>(operation_.retire(pipe_.get()));
}

bool overlapped_pipe_reader::create() noexcept {
  return operation_.create(owner_, &overlapped_pipe_reader::ready, this);
}

std::optional<io_outcome> overlapped_pipe_reader::begin(std::span<std::byte> into, completion& done) noexcept {
  const auto said = operation_.start(pipe_.get(), done, [&](OVERLAPPED* operation) {
    return sys::ReadFile(pipe_.get(), into.data(), static_cast<DWORD>(into.size()), nullptr, operation);
  });
  if (said) return read_outcome(*said);
  done_ = &done;
  return std::nullopt;
}

void overlapped_pipe_reader::ready(void* self) noexcept {
  auto& reader = *static_cast<overlapped_pipe_reader*>(self);
  const auto said = reader.operation_.collect(reader.pipe_.get());
  if (!said) return;
  completion* const done = std::exchange(reader.done_, nullptr);
  done->outcome = read_outcome(*said);
  reader.owner_.client.completions->push(*done);
}

io_outcome overlapped_pipe_reader::retire() noexcept {
  if (operation_.idle()) return {};
  done_ = nullptr;
  const overlapped_outcome said = operation_.retire(pipe_.get());
  if (said.code == ERROR_OPERATION_ABORTED) return {.bytes = said.bytes};  // as asked
  return read_outcome(said);
}

bool overlapped_pipe_reader::backed_up() const noexcept {
  DWORD held = 0;
  return sys::PeekNamedPipe(pipe_.get(), nullptr, 0, nullptr, &held, nullptr) != FALSE && held > pipe_quota / 2;
}

}  // namespace spawnpipe::platform
