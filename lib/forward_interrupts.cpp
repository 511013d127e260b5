// The hand-over from a signal handler, or from a thread of the system's, to the loops whose children are to hear of it.
//
// What is heard is counted by its number, and the loops are woken by an interrupter, which is made for that: it is the one thing a
// handler may touch. Each loop compares the counts with those that it has passed on. A handler may still run on some thread when the
// last guard ends, so the counts and the interrupter stay for good.
#include <spawnpipe/forward_interrupts.hpp>

#include "interruption.hpp"
#include "loop_core.hpp"
#include "object.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <utility>

namespace spawnpipe {
namespace detail {
namespace {

constexpr std::size_t numbers = 65;
using counts = std::array<unsigned, numbers>;

struct what_was_heard {
  interrupter listeners;
  std::array<std::atomic<unsigned>, numbers> count = {};
  std::mutex mutex;  // guards guards
  int guards = 0;
};

std::atomic<what_was_heard*> the_one = nullptr;

what_was_heard& heard_so_far() {
  what_was_heard* const there = the_one.load();
  if (there != nullptr) return *there;
  auto* const fresh = new what_was_heard;
  what_was_heard* expected = nullptr;
  if (the_one.compare_exchange_strong(expected, fresh)) return *fresh;
  delete fresh;      // GCOVR_EXCL_LINE: another thread was first, in this very moment
  return *expected;  // GCOVR_EXCL_LINE
}

// In a signal handler, or on another thread.
void hear(int number) noexcept {
  what_was_heard& heard = *the_one.load();
  if (number < 0 || number >= static_cast<int>(numbers)) return;
  heard.count[static_cast<std::size_t>(number)].fetch_add(1);
  heard.listeners.interrupt();
}

counts counts_now() {
  counts now{};
  const what_was_heard& heard = heard_so_far();
  for (std::size_t number = 0; number < numbers; ++number) now[number] = heard.count[number].load();
  return now;
}

}  // namespace

class forward_core final : public object {
 public:
  explicit forward_core(loop_core& loop) noexcept : object(loop) {}

  result<void> begin() {
    what_was_heard& heard = heard_so_far();
    const std::scoped_lock lock(heard.mutex);
    passed_on_ = counts_now();
    watch_.emplace(cancellation(heard.listeners), loop().waker());
    if (heard.guards == 0) {
      if (auto begun = platform::interrupts_begin(&hear); !begun) {
        watch_.reset();
        return begun;
      }
    }
    ++heard.guards;
    return {};
  }

  [[nodiscard]] std::optional<int> received() {
    pass_on();
    return last_;
  }

  void woken() override { pass_on(); }

  void dispose() noexcept override { shutdown(); }

  void shutdown() noexcept override {
    if (!watch_) return;
    watch_.reset();
    what_was_heard& heard = heard_so_far();
    // In a forked copy there is nobody else, and whoever held the lock at the fork holds it for ever.
    std::unique_lock lock(heard.mutex, std::defer_lock);
    if (!loop().foreign()) lock.lock();
    if (--heard.guards == 0) platform::interrupts_end();
  }

 private:
  void pass_on() {
    if (!watch_) return;
    const counts now = counts_now();
    for (std::size_t number = 0; number < numbers; ++number) {
      if (now[number] == passed_on_[number]) continue;
      last_ = static_cast<int>(number);
      loop().interrupt_children(*last_);
    }
    passed_on_ = now;
  }

  std::optional<interruption> watch_;
  counts passed_on_ = {};
  std::optional<int> last_;
};

namespace {

// Nothing where it did not begin.
result<forward_core*> begin_on(loop_core& loop) {
  if (!loop.usable_here()) return error{errc::wrong_thread, stage::loop};
  auto core = core_ref<forward_core>::adopt(new forward_core(loop));
  if (auto begun = core->begin(); !begun) return std::move(begun).error();
  loop.add_user();
  return core.leak();
}

}  // namespace
}  // namespace detail

result<forward_interrupts> forward_interrupts::begin() {
  auto loop = detail::loop_core::of_this_thread();
  if (!loop) return std::move(loop).error();
  auto core = detail::begin_on(**loop);
  if (!core) return std::move(core).error();
  return forward_interrupts(*core);
}

result<forward_interrupts> forward_interrupts::begin(event_loop& loop) {
  detail::loop_core* const its = detail::loop_core::of(loop);
  if (its == nullptr) return error{errc::closed, stage::loop};
  auto core = detail::begin_on(*its);
  if (!core) return std::move(core).error();
  return forward_interrupts(*core);
}

forward_interrupts::forward_interrupts(forward_interrupts&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)) {}

forward_interrupts& forward_interrupts::operator=(forward_interrupts&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->loop().drop(*core_);
    core_ = std::exchange(other.core_, nullptr);
  }
  return *this;
}

forward_interrupts::~forward_interrupts() {
  if (core_ != nullptr) core_->loop().drop(*core_);
}

std::optional<int> forward_interrupts::received() {
  return core_ != nullptr && core_->loop().usable_here() ? core_->received() : std::nullopt;
}

}  // namespace spawnpipe
