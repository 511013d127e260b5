// Who observes a loop: the list of its observations, which are their own places in it, so that none of this allocates.
//
// A child that is spawned while there is one gets a number that no other has. By it an observation tells the children that
// were spawned since it began from those before; a child without a number is told to nobody.
#ifndef SPAWNPIPE_LIB_OBSERVERS_HPP
#define SPAWNPIPE_LIB_OBSERVERS_HPP

#include <spawnpipe/observer.hpp>

#include "thread_state.hpp"

#include <cstdint>

namespace spawnpipe::detail {

class observers {
 public:
  [[nodiscard]] bool any() const noexcept { return first_ != nullptr; }
  /// The number of the loop, once it has been observed.
  [[nodiscard]] std::uint64_t loop() const noexcept { return loop_; }
  /// A number for a child that is spawned now.
  [[nodiscard]] static std::uint64_t number_child() noexcept;

  void add(observation& which) noexcept;
  void remove(observation& which) noexcept;
  /// `to` takes the place of `from`.
  void move(observation& from, observation& to) noexcept;
  /// The loop is gone.
  void end_all() noexcept;

  /// Calls `how` of each that is to hear of it. Meanwhile this thread's calls of the library are refused.
  template <class Event>
  void tell(void (observer::*how)(const Event&) noexcept, const Event& event) const noexcept {
    const telling_scope inside;
    for (const observation* each = first_; each != nullptr; each = each->next_) {
      if (concerns(*each, event)) (each->observer_->*how)(event);
    }
  }

 private:
  class telling_scope {
   public:
    telling_scope() noexcept { ++this_thread().telling; }
    telling_scope(const telling_scope&) = delete;
    telling_scope& operator=(const telling_scope&) = delete;
    ~telling_scope() { --this_thread().telling; }
  };

  template <class Event>
  [[nodiscard]] static bool concerns(const observation& which, const Event& event) noexcept {
    if constexpr (requires { event.child; }) {
      return event.child.number >= which.first_;
    } else {
      return true;
    }
  }

  observation* first_ = nullptr;
  observation* last_ = nullptr;
  std::uint64_t loop_ = 0;
};

}  // namespace spawnpipe::detail

#endif
