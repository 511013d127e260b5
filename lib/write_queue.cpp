// The writer's queue: blocks that stay where they are.
#include "write_queue.hpp"

#include "memory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spawnpipe::detail {

void write_queue::make_spare() {
  block made;
  made.own = std::make_unique_for_overwrite<std::byte[]>(block_size_);
  made.capacity = block_size_;
  spare_.push_back(std::move(made));
}

std::size_t write_queue::push_copy(std::span<const std::byte> bytes) {
  const std::size_t before = size_;
  while (!bytes.empty()) {
    if (blocks_.empty() || !blocks_.back().own || blocks_.back().end == blocks_.back().capacity) {
      if (spare_.empty() && !with_memory([this] { make_spare(); })) break;
      blocks_.splice(blocks_.end(), spare_, spare_.begin());
    }
    block& last = blocks_.back();
    const std::size_t count = std::min(bytes.size(), last.capacity - last.end);
    std::memcpy(last.own.get() + last.end, bytes.data(), count);
    last.end += count;
    size_ += count;
    bytes = bytes.subspan(count);
  }
  return size_ - before;
}

bool write_queue::push_owned(std::string& buffer) {
  if (!with_memory([this] { blocks_.emplace_back(); })) return false;
  block& last = blocks_.back();
  last.moved_in = std::move(buffer);
  buffer.clear();
  last.end = last.capacity = last.moved_in.size();
  size_ += last.end;
  return true;
}

write_queue::front_spans write_queue::front(std::size_t longest) const noexcept {
  front_spans result;
  for (const block& each : blocks_) {
    const std::size_t count = std::min(each.end - each.begin, longest - result.bytes);
    if (count == 0 || result.count == result.spans.size()) break;
    result.spans[result.count++] = {each.data() + each.begin, count};
    result.bytes += count;
  }
  return result;
}

void write_queue::pop(std::size_t count) noexcept {
  size_ -= count;
  while (count > 0) {
    block& first = blocks_.front();
    const std::size_t part = std::min(count, first.end - first.begin);
    first.begin += part;
    count -= part;
    if (first.begin < first.end) break;
    first.begin = first.end = 0;
    if (first.own && spare_.empty()) {
      spare_.splice(spare_.end(), blocks_, blocks_.begin());
    } else {
      blocks_.pop_front();
    }
  }
}

void write_queue::clear() noexcept {
  blocks_.clear();
  spare_.clear();
  size_ = 0;
}

}  // namespace spawnpipe::detail
