// Reading: one operation in flight at most, and none lost when it is taken back.
//
// States of the operation: none, pending (lent to the back end), posted (in the inbox, not handled yet). Taking it back
// handles all three: a posted one is taken out of the inbox and applied as if it had been handled, a pending one is
// retired, and what raced the cancel is applied too. So bytes that the system handed over are never dropped.
#include "reader_core.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace spawnpipe::detail {
namespace {

// After so many reads that found data at once, the other objects of the loop get their turn.
constexpr unsigned reads_per_pass = 16;

}  // namespace

reader_core::reader_core(loop_core& loop, std::size_t capacity, const char* name) noexcept
    : object(loop), name_(name), capacity_(capacity), line_limit_(capacity - 1) {
  done_.owner = this;
  done_.handle = [](void* self) {
    auto& reader = *static_cast<reader_core*>(self);
    reader.apply(reader.done_.outcome);
    reader.announce();
  };
}

void reader_core::attach(platform::stream* stream) noexcept {
  stream_ = stream;
  closed_ = false;
  want_more();
}

void reader_core::give_to(pipe_reader& handle) noexcept {
  retain();
  loop().add_user();
  handle.core_ = this;
  handle_ = &handle;
}

// ---- the operation

void reader_core::begin(std::span<std::byte> into, flight how) {
  flight_ = how;
  watch_.go_on();
  if (auto outcome =
          platform::read_begin(stream_, into.first(std::min(into.size(), platform::longest_request)), done_)) {
    apply(*outcome);
    announce();
  }
}

void reader_core::begin_into_buffer() {
  make_room();
  if (end_ == capacity_) return;
  if (!buffer_) buffer_.reset(new (std::nothrow) std::byte[capacity_]);
  if (!buffer_) {
    fail(std::make_error_code(std::errc::not_enough_memory));
    watch_.close(loop(), received_, failure_);
    news_ = true;
    want_more();
    announce();
    return;
  }
  begin({buffer_.get() + end_, capacity_ - end_}, flight::buffer);
}

void reader_core::apply(const platform::io_outcome& outcome) noexcept {
  const flight how = std::exchange(flight_, flight::none);
  received_ += outcome.bytes;
  if (how == flight::buffer) {
    end_ += outcome.bytes;
    news_ = news_ || outcome.bytes > 0;
  } else {
    direct_bytes_ += outcome.bytes;
  }
  if (outcome.end) {
    ended_ = true;
  } else if (outcome.error && outcome.error != std::errc::operation_canceled) {
    fail(outcome.error);
  }  // A read that was cancelled, though nobody here asked for it, is begun again.
  news_ = news_ || finished();
  if (finished()) watch_.close(loop(), received_, failure_);
  want_more();
}

// Nobody can read it any more: the child is to feel that.
void reader_core::fail(std::error_code code) noexcept {
  failure_ = error{code, stage::read, name_};
  platform::stream_close(std::exchange(stream_, nullptr));
}

void reader_core::retire() noexcept {
  if (flight_ == flight::none) return;
  if (done_.posted) {
    loop().inbox().remove(done_);
    apply(done_.outcome);
  } else {
    apply(platform::read_retire(stream_));
  }
}

bool reader_core::has_room() const noexcept { return end_ < capacity_ || (begin_ > 0 && !view_out_); }

void reader_core::make_room() noexcept {
  if (view_out_ || begin_ == 0 || (begin_ < end_ && end_ < capacity_)) return;
  if (begin_ < end_) std::memmove(buffer_.get(), buffer_.get() + begin_, buffered());
  end_ -= begin_;
  scanned_ -= std::min(scanned_, begin_);
  begin_ = 0;
}

bool reader_core::wants_read() const noexcept {
  return stream_ != nullptr && !ended_ && !failure_ && !stopped_ && flight_ == flight::none;
}

void reader_core::want_more() noexcept {
  if (finished() || flight_ != flight::none) {
    full_since_.reset();
  } else if (wants_read() && has_room()) {
    full_since_.reset();
    loop().want_prepare(*this);
  } else {
    if (!full_since_) full_since_ = platform::clock_now();  // full, or stopped: nobody takes what the child writes
    if (!stopped_) watch_.pause();
  }
}

bool reader_core::prepare() {
  if (!wants_read() || !has_room()) return false;
  begin_into_buffer();
  return flight_ == flight::none;
}

// ---- reading

std::optional<error> reader_core::terminal() const {
  if (closed_) return error{errc::closed, stage::read, name_};
  if (failure_) return failure_;
  if (ended_) return error{errc::end_of_stream, stage::read, name_};
  if (stopped_) return error{errc::stopped, stage::read, name_};
  return std::nullopt;
}

std::size_t reader_core::take(std::span<std::byte> into) noexcept {
  const std::size_t count = std::min(into.size(), buffered());
  std::memcpy(into.data(), buffer_.get() + begin_, count);
  advance(count);
  return count;
}

result<std::size_t> reader_core::read_some(std::span<std::byte> into, deadline until, const cancellation& cancel) {
  if (into.empty()) return std::size_t{0};
  view_out_ = false;
  if (cancel.requested()) return error{errc::cancelled, stage::read, name_};
  if (buffered() > 0) return take(into);
  if (auto over = terminal()) return *std::move(over);

  if (flight_ == flight::none) {
    if (++reads_without_pass_ >= reads_per_pass && loop().can_wait()) {
      reads_without_pass_ = 0;
      loop().glance();
      if (buffered() > 0) return take(into);
    }
  }
  direct_bytes_ = 0;
  if (wants_read()) begin(into, flight::direct);
  const auto ready = [this] { return direct_bytes_ > 0 || buffered() > 0 || over(); };
  waited how = waited::ready;
  if (!ready()) {
    reads_without_pass_ = 0;
    how = loop().wait(until, cancel, ready, &done_);
    if (flight_ == flight::direct || !loop().can_wait()) retire();
    announce();
  }
  if (direct_bytes_ > 0) return std::exchange(direct_bytes_, 0);
  if (buffered() > 0) return take(into);
  if (auto over = terminal()) return *std::move(over);
  return wait_error(how, stage::read, name_);
}

result<void> reader_core::fill(deadline until, const cancellation& cancel) {
  if (cancel.requested()) return error{errc::cancelled, stage::read, name_};
  const std::size_t before = buffered();
  const auto ready = [this, before] { return buffered() > before || over(); };
  if (wants_read()) begin_into_buffer();
  waited how = waited::ready;
  if (!ready()) {
    how = loop().wait(until, cancel, ready, &done_);
    // Where no pass was made, the pipe itself has not been looked at since the read began.
    if (!ready() && !loop().can_wait()) retire();
    announce();
  }
  if (buffered() > before) return {};
  if (auto over = terminal()) return *std::move(over);
  return wait_error(how, stage::read, name_);
}

bool reader_core::try_once() {
  const std::size_t before = buffered();
  retire();
  // Two, because a completion may be empty and mean nothing, and a cancelled one hides what lies behind it.
  for (int tries = 0; tries < 2 && buffered() == before && !finished(); ++tries) {
    begin_into_buffer();
    retire();
  }
  announce();
  return buffered() > before;
}

result<std::string_view> reader_core::read_until(char delimiter, deadline until, const cancellation& cancel) {
  view_out_ = false;
  const std::size_t limit = std::min(line_limit_, capacity_ - 1);
  if (scanned_for_ != delimiter) {
    scanned_ = begin_;
    scanned_for_ = delimiter;
  }
  if (cancel.requested()) return error{errc::cancelled, stage::read, name_};
  for (;;) {
    scanned_ = std::max(scanned_, begin_);
    const char* const text = reinterpret_cast<const char*>(buffer_.get());
    const void* const found = scanned_ < end_ ? std::memchr(text + scanned_, delimiter, end_ - scanned_) : nullptr;
    const std::size_t stop = found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - text) : end_;
    if (stop - begin_ > limit) return error{errc::line_too_long, stage::read, name_};
    scanned_ = stop;
    const bool last = found == nullptr && finished() && buffered() > 0;
    if (found != nullptr || last) {
      const std::string_view line(text + begin_, stop - begin_);
      view_out_ = true;
      advance(last ? buffered() : line.size() + 1);
      return line;
    }
    if (auto got = fill(until, cancel); !got && !(finished() && buffered() > 0)) return std::move(got).error();
  }
}

std::span<const std::byte> reader_core::available() noexcept {
  view_out_ = false;
  want_more();
  view_out_ = buffered() > 0;
  return {buffer_.get() + begin_, buffered()};
}

void reader_core::consume(std::size_t count) noexcept {
  view_out_ = false;
  advance(std::min(count, buffered()));
}

void reader_core::advance(std::size_t count) noexcept {
  begin_ += count;
  if (count > 0) full_since_.reset();
  want_more();
}

// ---- ends

void reader_core::stop() noexcept {
  stopped_ = true;
  watch_.go_on();
  retire();
  want_more();
  update_active();
}

result<void> reader_core::resume() {
  if (closed_) return error{errc::closed, stage::read, name_};
  stopped_ = false;
  want_more();
  update_active();
  if (news_ && callback_) loop().want_dispatch(*this);
  return {};
}

void reader_core::unbind() noexcept {
  retire();
  want_more();
  announce();
}

void reader_core::close() noexcept {
  stop();
  watch_.close(loop(), received_, failure_);
  closed_ = true;
  view_out_ = false;
  begin_ = end_ = scanned_ = 0;
  if (stream_ != nullptr) platform::stream_close(std::exchange(stream_, nullptr));
  ended_ = false;
  failure_.reset();
  full_since_.reset();
  callback_.clear();
  update_active();
}

void reader_core::shutdown() noexcept { close(); }

void reader_core::dispose() noexcept {
  handle_ = nullptr;
  listener_ = nullptr;
  close();
}

// ---- callbacks

void reader_core::update_active() noexcept {
  set_active(static_cast<bool>(callback_) && !closed_ && !stopped_ && !told_end_);
}

void reader_core::announce() {
  if (news_ && callback_ && !stopped_) loop().want_dispatch(*this);
  if (listener_ != nullptr) listener_->progress();
}

void reader_core::on_readable(std::function<void(pipe_reader&)> callback) {
  callback_.set(std::move(callback));
  update_active();
  if (news_ && callback_ && !stopped_ && !told_end_) loop().want_dispatch(*this);
}

void reader_core::progress_to(progress_listener* who) noexcept {
  listener_ = who;
  view_out_ = false;
}

void reader_core::dispatch() {
  if (!callback_ || stopped_ || closed_ || !news_ || handle_ == nullptr) return;
  news_ = false;
  told_end_ = told_end_ || finished();
  update_active();
  callback_.call(*handle_);
  view_out_ = false;
}

}  // namespace spawnpipe::detail
