// Hosts whose threads are hard to be a guest of: very many that spawn at once, and some with hardly a stack.
#include "../children.hpp"
#include "../scenario.hpp"

#include <atomic>
#include <climits>
#include <cstddef>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

TEST_CASE("[G6][C1][G2] 64 threads spawn at the same moment, and each has its own child's answer") {
  harness::bound_case(60s);
  harness::leak_check nothing_left;
  constexpr int thread_count = 64;
  constexpr int rounds = 4;
  std::latch all_there(thread_count);
  std::atomic<int> good = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      all_there.arrive_and_wait();
      for (int round = 0; round < rounds; ++round) {
        const int now = ++at_once;
        for (int most = most_at_once; now > most && !most_at_once.compare_exchange_weak(most, now);) {
        }
        const std::string text = "thread " + std::to_string(i) + " round " + std::to_string(round);
        const auto done = spawnpipe::run(command("cat"), {.input = text, .until = harness::scaled(40s)});
        --at_once;
        good += done && done->success() && done->out == text ? 1 : 0;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(good == thread_count * rounds);
  CHECK(most_at_once > thread_count / 2);
}

// ---- threads with hardly a stack

// Whether a thread could be made with so little stack, and has done its work.
template <class Act>
bool with_stack_of(std::size_t size, Act act) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  pthread_t thread{};
  const auto begin = [](void* what) -> void* {
    (*static_cast<Act*>(what))();
    return nullptr;
  };
  const bool began =
      ::pthread_attr_setstacksize(&attributes, size) == 0 && ::pthread_create(&thread, &attributes, begin, &act) == 0;
  ::pthread_attr_destroy(&attributes);
  return began && ::pthread_join(thread, nullptr) == 0;
}

std::size_t stack_of_this_thread() {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  std::size_t size = 0;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  ::pthread_attr_getstack(&attributes, &lowest, &size);
  ::pthread_attr_destroy(&attributes);
  return size;
}

bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}
constexpr const char* no_small_stack = "a sanitizer's frames are larger";

// libuv's turn of the loop alone takes 12 KiB.
constexpr std::size_t little = std::size_t{32} * 1024;

HOST_SCENARIO(little_stack, "a thread has 32 KiB of stack") {
  if (sanitized()) SKIP_SCENARIO(no_small_stack);
  std::size_t seen = 0;
  int good = 0;
  const bool went = with_stack_of(little, [&] {
    seen = stack_of_this_thread();
    auto first = spawnpipe::spawn(command("hang", "up").in(null{}).out(pipe{}).err(null{}));
    if (!first) return;
    const auto line = first->out().read_line(patience());
    good += line && *line == "up" ? 1 : 0;
    good += first->stop(spawnpipe::stop_policy::immediate(), patience()) ? 1 : 0;
    const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
    good += done && done->out == "text" ? 1 : 0;
    good += spawnpipe::spawn(spawnpipe::command("no-such-program-here")) ? 0 : 1;
  });
  EXPECT(went);
  EXPECT(seen > 0 && seen <= little);
  EXPECT(good == 4);
}
TEST_CASE("[G6][P1][P3] a thread with 32 KiB of stack starts, feeds, reads and stops children") {
  PLAY_SCENARIO("a thread has 32 KiB of stack");
}

HOST_SCENARIO(least_stack, "a thread has the least stack that there is") {
  if (sanitized()) SKIP_SCENARIO(no_small_stack);
  const auto least = static_cast<std::size_t>(::sysconf(_SC_THREAD_STACK_MIN));
  EXPECT(least <= static_cast<std::size_t>(PTHREAD_STACK_MIN));
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  const auto done = spawnpipe::spawn(*loop, command("exit"));
  EXPECT(done);
  EXPECT(loop->release_thread());
  std::size_t seen = 0;
  std::optional<spawnpipe::child> child;
  const bool went = with_stack_of(least, [&] {
    seen = stack_of_this_thread();
    if (!loop->acquire_thread()) return;
    auto spawned = spawnpipe::spawn(*loop, command("cat").in(pipe{}).out(pipe{}).err(pipe{}));
    if (spawned) child = std::move(*spawned);
    (void)loop->release_thread();
  });
  EXPECT(went);
  EXPECT(seen > 0 && seen <= least);
  EXPECT(loop->acquire_thread());
  EXPECT(child);
  const auto echoed = spawnpipe::communicate(*child, {.input = "text", .until = patience()});
  EXPECT(echoed && echoed->out == "text");
}
TEST_CASE("[G6][P1][C1] a thread with the least stack that there is starts a child on a loop that others run") {
  PLAY_SCENARIO("a thread has the least stack that there is");
}

}  // namespace
