// The handle of a reader: whose thread, then the core.
#include <spawnpipe/pipe_reader.hpp>

#include "reader_core.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe {
namespace {

using detail::reader_core;

// As much as a system's pipe holds without privileges; one drain takes no more, so that a fast writer cannot hold it for ever.
constexpr std::size_t longest_drain = std::size_t{1} << 20;

bool usable(const reader_core* core) { return core != nullptr && core->loop().usable_here(); }

// Why it is not usable.
error refusal(const reader_core* core) {
  if (core == nullptr) return {errc::closed, stage::read};
  return {errc::wrong_thread, stage::read, core->name()};
}

void append(std::string& buffer, std::span<const std::byte> bytes) {
  buffer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void append(std::vector<std::byte>& buffer, std::span<const std::byte> bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

// Moves what is received into `buffer`, which stays within `limit`.
template <class Buffer>
void move_buffered(reader_core& core, Buffer& buffer, std::size_t limit) {
  const std::span<const std::byte> bytes = core.available();
  const std::size_t count = std::min(bytes.size(), limit - std::min(limit, buffer.size()));
  append(buffer, bytes.first(count));
  core.consume(count);
}

template <class Buffer>
result<void> read_all_into(reader_core* core, Buffer& buffer, std::size_t limit, deadline until,
                           const cancellation& cancel) {
  if (!usable(core)) return refusal(core);
  for (;;) {
    move_buffered(*core, buffer, limit);
    if (core->buffered() > 0) return error{errc::limit_reached, stage::read, core->name()};
    if (auto got = core->fill(until, cancel); !got) {
      if (got.failed_with(errc::end_of_stream)) return {};
      return got;
    }
  }
}

}  // namespace

pipe_reader::pipe_reader(pipe_reader&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {
  if (core_ != nullptr) core_->handle_moved(*this);
}

pipe_reader& pipe_reader::operator=(pipe_reader&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->loop().drop(*core_);
    core_ = std::exchange(other.core_, nullptr);
    if (core_ != nullptr) core_->handle_moved(*this);
  }
  return *this;
}

pipe_reader::~pipe_reader() {
  if (core_ != nullptr) core_->loop().drop(*core_);
}

result<std::size_t> pipe_reader::read_some(std::span<std::byte> into, deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_);
  return core_->read_some(into, until, cancel);
}

result<std::string_view> pipe_reader::read_line(deadline until, const cancellation& cancel) {
  return read_until('\n', until, cancel);
}

result<std::string_view> pipe_reader::read_until(char delimiter, deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_);
  return core_->read_until(delimiter, until, cancel);
}

void pipe_reader::line_limit(std::size_t bytes) noexcept {
  if (core_ != nullptr && core_->loop().usable_here()) core_->line_limit(bytes);
}

result<void> pipe_reader::read_all(std::string& buffer, std::size_t limit, deadline until, const cancellation& cancel) {
  return read_all_into(core_, buffer, limit, until, cancel);
}

result<void> pipe_reader::read_all(std::vector<std::byte>& buffer, std::size_t limit, deadline until,
                                   const cancellation& cancel) {
  return read_all_into(core_, buffer, limit, until, cancel);
}

result<std::size_t> pipe_reader::drain(std::string& buffer, std::size_t limit) {
  if (!usable(core_)) return refusal(core_);
  if (!core_->open()) return spawnpipe::error{errc::closed, stage::read, core_->name()};
  const std::size_t before = buffer.size();
  const std::size_t most = before + std::min(limit, longest_drain);
  do {
    move_buffered(*core_, buffer, most);
  } while (buffer.size() < most && core_->try_once());
  return buffer.size() - before;
}

std::span<const std::byte> pipe_reader::available() noexcept {
  if (core_ == nullptr || !core_->loop().usable_here()) return {};
  return core_->available();
}

std::string_view pipe_reader::available_text() noexcept {
  const std::span<const std::byte> bytes = available();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void pipe_reader::consume(std::size_t count) noexcept {
  if (core_ != nullptr && core_->loop().usable_here()) core_->consume(count);
}

bool pipe_reader::at_end() const noexcept { return core_ != nullptr && core_->ended() && core_->buffered() == 0; }

std::optional<error> pipe_reader::error() const { return core_ != nullptr ? core_->failure() : std::nullopt; }

result<void> pipe_reader::stop() noexcept {
  if (core_ == nullptr) return {};
  if (!usable(core_)) return refusal(core_);
  core_->stop();
  return {};
}

result<void> pipe_reader::resume() {
  if (!usable(core_)) return refusal(core_);
  return core_->resume();
}

result<void> pipe_reader::close() noexcept {
  if (core_ == nullptr) return {};
  if (!usable(core_)) return refusal(core_);
  core_->close();
  return {};
}

bool pipe_reader::is_open() const noexcept { return core_ != nullptr && core_->open(); }

void pipe_reader::on_readable(std::function<void(pipe_reader&)> callback) {
  if (core_ != nullptr && core_->loop().usable_here()) core_->on_readable(std::move(callback));
}

}  // namespace spawnpipe
