// Our ends of the simulated pipes, as the seam wants them: each call is checked, then left to the stream.
#include "state.hpp"

#include <string>

namespace spawnpipe::platform {

using simulated::here;
using simulated::lock_state;

namespace {

// True when `self` may be used; notes it where not.
bool usable(const stream* self, const char* call) {
  auto& state = here();
  if (self == nullptr) {
    state.wrong(std::string(call) + ": no stream");
    return false;
  }
  if (self->generation != state.generation) return true;
  if (!state.streams.contains(self)) {
    state.wrong(std::string(call) + ": stream is closed");
    return false;
  }
  return true;
}

// The same, for what must not be done in a forked copy.
bool usable_at_home(const stream* self, const char* call) {
  if (here().foreign) here().wrong(std::string(call) + ": in a forked copy");
  return usable(self, call);
}

}  // namespace

std::optional<io_outcome> read_begin(stream* self, std::span<std::byte> into, completion& done) noexcept {
  const auto lock = lock_state();
  if (!usable_at_home(self, "read_begin")) return io_outcome{.error = make_error_code(std::errc::bad_file_descriptor)};
  return self->begin_read(into, done);
}

io_outcome read_retire(stream* self) noexcept {
  const auto lock = lock_state();
  return usable(self, "read_retire") ? self->retire_read() : io_outcome{};
}

io_outcome write_try(stream* self, std::span<const std::byte> from) noexcept {
  const auto lock = lock_state();
  if (!usable_at_home(self, "write_try")) return io_outcome{.error = make_error_code(std::errc::bad_file_descriptor)};
  return self->try_write(from);
}

std::optional<io_outcome> write_begin(stream* self, std::span<const std::span<const std::byte>> from,
                                      completion& done) noexcept {
  const auto lock = lock_state();
  if (!usable_at_home(self, "write_begin")) return io_outcome{.error = make_error_code(std::errc::bad_file_descriptor)};
  return self->begin_write(from, done);
}

write_retired write_retire(stream* self) noexcept {
  const auto lock = lock_state();
  return usable(self, "write_retire") ? self->retire_write() : write_retired{};
}

bool stream_backed_up(const stream* self) noexcept {
  const auto lock = lock_state();
  return usable_at_home(self, "stream_backed_up") && self->backed_up();
}

void stream_close(stream* self) noexcept {
  simulated::action then;
  {
    const auto lock = lock_state();
    if (usable(self, "stream_close")) then = self->close();
  }
  if (then) then();
}

}  // namespace spawnpipe::platform
