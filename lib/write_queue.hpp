// Bytes that a writer has accepted and not delivered, in order.
//
// Blocks never move, so that their bytes can be lent to the system. A block is either the queue's own, filled by copying and
// used again when it is empty (no allocation in the steady state), or a buffer that the user moved in.
#ifndef SPAWNPIPE_LIB_WRITE_QUEUE_HPP
#define SPAWNPIPE_LIB_WRITE_QUEUE_HPP

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <string>

namespace spawnpipe::detail {

class write_queue {
 public:
  /// What is at the front, as far as one request goes.
  struct front_spans {
    std::array<std::span<const std::byte>, 8> spans;
    std::size_t count = 0;
    std::size_t bytes = 0;
  };

  /// Its own blocks hold up to `block_size` bytes.
  explicit write_queue(std::size_t block_size) : block_size_(block_size) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// How many of them there was memory for.
  [[nodiscard]] std::size_t push_copy(std::span<const std::byte> bytes);
  /// Takes `buffer`, which is not empty, as it is. False where there is no memory, and it stays the caller's.
  [[nodiscard]] bool push_owned(std::string& buffer);
  [[nodiscard]] front_spans front(std::size_t longest) const noexcept;
  /// Takes off `count` bytes, no more than there are.
  void pop(std::size_t count) noexcept;
  void clear() noexcept;

 private:
  struct block {
    std::unique_ptr<std::byte[]> own;  // or null, and then:
    std::string moved_in;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;

    [[nodiscard]] const std::byte* data() const noexcept {
      return own ? own.get() : reinterpret_cast<const std::byte*>(moved_in.data());
    }
  };

  void make_spare();

  std::size_t block_size_;
  std::size_t size_ = 0;
  std::list<block> blocks_;
  std::list<block> spare_;  // one block at most, empty
};

}  // namespace spawnpipe::detail

#endif
