// Manners of a guest that only the Linux engine can keep.
#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../descriptors.hpp"

#include <spawnpipe/posix.hpp>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::posix::fd;
using spawnpipe::stdio::inherit;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// Named for the sanitizer's list.
[[gnu::noinline]] bool pipe_of_the_host(std::array<int, 2>& ends) { return ::pipe(ends.data()) == 0; }

TEST_CASE("[G2] exactly what was asked for, while other threads open descriptors without close-on-exec, and spawn") {
  harness::bound_case(60s);
  harness::leak_check nothing_left;
  std::atomic<bool> over = false;
  std::vector<std::thread> openers;
  for (int i = 0; i < 2; ++i) {
    openers.emplace_back([&] {
      while (!over) {
        std::array<int, 2> ends{};
        if (!pipe_of_the_host(ends)) continue;
        ::close(ends[0]);
        ::close(ends[1]);
      }
    });
  }
  std::atomic<int> good = 0;
  std::vector<std::thread> spawners;
  constexpr int rounds = 150;
  constexpr int thread_count = 3;
  for (int i = 0; i < thread_count; ++i) {
    spawners.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        const auto what = command("fds").in(pipe{}).descriptor(7, fd(STDERR_FILENO));
        const auto done = spawnpipe::run(what, {.until = patience()});
        if (!done) continue;
        const auto seen = harness::descriptors_of(done->out);
        if (seen.size() == 4 && seen[0] == "0 pipe r -" && seen[2] == "2 pipe w -" && seen[3].starts_with("7 ")) ++good;
      }
    });
  }
  for (std::thread& each : spawners) each.join();
  over = true;
  for (std::thread& each : openers) each.join();
  CHECK(good == rounds * thread_count);
}

// What a child that inherits its stdin has there: "null", where the host has none.
std::string inherited_in() {
  const auto seen = spawnpipe::run(command("fds").in(inherit{}), {.until = patience()});
  const auto all = seen ? harness::descriptors_of(seen->out) : std::vector<std::string>{};
  return all.size() == 3 ? all[0] : "nothing";
}

HOST_SCENARIO(taken_before, "a pipe of another spawn has the number of a closed stream") {
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()}));  // what is made once is made
  ::close(0);
  const std::string closed = inherited_in();
  EXPECT(closed.starts_with("0 null"));
  using pipe_call = harness::replaced_call<&spawnpipe::platform::system_table::pipe_cloexec>;
  std::string meanwhile;
  const pipe_call slow([&](int* ends) {
    const int code = pipe_call::direct(ends);
    if (ends[0] == 0 && meanwhile.empty()) {
      meanwhile = "nothing";
      meanwhile = inherited_in();
    }
    return code;
  });
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()}));
  EXPECT(meanwhile == closed);
}
TEST_CASE("[G2] a child that inherits a closed stream does not get what another spawn has there for a moment") {
  PLAY_SCENARIO("a pipe of another spawn has the number of a closed stream");
}

HOST_SCENARIO(taken_meanwhile, "a stream is closed, and its number taken, while a child is made") {
  const int file = ::open(harness::child_program().c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT(::dup2(file, 0) == 0);
  EXPECT(inherited_in().starts_with("0 file"));
  using clone3_call = harness::replaced_call<&spawnpipe::platform::linux_table::clone3>;
  const clone3_call late([&](struct clone_args* how, spawnpipe::platform::clone_function run, void* argument) -> pid_t {
    ::fcntl(0, F_SETFD, FD_CLOEXEC);  // as what another thread opens in that moment
    return clone3_call::direct(how, run, argument);
  });
  EXPECT(inherited_in().starts_with("0 null"));
}
TEST_CASE("[G2] nor what takes its number while the child is made") {
  PLAY_SCENARIO("a stream is closed, and its number taken, while a child is made");
}

// ---- G3: pipes

// The host's end of a child's pipe, opened anew.
class pipe_of {
 public:
  pipe_of(const spawnpipe::child& of, int stream) {
    const std::string path = "/proc/" + std::to_string(of.id()) + "/fd/" + std::to_string(stream);
    end_ = ::open(path.c_str(), (stream == 0 ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
  }
  pipe_of(const pipe_of&) = delete;
  pipe_of& operator=(const pipe_of&) = delete;
  ~pipe_of() { ::close(end_); }

  [[nodiscard]] int size() const { return ::fcntl(end_, F_GETPIPE_SZ); }
  [[nodiscard]] int held() const {
    int count = 0;
    return ::ioctl(end_, FIONREAD, &count) == 0 ? count : -1;
  }

 private:
  int end_;
};

int size_of_pipe(const spawnpipe::child& of, int stream) { return pipe_of(of, stream).size(); }

// A child that writes as much as it can.
spawnpipe::child writer() {
  return harness::must(spawnpipe::spawn(command("write", 1 << 30, 65536).in(null{}).out(pipe{}).err(null{})));
}

// Lets it fill its pipe, and reads what that holds. Twice, because the first time may find what was read before.
void see_it_full(spawnpipe::child& from) {
  std::vector<std::byte> into(1 << 20);
  for (int times = 0; times < 2; ++times) {
    {
      const pipe_of out(from, 1);
      const spawnpipe::deadline limit = patience();
      while (out.held() < out.size() && !limit.passed()) std::this_thread::yield();
    }
    CHECK(harness::must(from.out().read_some(into, patience())) > 0);
  }
}

TEST_CASE("[G3] a pipe grows when it was seen full, and not before") {
  harness::leak_check nothing_left;
  auto quiet = harness::must(spawnpipe::spawn(command("hang", "up").in(null{}).out(pipe{}).err(null{})));
  CHECK(harness::must(quiet.out().read_line(patience())) == "up");
  CHECK(size_of_pipe(quiet, 1) == 64 * 1024);
  auto loud = writer();
  see_it_full(loud);
  CHECK(size_of_pipe(loud, 1) == 256 * 1024);
  auto fed = harness::must(spawnpipe::spawn(command("hang", "up").in(pipe{}).out(pipe{}).err(null{})));
  CHECK(harness::must(fed.out().read_line(patience())) == "up");
  CHECK(size_of_pipe(fed, 0) == 64 * 1024);
  const std::string much(1 << 20, 'x');
  CHECK(harness::must(fed.in().write(much)) > 0);
  CHECK(size_of_pipe(fed, 0) == 256 * 1024);
}

TEST_CASE("[G3] no more pipes grow at a time than 2 MiB hold; when some have ended, others may") {
  harness::leak_check nothing_left;
  std::vector<spawnpipe::child> children;
  const auto grown = [&] {
    int count = 0;
    for (auto& each : children) count += size_of_pipe(each, 1) == 256 * 1024 ? 1 : 0;
    return count;
  };
  for (int i = 0; i < 11; ++i) {
    children.push_back(writer());
    see_it_full(children.back());
  }
  CHECK(grown() == 8);
  // To destroy one is to pass, in which others read, and may grow where this one was.
  children.erase(children.begin(), children.begin() + 2);
  CHECK(grown() >= 6);
  for (auto& each : children) see_it_full(each);
  CHECK(grown() == 8);
}

TEST_CASE("[G3] where a pipe may not grow, it works as it is") {
  harness::leak_check nothing_left;
  const harness::replaced_call<&spawnpipe::platform::system_table::fcntl> refuses([](int of, int what, int argument) {
    using call = harness::replaced_call<&spawnpipe::platform::system_table::fcntl>;
    return what == F_SETPIPE_SZ ? harness::failing(EPERM) : call::direct(of, what, argument);
  });
  auto loud = writer();
  see_it_full(loud);
  CHECK(size_of_pipe(loud, 1) == 64 * 1024);
}

// ---- whose terminal

HOST_SCENARIO(without_terminal, "the host has no controlling terminal") {
  ::setsid();
  EXPECT(::open("/dev/tty", O_RDONLY | O_NOCTTY) == -1);
  const auto done = spawnpipe::run(command("ids"), {.until = patience()});
  EXPECT(done && done->out.ends_with("\nsession " + std::to_string(::getsid(0)) + "\n"));
}
TEST_CASE("[P6] in a host without a terminal, a group is enough") {
  PLAY_SCENARIO("the host has no controlling terminal");
}

}  // namespace
