// A program on Qt: a notifier and a timer drive our loop.
#include <spawnpipe/posix.hpp>
#include <spawnpipe/spawnpipe.hpp>

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimer>

#include <algorithm>
#include <chrono>
#include <iostream>
using namespace std::chrono_literals;

//! [driver]
class driver {
 public:
  explicit driver(spawnpipe::event_loop& loop)
      : loop_(loop), ready_(spawnpipe::posix::fd(loop.native()), QSocketNotifier::Read) {
    timer_.setSingleShot(true);
    QObject::connect(&ready_, &QSocketNotifier::activated, [this] { turn(); });
    QObject::connect(&timer_, &QTimer::timeout, [this] { turn(); });
  }

  // Brings the loop up to date: to be called when something was begun on it
  // outside of its callbacks.
  void turn() {
    (void)loop_.run(spawnpipe::deadline::now());
    const spawnpipe::deadline next = loop_.next_deadline();
    if (next.is_never()) return timer_.stop();
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(next.remaining());
    timer_.start(std::min<milliseconds>(left, 24h));
  }

 private:
  spawnpipe::event_loop& loop_;
  QSocketNotifier ready_;
  QTimer timer_;
};
//! [driver]

int main(int argc, char** argv) {
  //! [use]
  QCoreApplication application(argc, argv);
  auto loop = spawnpipe::event_loop::create().value();
  driver drives(loop);
  auto hello = spawnpipe::run_async(
      loop, {"printf", "hello"}, {}, [](const spawnpipe::completed& done) {
        std::cout << to_string(done.why) << ' ' << done.out << '\n';
      });
  auto sleep = spawnpipe::run_async(loop, {"sleep", "60"}, {.until = 1s},
                                    [&](const spawnpipe::completed& done) {
                                      std::cout << to_string(done.why) << '\n';
                                      application.quit();
                                    });
  drives.turn();
  return application.exec();
  //! [use]
}
