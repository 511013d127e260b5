// Boost.Process v2 on an io_context that lives on, with the default launcher or the vfork_launcher (BENCH_VFORK_LAUNCHER). Its pipes
// are Asio's: read and written plainly where there is one thing to wait for, and asynchronously where there are more.
#include "driver.hpp"

#include <boost/asio.hpp>
#include <boost/process/v2.hpp>
#include <boost/process/v2/posix/vfork_launcher.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace bench {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using asio::readable_pipe;
using asio::writable_pipe;
using boost::system::error_code;

#ifdef BENCH_VFORK_LAUNCHER
using launcher = process::posix::vfork_launcher;
#else
using launcher = process::posix::default_launcher;
#endif
using child = process::basic_process<asio::io_context::executor_type>;

// With a first pipe before any child, so that the loop has the lowest descriptors. The vfork_launcher of 1.81 makes the loop's epoll set
// anew in the child, in the memory of both: that is well only where it gets the same number.
struct ground {
  asio::io_context context{1};
  readable_pipe first{context};
};

std::optional<ground>& the_ground() {
  static std::optional<ground> it(std::in_place);
  return it;
}

asio::io_context& loop() { return the_ground()->context; }

// For what waits for children asynchronously. A loop that has run keeps events of closed descriptors for those that come after them;
// async_wait of 1.81 takes such a one for the exit of its child, and blocks.
void take_new_loop() { the_ground().emplace(); }

void run() {
  loop().restart();
  loop().run();
}

// A stream is a pipe, or null.
template <class In, class Out, class Err>
child start(const std::vector<std::string>& arguments, In&& in, Out&& out, Err&& err) {
  asio::io_context& on = loop();  // before the null device is opened
  return launcher()(on.get_executor(), child_program, arguments,
                    process::process_stdio{std::forward<In>(in), std::forward<Out>(out), std::forward<Err>(err)});
}

void spawn() { expect(start({"exit"}, nullptr, nullptr, nullptr).wait() == 0, "the child did not succeed"); }

// Reads a pipe to its end.
class collector {
 public:
  collector() : pipe_(loop()) {}

  readable_pipe& pipe() { return pipe_; }
  const std::string& text() const { return text_; }

  void begin(std::function<void()> ended = {}) {
    text_.clear();
    asio::async_read(pipe_, asio::dynamic_buffer(text_),
                     [this, ended = std::move(ended)](error_code /*end*/, std::size_t /*size*/) {
                       pipe_.close();
                       if (ended) ended();
                     });
  }

 private:
  readable_pipe pipe_;
  std::string text_;
};

std::string capture() {
  collector out;
  collector err;
  child it = start({"line"}, nullptr, out.pipe(), err.pipe());
  out.begin();
  err.begin();
  run();
  expect(it.wait() == 0, "the child did not succeed");
  return out.text();
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  readable_pipe out(loop());
  child it = start({"write", std::to_string(total), std::to_string(block), child_cpu}, nullptr, out, nullptr);
  std::vector<char> into(read_size);
  std::uint64_t came = 0;
  for (error_code end; !end;) came += out.read_some(asio::buffer(into), end);
  expect(it.wait() == 0, "the child did not succeed");
  return came;
}

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  writable_pipe in(loop());
  readable_pipe out(loop());
  child it = start({"cat", child_cpu}, in, out, nullptr);
  std::vector<char> into(read_size);
  std::uint64_t came = 0;
  asio::async_write(in, asio::buffer(input), [&](error_code /*code*/, std::size_t /*size*/) { in.close(); });
  std::function<void()> read = [&] {
    out.async_read_some(asio::buffer(into), [&](error_code end, std::size_t size) {
      came += size;
      if (!end) read();
    });
  };
  read();
  run();
  expect(it.wait() == 0, "the child did not succeed");
  return came;
}

void ping(int rounds, void (*mark)()) {
  writable_pipe in(loop());
  readable_pipe out(loop());
  child it = start({"cat"}, in, out, nullptr);
  char byte = 0;
  const auto turn = [&] {
    asio::write(in, asio::buffer(&byte, 1));
    expect(out.read_some(asio::buffer(&byte, 1)) == 1, "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  in.close();
  expect(it.wait() == 0, "the child did not succeed");
}

// One of many: done when both outputs are at their end and it has exited.
struct one {
  std::optional<child> it;
  collector out;
  collector err;
  int left = 0;
  bool succeeded = false;
};

int many(int count, int width) {
  take_new_loop();
  std::vector<std::unique_ptr<one>> running;
  int started = 0;
  int right = 0;
  std::function<void(one&)> next = [&](one& place) {
    if (started == count) return;
    ++started;
    place.left = 3;
    place.it.emplace(start({"line"}, nullptr, place.out.pipe(), place.err.pipe()));
    const auto part = [&] {
      if (--place.left > 0) return;
      if (place.succeeded && place.out.text() == child_line) ++right;
      next(place);
    };
    place.out.begin(part);
    place.err.begin(part);
    place.it->async_wait([&place, part](error_code code, int status) {
      place.succeeded = !code && status == 0;
      part();
    });
  };
  for (int i = 0; i < width; ++i) next(*running.emplace_back(std::make_unique<one>()));
  run();
  return right;
}

// One that waits; its two outputs are read where it has such.
struct waiting {
  writable_pipe in{loop()};
  collector out;
  collector err;
  std::optional<child> it;
};

double alive(int count, int samples) {
  take_new_loop();
  std::vector<std::unique_ptr<waiting>> all;
  int ended = 0;
  for (int i = 0; i < count; ++i) {
    waiting& each = *all.emplace_back(std::make_unique<waiting>());
    each.it.emplace(start({"wait"}, each.in, nullptr, nullptr));
    each.it->async_wait([&](error_code code, int status) {
      if (!code && status == 0) ++ended;
    });
  }
  loop().restart();
  loop().poll();
  const double began = cpu_time();
  for (int i = 0; i < samples; ++i) {
    all[static_cast<std::size_t>(i)]->in.close();
    for (const int before = ended; ended == before && loop().run_one() > 0;) {
    }
  }
  const double used = cpu_time() - began;
  const int ended_then = ended;
  for (const auto& each : all) each->in.close();
  run();
  expect(ended_then == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  take_new_loop();
  std::vector<std::unique_ptr<waiting>> all;
  int succeeded = 0;
  for (int i = 0; i < count; ++i) {
    waiting& each = *all.emplace_back(std::make_unique<waiting>());
    each.it.emplace(start({"wait"}, each.in, each.out.pipe(), each.err.pipe()));
    each.out.begin();
    each.err.begin();
    each.it->async_wait([&](error_code code, int status) {
      if (!code && status == 0) ++succeeded;
    });
  }
  loop().restart();
  loop().poll();
  looked();
  for (const auto& each : all) each->in.close();
  run();
  expect(succeeded == count, "not every child succeeded");
}

}  // namespace

const subject this_subject = {.spawn = spawn,
                              .capture = capture,
                              .stream = stream,
                              .echo = echo,
                              .ping = ping,
                              .many = many,
                              .alive = alive,
                              .hold = hold};

}  // namespace bench
