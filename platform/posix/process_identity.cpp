#include "process_identity.hpp"

#include "system.hpp"

#include <atomic>
#include <new>

namespace spawnpipe::platform {
namespace {

using identity = std::atomic<std::uint64_t>;

// In the page: 0 in a copy that has not asked yet. Null where there is no such page.
identity* in_page() noexcept {
  void* page = nullptr;
  return sys::page_that_forks_clear(&page) == 0 ? new (page) identity(0) : nullptr;
}

identity last = 0;  // of this process and those that it descends from

}  // namespace

std::uint64_t process_identity() noexcept {
  static identity* const current = in_page();
  if (current == nullptr) return static_cast<std::uint64_t>(sys::getpid());
  std::uint64_t known = current->load(std::memory_order_relaxed);
  if (known != 0) return known;
  const std::uint64_t made = last.fetch_add(1) + 1;
  return current->compare_exchange_strong(known, made) ? made : known;
}

}  // namespace spawnpipe::platform
