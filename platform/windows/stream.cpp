// The seam's streams: a reader or a writer each.
#include "stream.hpp"

#include "overlapped_pipe_reader.hpp"
#include "overlapped_pipe_writer.hpp"

#include <memory>
#include <new>
#include <utility>

namespace spawnpipe::platform {

struct stream {
  std::unique_ptr<overlapped_pipe_reader> reader;
  std::unique_ptr<overlapped_pipe_writer> writer;
};

namespace {

template <class Pipe>
std::unique_ptr<Pipe> make(loop& owner, unique_handle pipe) noexcept {
  auto made = std::unique_ptr<Pipe>(new (std::nothrow) Pipe(owner, std::move(pipe)));
  if (!made) ::SetLastError(ERROR_NOT_ENOUGH_MEMORY);
  if (made && !made->create()) {
    const DWORD code = ::GetLastError();
    made.reset();
    ::SetLastError(code);
  }
  return made;
}

}  // namespace

stream* stream_open(loop& owner, unique_handle pipe, direction which) noexcept {
  auto self = std::unique_ptr<stream>(new (std::nothrow) stream);
  if (!self) {
    ::SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return nullptr;
  }
  if (which == direction::to_child) {
    self->writer = make<overlapped_pipe_writer>(owner, std::move(pipe));
  } else {
    self->reader = make<overlapped_pipe_reader>(owner, std::move(pipe));
  }
  if (!self->reader && !self->writer) return nullptr;
  return self.release();
}

std::optional<io_outcome> read_begin(stream* self, std::span<std::byte> into, completion& done) noexcept {
  return self->reader->begin(into, done);
}

io_outcome read_retire(stream* self) noexcept { return self->reader->retire(); }

// Windows can't be asked to take what fits and no more: a write either ends at once or is pending with all of it.
io_outcome write_try(stream* /*self*/, std::span<const std::byte> /*from*/) noexcept { return {}; }

std::optional<io_outcome> write_begin(stream* self, std::span<const std::span<const std::byte>> from,
                                      completion& done) noexcept {
  return self->writer->begin(from.front(), done);  // pipes have no gathering write; the rest is the next operation's
}

write_retired write_retire(stream* self) noexcept { return self->writer->retire(); }

bool stream_backed_up(const stream* self) noexcept { return self->reader->backed_up(); }

void stream_close(stream* self) noexcept { delete self; }

}  // namespace spawnpipe::platform
