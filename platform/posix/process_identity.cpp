// The number of this process: in a page that forks clear, or the system's own.
#include "platform.hpp"
#include "system.hpp"

#include <atomic>
#include <new>

namespace spawnpipe::platform {
namespace {

using identity = std::atomic<std::uint64_t>;

identity last = 0;  // of this process and those that it descends from
identity no_page = 0;
std::atomic<identity*> found = nullptr;  // in the page, or `no_page`

// No static with a guard: a copy that is forked while another thread has the guard would wait for ever. Two threads that come
// here at once map a page each, and one of them stays unused.
identity* find_page() noexcept {
  void* page = nullptr;
  identity* const mine = sys::page_that_forks_clear(&page) == 0 ? new (page) identity(0) : &no_page;
  identity* first = nullptr;
  return found.compare_exchange_strong(first, mine) ? mine : first;
}

}  // namespace

std::uint64_t process_identity() noexcept {
  identity* current = found.load(std::memory_order_acquire);
  if (current == nullptr) current = find_page();
  if (current == &no_page) return static_cast<std::uint64_t>(sys::getpid());
  std::uint64_t known = current->load(std::memory_order_relaxed);
  if (known != 0) return known;  // 0 in a copy that has not asked yet
  const std::uint64_t made = last.fetch_add(1) + 1;
  return current->compare_exchange_strong(known, made) ? made : known;
}

}  // namespace spawnpipe::platform
