// A program on Asio, or Boost.Asio: one object that drives our loop on an io_context.
#include <spawnpipe/posix.hpp>
#include <spawnpipe/spawnpipe.hpp>

#include <asio.hpp>
#include <unistd.h>

#include <iostream>
using namespace std::chrono_literals;

//! [driver]
class driver {
 public:
  driver(asio::io_context& context, spawnpipe::event_loop& loop)
      : loop_(loop),
        ready_(context, dup(spawnpipe::posix::fd(loop.native()))),
        timer_(context) {
    ready();
  }

  // Brings the loop up to date: to be called when something was begun on it
  // outside of its callbacks.
  void turn() {
    (void)loop_.run(spawnpipe::deadline::now());
    timer_.expires_at(loop_.next_deadline().time());
    timer_.async_wait([this](asio::error_code stopped) {
      if (!stopped) turn();
    });
  }

 private:
  void ready() {
    ready_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](asio::error_code stopped) {
                        if (stopped) return;
                        turn();
                        ready();
                      });
  }

  spawnpipe::event_loop& loop_;
  asio::posix::stream_descriptor ready_;  // closes what it has: a duplicate
  asio::steady_timer timer_;
};
//! [driver]

int main() {
  //! [use]
  asio::io_context context;
  auto loop = spawnpipe::event_loop::create().value();
  driver drives(context, loop);
  auto hello = spawnpipe::run_async(
      loop, {"printf", "hello"}, {}, [](const spawnpipe::completed& done) {
        std::cout << to_string(done.why) << ' ' << done.out << '\n';
      });
  auto sleep = spawnpipe::run_async(loop, {"sleep", "60"}, {.until = 1s},
                                    [&](const spawnpipe::completed& done) {
                                      std::cout << to_string(done.why) << '\n';
                                      context.stop();
                                    });
  drives.turn();
  context.run();
  //! [use]
}
