// What a test says to the ends of the pipes, and what it asks them.
#include "pipe_ends.hpp"

#include "state.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::simulated {

// ---- both

void pipe_end::stir() {
  if (stream_ == nullptr || ready_) return;
  ready_ = true;
  stream_->owner->ready.push_back({.pipe = stream_, .child = nullptr});
}

void pipe_end::hold() {
  const auto lock = lock_state();
  held_ = true;
}

void pipe_end::release() {
  const auto lock = lock_state();
  held_ = false;
  stir();
}

void pipe_end::eager(bool yes) {
  const auto lock = lock_state();
  eager_ = yes;
}

void pipe_end::retire_lasts(duration length) {
  const auto lock = lock_state();
  retire_lasts_ = length;
}

bool pipe_end::made() const {
  const auto lock = lock_state();
  return made_;
}

bool pipe_end::closed() const {
  const auto lock = lock_state();
  return closed_at_.has_value();
}

bool pipe_end::in_flight() const {
  const auto lock = lock_state();
  return stream_ != nullptr && stream_->pending != nullptr;
}

operation_counts pipe_end::counts() const {
  const auto lock = lock_state();
  return counts_;
}

std::optional<time_point> pipe_end::closed_at() const {
  const auto lock = lock_state();
  return closed_at_;
}

std::size_t pipe_end::largest_request() const {
  const auto lock = lock_state();
  return largest_;
}

// ---- sources

void source::feed(arrival what) {
  const auto lock = lock_state();
  holds_.push_back(std::move(what));
  stir();
}

void source::next_begin(arrival what) {
  const auto lock = lock_state();
  next_begin_.push_back(std::move(what));
}

void source::next_retire(arrival what) {
  const auto lock = lock_state();
  next_retire_.push_back(std::move(what));
}

void source::backed_up(bool yes) {
  const auto lock = lock_state();
  backed_up_ = yes;
}

std::size_t source::unread() const {
  const auto lock = lock_state();
  std::size_t sum = 0;
  for (const auto& one : holds_) sum += one.bytes.size();
  return sum;
}

platform::io_outcome source::take(std::deque<arrival>& from, std::span<std::byte> into) {
  auto& first = from.front();
  const auto count = std::min(first.bytes.size(), into.size());
  std::ranges::copy(std::as_bytes(std::span(first.bytes)).first(count), into.begin());
  if (count < first.bytes.size()) {
    first.bytes.erase(0, count);
    return {.bytes = count};
  }
  const platform::io_outcome outcome{.bytes = count, .error = first.error, .end = first.end};
  from.pop_front();
  return outcome;
}

// ---- sinks

void sink::room(std::size_t bytes) {
  const auto lock = lock_state();
  room_ += bytes;
  stir();
}

void sink::room_for_all() {
  const auto lock = lock_state();
  room_ = std::string::npos;
  stir();
}

void sink::outcome(platform::io_outcome what) {
  const auto lock = lock_state();
  outcomes_.push_back(what);
  stir();
}

void sink::break_pipe() {
  const auto lock = lock_state();
  broken_ = true;
  stir();
}

void sink::lent_only(bool yes) {
  const auto lock = lock_state();
  lent_only_ = yes;
}

void sink::next_retire(std::size_t bytes, bool known) {
  const auto lock = lock_state();
  next_retire_.push_back({.bytes = bytes, .known = known});
}

std::string sink::received() const {
  const auto lock = lock_state();
  return received_;
}

}  // namespace spawnpipe::simulated
