#include "belongings.hpp"

#include "../allocation.hpp"
#include "../children.hpp"

#include <uv.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

namespace harness {
namespace {

using namespace std::chrono_literals;

std::atomic<long> held_by_libuv = 0;

void* counted(void* memory) {
  if (memory != nullptr) held_by_libuv.fetch_add(1, std::memory_order_relaxed);
  return memory;
}
void* allocate(std::size_t size) { return counted(std::malloc(size)); }
void* allocate_zeroed(std::size_t count, std::size_t size) { return counted(std::calloc(count, size)); }
void* reallocate(void* memory, std::size_t size) {
  return memory == nullptr ? allocate(size) : std::realloc(memory, size);
}
void release(void* memory) {
  if (memory != nullptr) held_by_libuv.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}

// Before libuv has allocated anything.
[[maybe_unused]] const int libuv_counts = uv_replace_allocator(allocate, reallocate, allocate_zeroed, release);

std::string as_lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\n';
  return text;
}

// Of each thread, as Linux lists them, which takes less than to look at every process.
std::string children_now() {
  std::string all;
  bool listed = false;
  std::error_code none;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", none)) {
    std::ifstream list(thread.path() / "children");
    listed = listed || list.is_open();
    for (std::string number; list >> number; all += ' ') all += number;
  }
  return listed ? all : as_lines(host_os::children());
}

void compare(std::string& into, const char* what, long before, long now) {
  if (before == now) return;
  (((into += what) += ": ") += std::to_string(before)) += " before, ";
  (into += std::to_string(now)) += " now\n";
}

}  // namespace

// The counts come first: what is written down is memory, too.
belongings belongings::now() {
  belongings all;
  all.allocations = allocations_held();
  all.allocations_of_libuv = held_by_libuv.load();
  all.threads = host_os::thread_count();
  all.descriptors = as_lines(host_os::open_descriptors());
  all.children = children_now();
  return all;
}

belongings belongings::settled() {
  long held = 0;
  const auto until = std::chrono::steady_clock::now() + scaled(3s);
  for (int same = 0; (same < 2 || !children_now().empty()) && std::chrono::steady_clock::now() < until;) {
    static_cast<void>(spawnpipe::run(command("exit"), {.until = patience()}));
    const long before = std::exchange(held, allocations_held());
    same = held == before ? same + 1 : 0;
  }
  return now();
}

std::string belongings::changed() const {
  // `this` holds two texts that were not there when it was counted.
  const auto own = [](const std::string& text) { return text.capacity() > std::string().capacity() ? 1L : 0L; };
  const auto held = [&] { return allocations_held() - own(descriptors) - own(children); };
  // Orphans that outlived their scenario are reaped when the next child is started; and what libuv closes, and what a closed writer had
  // queued for a child that is gone, goes with the next turn of its loop.
  const auto until = std::chrono::steady_clock::now() + scaled(3s);
  // A thread that has been joined is listed for a moment.
  const auto same = [&] {
    return held() == allocations && children_now() == children && host_os::thread_count() <= threads;
  };
  while (!same() && std::chrono::steady_clock::now() < until) {
    static_cast<void>(spawnpipe::run(command("exit"), {.until = patience()}));
    if (!same()) std::this_thread::sleep_for(10ms);
  }
  const long held_now = held();
  const long of_libuv = held_by_libuv.load();
  std::string all;
  if (const auto now = children_now(); now != children) all += "children before:\n" + children + "now:\n" + now;
  if (const auto now = as_lines(host_os::open_descriptors()); now != descriptors) {
    all += "descriptors before:\n" + descriptors + "now:\n" + now;
  }
  // One that had been joined when they were counted may have been listed still: so there may be fewer.
  if (const auto now = host_os::thread_count(); now && threads && *now > *threads) {
    compare(all, "threads", static_cast<long>(*threads), static_cast<long>(*now));
  }
  compare(all, "allocations", allocations, held_now);
  compare(all, "allocations of libuv", allocations_of_libuv, of_libuv);
  return all;
}

}  // namespace harness
