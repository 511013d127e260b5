// Output kept in memory, within a limit.
#ifndef SPAWNPIPE_LIB_CAPTURE_HPP
#define SPAWNPIPE_LIB_CAPTURE_HPP

#include <spawnpipe/run.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace spawnpipe::detail {

class capture {
 public:
  explicit capture(const capture_limit& limit) noexcept;

  /// What there is no memory for is dropped, and all that comes behind it.
  void append(std::span<const std::byte> bytes) noexcept;

  /// Bytes were dropped for want of memory.
  [[nodiscard]] bool out_of_memory() const noexcept { return out_of_memory_; }
  /// More came than is kept.
  [[nodiscard]] bool overflowed() const noexcept { return dropped_ > 0; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  /// Whether so many more bytes can be kept.
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept {
    return bytes <= head_limit_ - head_.size() + tail_limit_ - tail_.size();
  }
  /// What is kept of the beginning: all that came, until there was more than that.
  [[nodiscard]] std::string_view head() const noexcept { return head_; }
  /// A copy of what is kept, in order.
  [[nodiscard]] std::string text() const;
  /// What was kept, in order. Once.
  [[nodiscard]] std::string take() noexcept;

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string tail_;            // a ring once it is full
  std::size_t tail_start_ = 0;  // where the ring's oldest byte is
  std::uint64_t dropped_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace spawnpipe::detail

#endif
