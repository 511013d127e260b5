// What the ends of a write mean:
//   success             the pipe has taken the bytes; the child need not have read them
//   109, 232, 233       nobody can read any more: std::errc::broken_pipe
//   995                 cancelled, and how much had gone out before is not known: the child may have read a part of it, of
//                       which the result says nothing. Where nobody here asked for it, that is an error of the stream.
#include "overlapped_pipe_writer.hpp"

#include "error.hpp"
#include "loop.hpp"

#include <utility>

namespace spawnpipe::platform {
namespace {

io_outcome write_outcome(const overlapped_outcome& said) noexcept {
  io_outcome outcome{.bytes = said.bytes};
  if (said.code != ERROR_SUCCESS) outcome.error = system_code(said.code);
  return outcome;
}

}  // namespace

overlapped_pipe_writer::overlapped_pipe_writer(loop& owner, unique_handle pipe) noexcept
    : owner_(owner), pipe_(std::move(pipe)) {}

overlapped_pipe_writer::~overlapped_pipe_writer() {
  if (!operation_.idle()) static_cast<void>(operation_.retire(pipe_.get()));
}

bool overlapped_pipe_writer::create() noexcept {
  return operation_.create(owner_, &overlapped_pipe_writer::ready, this);
}

std::optional<io_outcome> overlapped_pipe_writer::begin(std::span<const std::byte> from, completion& done) noexcept {
  const auto size = static_cast<DWORD>(from.size());
  const auto said = operation_.start(pipe_.get(), done, [&](OVERLAPPED* operation) {
    return sys::WriteFile(pipe_.get(), from.data(), size, nullptr, operation);
  });
  if (said) return write_outcome(*said);
  done_ = &done;
  lent_ = size;
  return std::nullopt;
}

void overlapped_pipe_writer::ready(void* self) noexcept {
  auto& writer = *static_cast<overlapped_pipe_writer*>(self);
  const auto said = writer.operation_.collect(writer.pipe_.get());
  if (!said) return;
  completion* const done = std::exchange(writer.done_, nullptr);
  done->outcome = write_outcome(*said);
  writer.owner_.client.completions->push(*done);
}

write_retired overlapped_pipe_writer::retire() noexcept {
  if (operation_.idle()) return {};
  done_ = nullptr;
  const overlapped_outcome said = operation_.retire(pipe_.get());
  const std::size_t unknown = said.code == ERROR_SUCCESS ? 0 : lent_ - said.bytes;
  return {.bytes = said.bytes, .unknown = unknown};
}

}  // namespace spawnpipe::platform
