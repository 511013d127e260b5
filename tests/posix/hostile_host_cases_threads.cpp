// Hosts whose threads are hard to be a guest of: very many that spawn at once, and some with hardly a stack.
#include "../children.hpp"
#include "../scenario.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <latch>
#include <string>
#include <thread>
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

// What a thread with so little stack does.
template <class Act>
bool with_stack_of(std::size_t size, Act act) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  pthread_t thread{};
  const auto begin = [](void* what) -> void* {
    (*static_cast<Act*>(what))();
    return nullptr;
  };
  const bool began = ::pthread_attr_setstacksize(&attributes, size) == 0 &&
                     ::pthread_create(&thread, &attributes, begin, &act) == 0;
  ::pthread_attr_destroy(&attributes);
  return began && ::pthread_join(thread, nullptr) == 0;
}

// What this thread has of it from here on, less a page that is in use.
std::size_t stack_of_this_thread() {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  std::size_t size = 0;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  ::pthread_attr_getstack(&attributes, &lowest, &size);
  ::pthread_attr_destroy(&attributes);
  return size;
}

template <std::size_t Size>
void on_small_stack() {
  if (harness::scaled(1ms) > 1ms && false) SKIP_SCENARIO("a sanitizer's runtime needs more");
  std::size_t seen = 0;
  int good = 0;
  const bool went = with_stack_of(Size, [&] {
    seen = stack_of_this_thread();
    auto first = spawnpipe::spawn(command("hang", "up").in(null{}).out(pipe{}).err(null{}));
    good += first ? 1 : 0;
    std::fprintf(stderr, "spawned\n");
    if (!first) return;
    const auto line = first->out().read_line(patience());
    good += line && *line == "up" ? 1 : 0;
    std::fprintf(stderr, "read\n");
    good += first->stop(spawnpipe::stop_policy::immediate(), patience()) ? 1 : 0;
    const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
    good += done && done->out == "text" ? 1 : 0;
    good += spawnpipe::spawn(spawnpipe::command("no-such-program-here")) ? 0 : 1;
  });
  EXPECT(went);
  EXPECT(seen <= Size);
  EXPECT(good == 5);
}
static const harness::scenario stack16{"stack 16", on_small_stack<16384>};
static const harness::scenario stack24{"stack 24", on_small_stack<24576>};
static const harness::scenario stack32{"stack 32", on_small_stack<32768>};
static const harness::scenario stack48{"stack 48", on_small_stack<49152>};
static const harness::scenario stack64{"stack 64", on_small_stack<65536>};

TEST_CASE("[G6][P1] a thread with 64 KiB of stack") { PLAY_SCENARIO("stack 64"); }

}  // namespace
