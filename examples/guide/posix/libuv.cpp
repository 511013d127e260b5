// A program that runs a uv_loop_t: it is adopted.
//! [libuv]
#include <spawnpipe/posix.hpp>
#include <spawnpipe/spawnpipe.hpp>
#include <uv.h>

#include <iostream>
using namespace std::chrono_literals;

int main() {
  uv_loop_t* const theirs = uv_default_loop();
  {
    auto loop = spawnpipe::posix::adopt(theirs).value();
    auto show = [](const spawnpipe::completed& done) {
      std::cout << done.out << "ended by: " << to_string(done.why) << '\n';
    };
    auto hello = spawnpipe::run_async(loop, {"echo", "hello"}, {}, show).value();
    auto sleep = spawnpipe::run_async(loop, {"sleep", "60"}, {.until = 1s}, show).value();
    uv_run(theirs, UV_RUN_DEFAULT);
  }
  uv_run(theirs, UV_RUN_DEFAULT);  // handles finish closing
  return uv_loop_close(theirs);
}
//! [libuv]
