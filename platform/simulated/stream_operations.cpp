// What the operations on a simulated stream come to. At most one is in flight on each; what was lent to it is watched:
// nobody else may write to it meanwhile, and it is written to when the operation ends, so that AddressSanitizer sees it
// freed too early.
#include "state.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::platform {

using simulated::here;

namespace {

constexpr std::byte untouched{0xa5};

}  // namespace

// ---- both

simulated::pipe_end& stream::end() const noexcept {
  return reads != nullptr ? static_cast<simulated::pipe_end&>(*reads) : *writes;
}

void stream::wrong(const char* what) const { here().wrong(std::string(name) + ": " + what); }

bool stream::may_begin(const completion& done) {
  if (pending != nullptr) {
    wrong("begun while an operation is in flight");
    return false;
  }
  if (done.posted) wrong("begun while its completion is in the inbox");
  if (done.handle == nullptr) wrong("begun with a completion that nobody handles");
  return true;
}

void stream::settle() {
  check_lent();
  pending = nullptr;
  into = {};
  from.clear();
  copy.clear();
}

void stream::check_lent() const {
  if (reads != nullptr) {
    if (!std::ranges::all_of(into, [](std::byte b) { return b == untouched; })) wrong("a lent buffer was written to");
    return;
  }
  std::size_t at = 0;
  for (const auto part : from) {
    if (!std::equal(part.begin(), part.end(), copy.begin() + static_cast<std::ptrdiff_t>(at))) {
      wrong("lent bytes were changed");
      return;
    }
    at += part.size();
  }
}

bool stream::complete() {
  if (pending == nullptr || end().held_) return false;
  if (reads != nullptr ? !can_read() : !can_write()) return false;
  auto& done = *pending;
  if (done.posted) wrong("its completion was put into the inbox by somebody else");
  if (reads != nullptr) {
    const auto buffer = into;
    settle();
    done.outcome = read_from(reads->holds_, buffer);
  } else {
    done.outcome = write_lent();
    settle();
  }
  ++end().counts_.completed;
  owner->client.completions->push(done);
  return true;
}

void stream::abandon() {
  auto& script = end();
  script.held_ = false;
  if (reads != nullptr) {
    reads->holds_.push_back({.end = true});
  } else {
    writes->outcomes_.push_back({.error = make_error_code(std::errc::broken_pipe)});
  }
  script.stir();
}

simulated::action stream::close() {
  if (pending != nullptr && !here().foreign) wrong("closed with an operation in flight");
  auto& script = end();
  script.stream_ = nullptr;
  script.closed_at_ = here().clock.load();
  script.ready_ = false;
  std::erase_if(owner->ready, [this](const loop::candidate& each) { return each.pipe == this; });
  pending = nullptr;
  if (generation != here().generation) return {};
  here().streams.erase(this);
  here().graveyard.push_back(std::shared_ptr<stream>(this));
  return writes != nullptr ? child->on_in_closed_ : simulated::action();
}

// ---- reading

bool stream::can_read() const { return !reads->holds_.empty() || reads->ended_; }

io_outcome stream::read_from(std::deque<simulated::arrival>& what, std::span<std::byte> buffer) {
  if (what.empty()) return {.end = reads->ended_};
  const auto outcome = simulated::source::take(what, buffer);
  if (outcome.end) reads->ended_ = true;
  return outcome;
}

std::optional<io_outcome> stream::begin_read(std::span<std::byte> buffer, completion& done) {
  if (reads == nullptr) {
    wrong("read from");
    return io_outcome{.error = make_error_code(std::errc::bad_file_descriptor)};
  }
  if (buffer.empty()) wrong("read into nothing");
  if (!may_begin(done)) return io_outcome{.error = make_error_code(std::errc::device_or_resource_busy)};
  ++reads->counts_.begun;
  reads->largest_ = std::max(reads->largest_, buffer.size());
  std::ranges::fill(buffer, untouched);
  if (!reads->next_begin_.empty()) {
    ++reads->counts_.completed;
    return read_from(reads->next_begin_, buffer);
  }
  if (reads->eager_ && !reads->held_ && can_read()) {
    ++reads->counts_.completed;
    return read_from(reads->holds_, buffer);
  }
  pending = &done;
  into = buffer;
  if (can_read()) reads->stir();
  return std::nullopt;
}

io_outcome stream::retire_read() {
  if (reads == nullptr || pending == nullptr) {
    wrong("a read was retired that is not in flight");
    return {};
  }
  const auto lasts = std::exchange(reads->retire_lasts_, {});
  here().clock.store(here().clock.load() + lasts);
  const auto buffer = into;
  settle();
  ++reads->counts_.retired;
  if (!reads->next_retire_.empty()) return read_from(reads->next_retire_, buffer);
  if (reads->held_ || !can_read()) return {};
  return read_from(reads->holds_, buffer);
}

bool stream::backed_up() const {
  if (reads == nullptr) {
    wrong("asked whether it is backed up");
    return false;
  }
  return reads->backed_up_;
}

// ---- writing

bool stream::can_write() const { return writes->broken_ || writes->room_ > 0 || !writes->outcomes_.empty(); }

io_outcome stream::decide(std::size_t wanted) {
  if (writes->broken_) return {.error = make_error_code(std::errc::broken_pipe)};
  if (!writes->outcomes_.empty()) {
    auto outcome = writes->outcomes_.front();
    writes->outcomes_.pop_front();
    outcome.bytes = std::min(outcome.bytes, wanted);
    return outcome;
  }
  const auto count = std::min(writes->room_, wanted);
  if (writes->room_ != std::string::npos) writes->room_ -= count;
  return {.bytes = count};
}

void stream::deliver(std::span<const std::span<const std::byte>> bytes, std::size_t count) {
  for (const auto part : bytes) {
    const auto length = std::min(part.size(), count);
    writes->received_.append(reinterpret_cast<const char*>(part.data()), length);
    count -= length;
  }
}

io_outcome stream::write_lent() {
  const auto outcome = decide(copy.size());
  deliver(from, outcome.bytes);
  return outcome;
}

io_outcome stream::try_write(std::span<const std::byte> bytes) {
  if (writes == nullptr) {
    wrong("written to");
    return {.error = make_error_code(std::errc::bad_file_descriptor)};
  }
  if (bytes.empty()) wrong("nothing was to be written");
  if (pending != nullptr) {
    wrong("a write was tried while one is in flight");
    return {};
  }
  ++writes->counts_.tried;
  writes->largest_ = std::max(writes->largest_, bytes.size());
  io_outcome outcome;
  if (!writes->lent_only_ && !writes->held_ && can_write()) {
    // A success with zero bytes cannot be told from "not now" here, and is left for a lent write.
    const bool zero =
        !writes->outcomes_.empty() && writes->outcomes_.front().bytes == 0 && !writes->outcomes_.front().error;
    if (!zero) outcome = decide(bytes.size());
  }
  deliver(std::span(&bytes, 1), outcome.bytes);
  return outcome;
}

std::optional<io_outcome> stream::begin_write(std::span<const std::span<const std::byte>> bytes, completion& done) {
  if (writes == nullptr) {
    wrong("written to");
    return io_outcome{.error = make_error_code(std::errc::bad_file_descriptor)};
  }
  if (!may_begin(done)) return io_outcome{.error = make_error_code(std::errc::device_or_resource_busy)};
  from.assign(bytes.begin(), bytes.end());
  copy.clear();
  for (const auto part : from) {
    if (part.empty()) wrong("a part of a write is empty");
    copy.insert(copy.end(), part.begin(), part.end());
  }
  if (copy.empty()) wrong("nothing was to be written");
  ++writes->counts_.begun;
  writes->largest_ = std::max(writes->largest_, copy.size());

  std::optional<io_outcome> outcome;
  if (writes->eager_ && !writes->held_ && can_write()) {
    outcome = write_lent();
  }
  if (outcome) {
    ++writes->counts_.completed;
    from.clear();
    copy.clear();
    return outcome;
  }
  pending = &done;
  if (can_write()) writes->stir();
  return std::nullopt;
}

write_retired stream::retire_write() {
  if (writes == nullptr || pending == nullptr) {
    wrong("a write was retired that is not in flight");
    return {};
  }
  const auto lasts = std::exchange(writes->retire_lasts_, {});
  here().clock.store(here().clock.load() + lasts);
  write_retired gone;
  if (!writes->next_retire_.empty()) {
    const auto scripted = writes->next_retire_.front();
    writes->next_retire_.pop_front();
    const auto count = std::min(scripted.bytes, copy.size());
    deliver(from, count);
    gone = {.bytes = scripted.known ? count : 0, .unknown = scripted.known ? 0 : copy.size()};
  } else if (!writes->held_ && can_write()) {
    gone.bytes = write_lent().bytes;
  }
  settle();
  ++writes->counts_.retired;
  return gone;
}

}  // namespace spawnpipe::platform
