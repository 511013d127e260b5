// The handle of a writer: whose thread, then the core.
#include <spawnpipe/pipe_writer.hpp>

#include "writer_core.hpp"

#include <utility>

namespace spawnpipe {
namespace {

bool usable(const detail::writer_core* core) { return core != nullptr && core->loop().usable_here(); }

// Why it is not usable.
error refusal(const detail::writer_core* core) {
  if (core == nullptr) return {errc::closed, stage::write};
  return {errc::wrong_thread, stage::write, core->name()};
}

}  // namespace

pipe_writer::pipe_writer(pipe_writer&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {
  if (core_ != nullptr) core_->handle_moved(*this);
}

pipe_writer& pipe_writer::operator=(pipe_writer&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->loop().drop(*core_);
    core_ = std::exchange(other.core_, nullptr);
    if (core_ != nullptr) core_->handle_moved(*this);
  }
  return *this;
}

pipe_writer::~pipe_writer() {
  if (core_ != nullptr) core_->loop().drop(*core_);
}

result<std::size_t> pipe_writer::write(std::span<const std::byte> bytes) {
  if (!usable(core_)) return refusal(core_);
  return core_->write(bytes);
}

result<std::size_t> pipe_writer::write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

result<bool> pipe_writer::write_owned(std::string& buffer) {
  if (!usable(core_)) return refusal(core_);
  return core_->write_owned(buffer);
}

result<void> pipe_writer::write_all(std::span<const std::byte>& rest, deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_);
  return core_->write_all(rest, until, cancel);
}

result<void> pipe_writer::write_all(std::string_view& rest, deadline until, const cancellation& cancel) {
  std::span<const std::byte> bytes = std::as_bytes(std::span(rest));
  auto done = write_all(bytes, until, cancel);
  rest.remove_prefix(rest.size() - bytes.size());
  return done;
}

result<void> pipe_writer::write_all(std::string_view&& text, deadline until, const cancellation& cancel) {
  return write_all(text, until, cancel);  // text is an lvalue here
}

result<void> pipe_writer::flush(deadline until, const cancellation& cancel) {
  if (!usable(core_)) return refusal(core_);
  return core_->flush(until, cancel);
}

result<void> pipe_writer::close() {
  if (core_ == nullptr) return {};
  if (!usable(core_)) return refusal(core_);
  core_->close();
  return {};
}

result<void> pipe_writer::stop() noexcept {
  if (core_ == nullptr) return {};
  if (!usable(core_)) return refusal(core_);
  core_->stop();
  return {};
}

bool pipe_writer::is_open() const noexcept { return core_ != nullptr && core_->open(); }

std::size_t pipe_writer::unsent() const noexcept { return core_ != nullptr ? core_->unsent() : 0; }

write_books pipe_writer::books() const noexcept { return core_ != nullptr ? core_->books() : write_books{}; }

std::optional<error> pipe_writer::error() const { return core_ != nullptr ? core_->failure() : std::nullopt; }

void pipe_writer::on_written(std::function<void(pipe_writer&)> callback) {
  if (core_ != nullptr && core_->loop().usable_here()) core_->on_written(std::move(callback));
}

}  // namespace spawnpipe
