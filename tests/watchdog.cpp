#include "watchdog.hpp"

#include "host_os.hpp"
#include "results.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace harness::watchdog {

namespace {

using clock = std::chrono::steady_clock;

class guard {
 public:
  void arm(std::string name, std::chrono::milliseconds bound) {
    const std::lock_guard hold(lock_);
    name_ = std::move(name);
    bound_ = bound;
    until_ = clock::now() + bound;
    if (!thread_.joinable()) thread_ = std::thread([this] { watch(); });
    changed_.notify_one();
  }

  void disarm() {
    const std::lock_guard hold(lock_);
    until_ = clock::time_point::max();
  }

  void stop() {
    {
      const std::lock_guard hold(lock_);
      over_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void watch() {
    host_os::block_signals_here();
    std::unique_lock hold(lock_);
    while (!over_) {
      if (until_ == clock::time_point::max()) {
        changed_.wait(hold);
      } else if (const auto until = until_; clock::now() < until) {
        changed_.wait_until(hold, until);
      } else {
        bite();
      }
    }
  }

  [[noreturn]] void bite() const {
    const std::string seconds = std::to_string(std::chrono::duration<double>(bound_).count());
    record_failure(name_, "took longer than its bound of " + seconds.substr(0, seconds.find('.') + 2) +
                              " s; the program ends here");
    std::_Exit(1);
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::thread thread_;
  std::string name_;
  std::chrono::milliseconds bound_{0};
  clock::time_point until_ = clock::time_point::max();
  bool over_ = false;
};

guard& the_guard() {
  static guard one;
  return one;
}

}  // namespace

void arm(std::string name, std::chrono::milliseconds bound) { the_guard().arm(std::move(name), bound); }
void disarm() { the_guard().disarm(); }
void stop() { the_guard().stop(); }

}  // namespace harness::watchdog
