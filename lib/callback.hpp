// A user's function in its place, which may replace or destroy itself while it runs.
#ifndef SPAWNPIPE_LIB_CALLBACK_HPP
#define SPAWNPIPE_LIB_CALLBACK_HPP

#include <functional>
#include <utility>

namespace spawnpipe::detail {

template <class Signature>
class callback_slot {
 public:
  /// Puts a function here; one that is running stays whole until it returns.
  void set(std::function<Signature> function) {
    if (running_) {
      next_ = std::move(function);
      replaced_ = true;
    } else {
      function_ = std::move(function);
    }
  }
  /// Takes it away. Does not allocate.
  void clear() noexcept {
    if (running_) {
      next_ = nullptr;
      replaced_ = true;
    } else {
      function_ = nullptr;
    }
  }

  [[nodiscard]] explicit operator bool() const noexcept {
    return replaced_ ? static_cast<bool>(next_) : static_cast<bool>(function_);
  }

  /// Calls it. It is not running, and is not empty. An exception passes through.
  template <class... Arguments>
  void call(Arguments&&... arguments) {
    struct scope {
      callback_slot& slot;
      ~scope() {
        slot.running_ = false;
        if (std::exchange(slot.replaced_, false)) slot.function_ = std::exchange(slot.next_, nullptr);
      }
    } const inside{(running_ = true, *this)};
    function_(std::forward<Arguments>(arguments)...);
  }

 private:
  std::function<Signature> function_;
  std::function<Signature> next_;
  bool running_ = false;
  bool replaced_ = false;
};

}  // namespace spawnpipe::detail

#endif
