// Writing: delivered, dropped or unknown, but every accepted byte is one of them.
//
// The operation is none, pending (bytes lent to the back end) or posted (its completion is in the inbox). stop() settles all
// three: a posted completion is applied as if it had been handled; a pending one is retired, and what went out before
// the cancel counts as delivered. Only then is the queue freed.
#include "writer_core.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::detail {
namespace {

constexpr std::size_t largest_block = std::size_t{64} * 1024;

}  // namespace

writer_core::writer_core(loop_core& loop, std::size_t capacity, const char* name)
    : object(loop), name_(name), capacity_(capacity), queue_(std::min(capacity, largest_block)) {
  done_.owner = this;
  done_.handle = [](void* self) {
    auto& writer = *static_cast<writer_core*>(self);
    const core_ref<writer_core> kept(&writer);  // the last byte of a lingering writer frees it
    writer.apply(writer.done_.outcome);
    writer.begin();
    writer.announce();
  };
}

void writer_core::give_to(pipe_writer& handle) noexcept {
  retain();
  loop().add_user();
  handle.core_ = this;
  handle_ = &handle;
}

std::optional<error> writer_core::refusal() const {
  if (failure_) return failure_;
  if (stopped_) return error{errc::stopped, stage::write, name_};
  if (closing_ || stream_ == nullptr) return error{errc::closed, stage::write, name_};
  return std::nullopt;
}

error writer_core::no_memory() const {
  return {std::make_error_code(std::errc::not_enough_memory), stage::write, name_};
}

// ---- the operation

void writer_core::begin() {
  // A system that completes each write at once is asked again, until the queue is empty or it has to wait.
  while (stream_ != nullptr && in_flight_ == 0 && !queue_.empty() && !failure_) {
    const write_queue::front_spans front = queue_.front(platform::longest_request);
    in_flight_ = front.bytes;
    const auto outcome = platform::write_begin(stream_, std::span(front.spans).first(front.count), done_);
    if (!outcome) break;
    apply(*outcome);
  }
  update_active();
}

void writer_core::apply(const platform::io_outcome& outcome) noexcept {
  in_flight_ = 0;
  if (outcome.bytes > 0) {
    queue_.pop(outcome.bytes);
    books_.delivered += outcome.bytes;
    watch_.go_on();
    news_ = moved_ = true;
  }
  if (outcome.error) {
    fail(outcome.error);
  } else if (outcome.bytes == 0) {
    fail(errc::zero_write);  // asking again would go round for ever
  }
  settle();
}

void writer_core::fail(std::error_code code) noexcept {
  failure_ = error{code, stage::write, name_};
  news_ = moved_ = true;
  drop_queue();
  settle();
}

void writer_core::drop_queue() noexcept {
  books_.dropped += queue_.size();
  queue_.clear();
}

// Closes the stream where nothing more will be written, and lets a lingering writer go.
void writer_core::settle() noexcept {
  if (in_flight_ > 0) return;
  const bool over = failure_ || stopped_ || (closing_ && queue_.empty());
  if (!over) return;
  if (stream_ != nullptr) {
    platform::stream_close(std::exchange(stream_, nullptr));
    watch_.close(loop(), books_.delivered, failure_);
  }
  update_active();
  if (std::exchange(lingers_, false)) release();
}

// ---- the user's calls

result<std::size_t> writer_core::write(std::span<const std::byte> bytes) {
  if (auto refused = refusal()) return *std::move(refused);
  std::size_t taken = 0;
  bool memory = true;
  // A system that writes at once is given more, until all is taken or the queue is full.
  for (bool room = true; taken < bytes.size() && room && memory && !failure_;) {
    if (queue_.empty()) taken += try_now(bytes.subspan(taken));
    const std::size_t part = std::min(bytes.size() - taken, capacity_ - std::min(capacity_, queue_.size()));
    room = part > 0;
    if (!room || failure_) break;
    const std::size_t queued = queue_.push_copy(bytes.subspan(taken, part));
    memory = queued == part;
    books_.accepted += queued;
    taken += queued;
    begin();
  }
  if (taken < bytes.size() && !failure_) watch_.pause();
  announce();
  if (failure_ && taken == 0) return *failure_;
  if (!memory && taken == 0) return no_memory();
  return taken;
}

// What the system takes straight from the caller's bytes.
std::size_t writer_core::try_now(std::span<const std::byte> bytes) noexcept {
  const platform::io_outcome outcome =
      platform::write_try(stream_, bytes.first(std::min(bytes.size(), platform::longest_request)));
  books_.accepted += outcome.bytes;
  books_.delivered += outcome.bytes;
  if (outcome.error) fail(outcome.error);
  return outcome.bytes;
}

result<bool> writer_core::write_owned(std::string& buffer) {
  if (auto refused = refusal()) return *std::move(refused);
  if (buffer.empty()) return true;
  if (!queue_.empty() && buffer.size() > capacity_ - std::min(capacity_, queue_.size())) {
    watch_.pause();
    return false;
  }
  const std::size_t size = buffer.size();
  if (!queue_.push_owned(buffer)) return no_memory();
  books_.accepted += size;
  begin();
  announce();
  return true;
}

result<void> writer_core::write_all(std::span<const std::byte>& rest, deadline until, const cancellation& cancel) {
  if (cancel.requested()) return error{errc::cancelled, stage::write, name_};
  for (;;) {
    auto taken = write(rest);
    if (!taken) return std::move(taken).error();
    rest = rest.subspan(*taken);
    if (rest.empty()) return {};
    const waited how = loop().wait(
        until, cancel, [this] { return queue_.size() < capacity_ || refusal(); }, &done_);
    if (how != waited::ready) return wait_error(how, stage::write, name_);
  }
}

result<void> writer_core::flush(deadline until, const cancellation& cancel) {
  if (failure_) return *failure_;
  const std::uint64_t target = books_.accepted;
  const auto ready = [&] { return books_.delivered >= target || failure_ || stopped_; };
  if (!ready() && cancel.requested()) return error{errc::cancelled, stage::write, name_};
  const waited how = loop().wait(until, cancel, ready, &done_);
  if (books_.delivered >= target) return {};
  if (auto refused = refusal(); refused && ready()) return *std::move(refused);
  return wait_error(how, stage::write, name_);
}

void writer_core::close() noexcept {
  closing_ = true;
  settle();
  update_active();
}

void writer_core::stop() noexcept {
  const core_ref<writer_core> kept(this);  // the end of a lingering writer frees it
  if (stream_ == nullptr) {
    stopped_ = stopped_ || !closing_;
    return;
  }
  stopped_ = true;
  callback_.clear();
  if (in_flight_ > 0) {
    if (done_.posted) {
      loop().inbox().remove(done_);
      apply(done_.outcome);
    } else {
      const platform::write_retired out = platform::write_retire(stream_);
      in_flight_ = 0;
      queue_.pop(out.bytes + out.unknown);
      books_.delivered += out.bytes;
      books_.unknown += out.unknown;
    }
  }
  drop_queue();
  settle();
}

void writer_core::dispose() noexcept {
  handle_ = nullptr;
  listener_ = nullptr;
  callback_.clear();
  if (closing_ && stream_ != nullptr && !loop().foreign()) {
    if (!std::exchange(lingers_, true)) retain();
  } else {
    stop();
  }
}

write_books writer_core::books() const noexcept {
  write_books result = books_;
  result.unsent = queue_.size();
  return result;
}

// ---- callbacks

void writer_core::update_active() noexcept { set_active(stream_ != nullptr && in_flight_ > 0); }

void writer_core::announce() {
  if (!std::exchange(moved_, false)) return;
  if (news_ && callback_) loop().want_dispatch(*this);
  if (listener_ != nullptr) listener_->progress();
}

void writer_core::on_written(std::function<void(pipe_writer&)> callback) {
  callback_.set(std::move(callback));
  if (failure_ && !told_failure_ && callback_) {
    news_ = true;
    loop().want_dispatch(*this);
  }
}

void writer_core::dispatch() {
  if (!callback_ || !std::exchange(news_, false) || handle_ == nullptr || told_failure_ || stopped_) return;
  told_failure_ = failure_.has_value();
  callback_.call(*handle_);
}

}  // namespace spawnpipe::detail
