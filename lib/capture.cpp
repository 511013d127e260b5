// The first bytes, and, where asked for, the last ones in a ring.
#include "capture.hpp"

#include "memory.hpp"

#include <algorithm>
#include <utility>

namespace spawnpipe::detail {

capture::capture(const capture_limit& limit) noexcept
    : head_limit_(limit.on_overflow == overflow::keep_head_and_tail ? limit.bytes - limit.bytes / 2 : limit.bytes),
      tail_limit_(limit.bytes - head_limit_) {}

void capture::append(std::span<const std::byte> bytes) noexcept {
  const char* text = reinterpret_cast<const char*>(bytes.data());
  std::size_t left = bytes.size();
  const auto grow = [&](std::string& what, std::size_t limit) {
    const std::size_t count = std::min(left, limit - what.size());
    if (out_of_memory_ || !with_memory([&] { what.append(text, count); })) {
      out_of_memory_ = true;
    } else {
      text += count;
      left -= count;
    }
  };
  grow(head_, head_limit_);
  grow(tail_, tail_limit_);
  if (out_of_memory_) {
    dropped_ += left;
    return;
  }

  dropped_ += left;  // each byte from here on is dropped itself, or pushes an older one out
  if (left > tail_limit_) {
    text += left - tail_limit_;
    left = tail_limit_;
  }
  while (left > 0) {
    const std::size_t part = std::min(left, tail_limit_ - tail_start_);
    tail_.replace(tail_start_, part, text, part);
    tail_start_ = (tail_start_ + part) % tail_limit_;
    text += part;
    left -= part;
  }
}

std::string capture::text() const {
  std::string all = head_;
  all.append(tail_, tail_start_).append(tail_, 0, tail_start_);
  return all;
}

std::string capture::take() noexcept {
  std::rotate(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(tail_start_), tail_.end());
  if (!with_memory([this] { head_ += tail_; })) {
    out_of_memory_ = true;
    dropped_ += tail_.size();
  }
  tail_.clear();
  tail_start_ = 0;
  return std::move(head_);
}

}  // namespace spawnpipe::detail
