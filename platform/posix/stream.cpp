// Reads and writes: tried directly, and again when the descriptor is ready.
//
// libuv's own streams are not used: uv_write to a pipe without readers raises SIGPIPE, and uv_read copies through a buffer of its
// own choosing. A watch is made when a stream first has to wait, and then stays started; it is stopped only when it has
// news with nothing lent.
#include "stream.hpp"

#include "error.hpp"
#include "loop.hpp"
#include "pipe_size.hpp"
#include "watch.hpp"
#include "write_quietly.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace spawnpipe::platform {

constexpr std::size_t most_spans = 8;

// Whether to try before waiting. Where the other side is slower, each try would find nothing: so behind one in vain some are left
// out, twice as many each time. The first is left out in any case: a child that has just been started has said nothing.
class worth_trying {
 public:
  [[nodiscard]] bool now() noexcept {
    if (to_leave_out_ == 0) return true;
    --to_leave_out_;
    return false;
  }
  void was(bool worth) noexcept {
    step_ = worth ? 0 : std::min(2 * step_ + 1, 31);
    to_leave_out_ = step_;
  }

 private:
  int step_ = 0;
  int to_leave_out_ = 1;
};

struct stream {
  loop* owner;
  unique_fd fd;
  watch* ready = nullptr;
  pipe_size size = {};
  worth_trying reads;
  bool likely_full = false;  // the pipe took less than it was given: it has to be waited for

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
    if (static_cast<std::size_t>(count) >= pipe_size::usual) self.size.was_full(self.fd.get());
    return io_outcome{.bytes = static_cast<std::size_t>(count)};
  }
  if (count == 0) return io_outcome{.end = true};
  if (would_block(errno)) return std::nullopt;
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

void on_ready(void* context, int code) noexcept {
  auto& self = *static_cast<stream*>(context);
  if (self.done == nullptr) return watch_stop(*self.ready);
  const auto outcome = self.writing ? try_write(self, self.from.data(), self.spans) : try_read(self, self.into);
  if (!outcome && code == 0) return;  // somebody else was faster, or the wake was for nothing
  watch_keep_alive(*self.ready, false);
  completion* const done = std::exchange(self.done, nullptr);
  done->outcome = outcome ? *outcome : io_outcome{.error = system_code(-code)};
  self.owner->client.completions->push(*done);
}

// Has the loop watch the descriptor. 0, or negative.
int arm(stream& self) noexcept {
  if (self.ready == nullptr) {
    const direction which = self.writing ? direction::out : direction::in;
    const int code = watch_open(*self.owner, self.fd.get(), which, on_ready, &self, self.ready);
    if (code != 0) return code;
  }
  watch_keep_alive(*self.ready, true);
  return watch_started(*self.ready) ? 0 : watch_start(*self.ready);
}

std::optional<io_outcome> lend(stream& self, completion& done) noexcept {
  if (const int code = arm(self); code != 0) return io_outcome{.error = system_code(-code)};
  self.done = &done;
  return std::nullopt;
}

}  // namespace

stream* stream_open(loop& owner, unique_fd fd) noexcept {
  auto* const self =
      new (std::nothrow) stream{.owner = &owner, .fd = std::move(fd), .reads = {}, .into = {}, .from = {}};
  return self;
}

std::optional<io_outcome> read_begin(stream* self, std::span<std::byte> into, completion& done) noexcept {
  if (self->reads.now()) {
    auto outcome = try_read(*self, into);
    self->reads.was(outcome.has_value());
    if (outcome) return outcome;
  }
  self->into = into;
  return lend(*self, done);
}

io_outcome read_retire(stream* self) noexcept {
  if (std::exchange(self->done, nullptr) == nullptr) return {};
  if (loop_foreign(self->owner)) return {};            // a forked copy of the host: the bytes are its parent's
  if (self->owner->adopted) watch_stop(*self->ready);  // which keeps the host's loop alive
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
  if (self->ready != nullptr) watch_close(self->ready);
  delete self;
}

}  // namespace spawnpipe::platform
