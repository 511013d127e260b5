// Reads and writes: tried directly, and again when libuv says that the descriptor is ready.
//
// libuv's own streams are not used: uv_write to a pipe without readers raises SIGPIPE, and uv_read copies through a buffer of its
// own choosing. A uv_poll_t is made when a stream first has to wait, and then stays armed: taking it out of the epoll set
// and putting it back costs more than the read. It is stopped only when it fires with nothing lent.
#include "stream.hpp"

#include "error.hpp"
#include "loop.hpp"
#include "pipe_size.hpp"
#include "write_quietly.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace spawnpipe::platform {

namespace {

// The handle of libuv, which outlives its stream until it has closed.
struct watch {
  uv_poll_t handle;
  stream* target;
};

constexpr std::size_t most_spans = 8;

}  // namespace

struct stream {
  loop* owner;
  unique_fd fd;
  watch* poll = nullptr;
  bool armed = false;
  pipe_size size = {};
  // The last read came back short: the pipe is empty by now, and a try would most likely find nothing. So is that of a child that has
  // just been started.
  bool likely_empty = true;
  // The same for a pipe that took less than it was given.
  bool likely_full = false;

  completion* done = nullptr;                 // of the operation in flight
  std::span<std::byte> into;                  // a read
  std::array<struct iovec, most_spans> from;  // a write
  int spans = 0;
  bool writing = false;
};

namespace {

bool would_block(int code) noexcept { return code == EAGAIN || code == EWOULDBLOCK; }

// One read. Nothing where it would have to wait.
std::optional<io_outcome> try_read(stream& self, std::span<std::byte> into) noexcept {
  ssize_t count = 0;
  do {
    count = sys::read(self.fd.get(), into.data(), into.size());
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    self.likely_empty = static_cast<std::size_t>(count) < into.size();
    if (static_cast<std::size_t>(count) >= pipe_size::usual) self.size.was_full(self.fd.get());
    return io_outcome{.bytes = static_cast<std::size_t>(count)};
  }
  if (count == 0) return io_outcome{.end = true};
  if (would_block(errno)) {
    self.likely_empty = true;
    return std::nullopt;
  }
  return io_outcome{.error = system_code(errno)};
}

// The spans behind the first `count` bytes of `from`; how many there are.
int leave_out(std::size_t count, const struct iovec* from, int spans,
              std::array<struct iovec, most_spans>& into) noexcept {
  int left = 0;
  for (int index = 0; index < spans; ++index) {
    const std::size_t skipped = std::min(count, from[index].iov_len);
    count -= skipped;
    if (skipped == from[index].iov_len) continue;
    into[static_cast<std::size_t>(left++)] = {.iov_base = static_cast<std::byte*>(from[index].iov_base) + skipped,
                                              .iov_len = from[index].iov_len - skipped};
  }
  return left;
}

// What the pipe takes now. Nothing where it would have to wait.
std::optional<io_outcome> try_write(stream& self, const struct iovec* from, int spans) noexcept {
  ssize_t count = 0;
  do {
    count = write_quietly(self.fd.get(), from, spans);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) {
    std::size_t asked = 0;
    for (int index = 0; index < spans; ++index) asked += from[index].iov_len;
    const auto written = static_cast<std::size_t>(count);
    self.likely_full = written < asked;
    if (!self.likely_full || !self.size.was_full(self.fd.get())) return io_outcome{.bytes = written};
    std::array<struct iovec, most_spans> rest;
    auto more = try_write(self, rest.data(), leave_out(written, from, spans, rest));
    if (more) more->bytes += written;
    return more ? more : io_outcome{.bytes = written};
  }
  if (would_block(errno)) {
    self.likely_full = true;
    return std::nullopt;
  }
  return io_outcome{.error = system_code(errno)};
}

void on_ready(uv_poll_t* handle, int status, int /*events*/) {
  auto& self = *static_cast<watch*>(handle->data)->target;
  // libuv says EBADF, and has stopped the handle, where epoll says EPOLLERR: a reader that is gone. The write says why.
  if (status < 0) self.armed = false;
  if (self.done == nullptr) {
    if (self.armed) sys::uv_poll_stop(handle);
    self.armed = false;
    return;
  }
  const auto outcome = self.writing ? try_write(self, self.from.data(), self.spans) : try_read(self, self.into);
  if (!outcome && status == 0) return;  // somebody else was faster, or the wake was for nothing
  completion* const done = std::exchange(self.done, nullptr);
  done->outcome = outcome ? *outcome : io_outcome{.error = system_code(-status)};
  self.owner->client.completions->push(*done);
}

// Has libuv watch the descriptor. An error where it cannot.
std::error_code arm(stream& self) noexcept {
  if (self.armed) return {};
  if (self.poll == nullptr) {
    auto* const made = new (std::nothrow) watch{.handle = {}, .target = &self};
    if (made == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    if (const int code = sys::uv_poll_init(self.owner->uv, &made->handle, self.fd.get()); code != 0) {
      delete made;  // libuv has not taken it in
      return system_code(-code);
    }
    made->handle.data = made;
    self.poll = made;
  }
  const int code = sys::uv_poll_start(&self.poll->handle, self.writing ? UV_WRITABLE : UV_READABLE, on_ready);
  if (code != 0) return system_code(-code);
  self.armed = true;
  return {};
}

std::optional<io_outcome> lend(stream& self, completion& done) noexcept {
  if (const std::error_code code = arm(self)) return io_outcome{.error = code};
  self.done = &done;
  return std::nullopt;
}

}  // namespace

stream* stream_open(loop& owner, unique_fd fd) noexcept {
  auto* const self = new (std::nothrow) stream{.owner = &owner, .fd = std::move(fd), .into = {}, .from = {}};
  return self;
}

std::optional<io_outcome> read_begin(stream* self, std::span<std::byte> into, completion& done) noexcept {
  if (!self->likely_empty) {
    if (auto outcome = try_read(*self, into)) return outcome;
  }
  self->into = into;
  return lend(*self, done);
}

io_outcome read_retire(stream* self) noexcept {
  if (std::exchange(self->done, nullptr) == nullptr) return {};
  if (loop_foreign(self->owner)) return {};  // a forked copy of the host: the bytes are its parent's
  // The watch reports late; what the pipe holds by now counts as having raced the cancel.
  return try_read(*self, self->into).value_or(io_outcome{});
}

io_outcome write_try(stream* self, std::span<const std::byte> from) noexcept {
  const struct iovec one = {.iov_base = const_cast<std::byte*>(from.data()), .iov_len = from.size()};
  return try_write(*self, &one, 1).value_or(io_outcome{});
}

std::optional<io_outcome> write_begin(stream* self, std::span<const std::span<const std::byte>> from,
                                      completion& done) noexcept {
  self->writing = true;
  self->spans = 0;
  for (const std::span<const std::byte>& each : from.first(std::min(from.size(), most_spans))) {
    self->from[static_cast<std::size_t>(self->spans++)] = {.iov_base = const_cast<std::byte*>(each.data()),
                                                           .iov_len = each.size()};
  }
  if (!self->likely_full) {
    if (auto outcome = try_write(*self, self->from.data(), self->spans)) return outcome;
  }
  self->likely_full = false;
  return lend(*self, done);
}

write_retired write_retire(stream* self) noexcept {
  self->done = nullptr;
  return {};  // nothing goes out behind our back
}

bool stream_backed_up(const stream* self) noexcept {
  int held = 0;
  if (sys::bytes_in_pipe(self->fd.get(), &held) != 0) return false;
    // A pipe of N pages is full when each page is begun, and two neighbours hold more than one page together: a writer may wait from
    // half of the capacity on.
#if defined(F_GETPIPE_SZ)
  const int capacity = sys::fcntl(self->fd.get(), F_GETPIPE_SZ, 0);
#else
  const int capacity = 16 * 1024;  // the smallest that the BSDs give
#endif
  return capacity > 0 && held > capacity / 2;
}

void stream_close(stream* self) noexcept {
  leave_parents_set(*self->owner);
  if (self->poll != nullptr) {
    // Stops the watch at once, so that the descriptor may be closed; the memory goes when libuv has let go of it.
    uv_close(reinterpret_cast<uv_handle_t*>(&self->poll->handle),
             [](uv_handle_t* handle) { delete static_cast<watch*>(handle->data); });
  }
  delete self;
}

}  // namespace spawnpipe::platform
