// What a system does to reads and writes now and then, done on purpose: failures in the middle of a stream, calls that take less
// than they were given, that are interrupted, or that were woken for nothing.
#include "contract/cases.hpp"
#include "observed_waits.hpp"
#include "replaced_call.hpp"

#include <sys/mman.h>

#include <array>
#include <climits>
#include <vector>

namespace {

using namespace cases;
using harness::failing;
using harness::replaced_call;
using harness::replaced_writes;
using spawnpipe::stage;
using reads = replaced_call<&spawnpipe::platform::system_table::read>;

TEST_CASE("[R7] a read that was cancelled, though nobody asked for it, is issued again") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 300'000;
  for (const int every : {1, 2, 3, 7}) {
    int calls = 0;
    int cancelled = 0;
    const reads some_fail([&](int fd, void* into, std::size_t most) -> ssize_t {
      // With `every` at 1 the first ones fail in a row.
      if (every == 1 ? ++calls <= 20 : ++calls % every == 0) {
        ++cancelled;
        return failing(ECANCELED);
      }
      return reads::direct(fd, into, most);
    });
    child running = must(spawnpipe::spawn(piped({.out = 5000}, "write", size, 1000)));
    std::string all;
    std::array<std::byte, 777> some{};
    while (all.size() < size / 4) {
      const std::size_t got = must(running.out().read_some(some, patience()));
      all.append(reinterpret_cast<const char*>(some.data()), got);
    }
    while (all.size() < size / 2) {
      const auto line = running.out().read_line(patience());
      if (line.failed_with(errc::line_too_long)) {
        all += running.out().available_text().substr(0, 1);
        running.out().consume(1);
        continue;
      }
      all += must(line);
      all += '\n';
    }
    REQUIRE_OK(running.out().read_all(all, size, patience()));
    CHECK(all.size() == size);
    CHECK_FALSE(pattern::first_difference(all));
    CHECK_FALSE(running.out().error());
    CHECK(cancelled > 5);
    calls = 0;

    event_loop loop = must(event_loop::create());
    child on_loop = must(spawnpipe::spawn(loop, piped("write", size)));
    std::uint64_t position = 0;
    on_loop.out().on_readable([&](pipe_reader& out) {
      CHECK_FALSE(pattern::first_difference(out.available_text(), position));
      position += out.available().size();
      out.consume(out.available().size());
    });
    CHECK_OK(loop.run(patience()));
    CHECK(position == size);
  }
}

TEST_CASE("[R2] where a child answers byte by byte, few reads find nothing") {
  harness::leak_check nothing_left;
  // However quick the child is: before a wait it has not answered.
  std::chrono::milliseconds waited{};
  const auto observed = harness::observe_waits(waited);
  int vain = 0;
  const reads counted([&](int fd, void* into, std::size_t most) -> ssize_t {
    if (waited > 0ms) return reads::direct(fd, into, most);
    ++vain;
    return failing(EAGAIN);
  });
  child running = must(spawnpipe::spawn(piped("cat")));
  constexpr int rounds = 300;
  std::array<std::byte, 1> byte{};
  for (int round = 0; round < rounds; ++round) {
    waited = 0ms;
    std::span<const std::byte> out = byte;
    REQUIRE_OK(running.in().write_all(out, patience()));
    REQUIRE(must(running.out().read_some(byte, patience())) == 1);
    REQUIRE(waited > 0ms);
  }
  CHECK(vain < rounds / 10);
}

TEST_CASE("[R6] the bytes that came before an error are delivered before it; then it sticks") {
  harness::leak_check nothing_left;
  for (int way = 0; way < 4; ++way) {
    CAPTURE(way);
    std::size_t left = 3000;
    const reads fails([&](int fd, void* into, std::size_t most) -> ssize_t {
      if (left == 0) return failing(EIO);
      const ssize_t got = reads::direct(fd, into, std::min(most, left));
      if (got > 0) left -= static_cast<std::size_t>(got);
      return got;
    });
    event_loop loop = must(event_loop::create());
    child running = must(spawnpipe::spawn(loop, piped("write", 1'000'000, 1000).err(spawnpipe::stdio::null{})));
    pipe_reader& out = running.out();
    std::string all;
    std::array<std::byte, 10'000> some{};
    int errors = 0;
    if (way == 0) {
      CHECK(out.read_all(all, 1'000'000, patience()).failed_with(std::errc::io_error));
    } else if (way == 1) {
      while (const auto got = out.read_some(some, patience())) {
        all.append(reinterpret_cast<const char*>(some.data()), *got);
      }
    } else if (way == 2) {
      while (const auto line = out.read_line(patience())) {
        all += *line;
        if (all.size() < 3000) all += '\n';
      }
    } else {
      out.on_readable([&](pipe_reader& from) {
        CHECK(errors == 0);
        all += from.available_text();
        from.consume(from.available().size());
        errors += from.error() ? 1 : 0;
      });
      CHECK_OK(loop.run(patience()));
      CHECK(errors == 1);
    }
    CHECK(all.size() == 3000);
    CHECK_FALSE(pattern::first_difference(all));
    for (int times = 0; times < 3; ++times) {
      const auto again = out.read_some(some, patience());
      REQUIRE_FALSE(again);
      CHECK(again.failed_with(std::errc::io_error));
      CHECK(again.error().where == stage::read);
      CHECK(again.error().subject == "out");
      CHECK(out.read_line(deadline::now()).failed_with(std::errc::io_error));
      CHECK(out.read_all(all, 1'000'000, patience()).failed_with(std::errc::io_error));
      CHECK(out.error()->code == again.error().code);
      CHECK_FALSE(out.at_end());
    }
    CHECK(all.size() == 3000);
    CHECK(must(running.stop(spawnpipe::stop_policy::immediate(), patience())).status.signal().has_value());
  }
}

TEST_CASE("[R6][P3] a stream that fails ends its capture, and run says so") {
  harness::leak_check nothing_left;
  std::size_t left = 200;
  const reads fails([&](int fd, void* into, std::size_t most) -> ssize_t {
    if (left == 0) return failing(EIO);
    const ssize_t got = reads::direct(fd, into, std::min(most, left));
    if (got > 0) left -= static_cast<std::size_t>(got);
    return got;
  });
  const auto done = must(spawnpipe::run(
      harness::command("pieces", std::string(1000, 'x')).err(spawnpipe::stdio::null{}), {.until = patience()}));
  CHECK(done.out == std::string(200, 'x'));
  REQUIRE(done.output_error);
  CHECK(done.output_error->code == std::errc::io_error);
  CHECK(done.output_error->where == stage::read);
  CHECK_FALSE(done.success());
}

TEST_CASE("[R2][R3][T2] reads that are short, interrupted or woken for nothing move no byte") {
  harness::leak_check nothing_left;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    dice any(seed);
    const reads unlucky([&](int fd, void* into, std::size_t most) -> ssize_t {
      switch (any(6)) {
        case 0: return failing(EINTR);
        case 1: return failing(EAGAIN);
        case 2: return reads::direct(fd, into, std::min<std::size_t>(most, 1));
        case 3: return reads::direct(fd, into, 1 + any(most));
        default: return reads::direct(fd, into, most);
      }
    });
    child running = must(spawnpipe::spawn(piped({.out = any.size(10'000)}, "write", 200'000, any.size(9000))));
    const std::string all = rest_of(running.out());
    CHECK(all.size() == 200'000);
    CHECK_FALSE(pattern::first_difference(all));
    CHECK(running.out().read_line(patience()).failed_with(errc::end_of_stream));
    CHECK(must(running.wait(patience())).success());
  }
}

TEST_CASE("[W2][W8] writes that are short, interrupted or woken for nothing move no byte") {
  harness::leak_check nothing_left;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    dice any(seed);
    const replaced_writes unlucky([&](int fd, const struct iovec* from, int count) -> ssize_t {
      switch (any(6)) {
        case 0: return failing(EINTR);
        case 1: return failing(EAGAIN);
        case 2:
        case 3: {
          const struct iovec part = {.iov_base = from->iov_base,
                                     .iov_len = std::min<std::size_t>(from->iov_len, 1 + any(5000))};
          return replaced_writes::direct(fd, &part, 1);
        }
        default: return replaced_writes::direct(fd, from, count);
      }
    });
    child running = must(spawnpipe::spawn(piped({.in = any.size(30'000)}, "checksum")));
    const std::string text = pattern::make(300'000);
    std::string_view rest = text;
    while (!rest.empty()) {
      std::string_view piece = rest.substr(0, any.size(60'000));
      const std::size_t whole = piece.size();
      REQUIRE_OK(running.in().write_all(piece, patience()));
      rest.remove_prefix(whole);
      REQUIRE(balanced(running.in().books()));
    }
    REQUIRE_OK(running.in().flush(patience()));
    CHECK(running.in().books().delivered == text.size());
    REQUIRE_OK(running.in().close());
    const sum read = checksum_of(rest_of(running.out()));
    CHECK(read.count == text.size());
    CHECK(read.good);
  }
}

TEST_CASE("[W7][W8] an error of the system sticks, with its code and operation, and is called back once") {
  harness::leak_check nothing_left;
  for (const int code : {EIO, ENOSPC, EBADF, EFBIG}) {
    CAPTURE(code);
    int calls = 0;
    bool broken = false;
    event_loop loop = must(event_loop::create());
    child running = must(spawnpipe::spawn(loop, piped({.in = 800'000}, "until-eof")));
    pipe_writer& in = running.in();
    const replaced_writes fails([&](int fd, const struct iovec* from, int count) -> ssize_t {
      ++calls;
      return broken ? failing(code) : replaced_writes::direct(fd, from, count);
    });
    int progress = 0;
    int errors = 0;
    in.on_written([&](pipe_writer& self) {
      CHECK(errors == 0);
      self.error() ? ++errors : ++progress;
      broken = true;
    });
    CHECK(must(in.write(pattern::make(800'000))) == 800'000);
    CHECK_OK(loop.run(patience()));
    CHECK(progress > 0);
    // Where the first report came late, all was delivered; then the next write meets the error.
    if (errors == 0) {
      CHECK_FALSE(in.write("x"));
      CHECK_OK(loop.run(patience()));
    }
    CHECK(errors == 1);
    REQUIRE(in.error());
    CHECK(in.error()->code == std::error_code(code, std::system_category()));
    CHECK(in.error()->where == stage::write);
    CHECK(in.error()->subject == "in");
    const int calls_until_then = calls;
    CHECK(in.write("x").error().code == in.error()->code);
    CHECK(in.flush(patience()).error().code == in.error()->code);
    CHECK_OK(loop.run(patience()));
    CHECK(calls == calls_until_then);
    CHECK(errors == 1);
    CHECK(in.unsent() == 0);
    CHECK(balanced(in.books()));
  }
}

TEST_CASE("[W10] a write that takes no byte and calls it success is an error, and no loop") {
  harness::leak_check nothing_left;
  for (const bool queued : {false, true}) {
    child running = must(spawnpipe::spawn(piped({.in = 5000}, queued ? "cat" : "until-eof")));
    pipe_writer& in = running.in();
    if (queued) fill(in);
    int calls = 0;
    const replaced_writes nothing_taken([&](int, const struct iovec*, int) -> ssize_t {
      ++calls;
      return 0;
    });
    if (!queued) {
      const auto taken = in.write("some bytes");
      if (taken) CHECK(in.flush(patience()).failed_with(errc::zero_write));
    } else {
      // The child reads on when its output is read.
      std::string back;
      const deadline limit = patience();
      while (!in.error() && !limit.passed()) static_cast<void>(running.out().read_all(back, 1 << 20, 1ms));
    }
    CHECK(calls <= 3);
    REQUIRE(in.error());
    CHECK(*in.error() == errc::zero_write);
    CHECK(in.write("x").failed_with(errc::zero_write));
    CHECK(in.flush(patience()).failed_with(errc::zero_write));
    CHECK(in.unsent() == 0);
    CHECK(balanced(in.books()));
  }
}

TEST_CASE("[W2] no request is longer than 31 bits can say") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = std::size_t{5} << 30;
  void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) SKIP_CASE("no room for 5 GiB of addresses");
  const std::span<std::byte> huge(static_cast<std::byte*>(pages), size);
  std::size_t longest = 0;
  {
    child running = start("pieces", "0123456789");
    std::size_t sent = 0;
    const replaced_writes takes_all([&](int, const struct iovec* from, int count) -> ssize_t {
      std::size_t asked = 0;
      for (const struct iovec& each : std::span(from, static_cast<std::size_t>(count))) asked += each.iov_len;
      longest = std::max(longest, asked);
      sent += asked;
      return static_cast<ssize_t>(asked);
    });
    const reads watched([&](int fd, void* into, std::size_t most) {
      longest = std::max(longest, most);
      return reads::direct(fd, into, most);
    });
    std::span<const std::byte> rest = huge;
    REQUIRE_OK(running.in().write_all(rest, patience()));
    REQUIRE_OK(running.in().flush(patience()));
    CHECK(sent == size);
    CHECK(running.in().books().delivered == size);
    CHECK(must(running.out().read_some(huge, patience())) == 10);
  }
  ::munmap(pages, size);
  CHECK(longest > 0);
  CHECK(longest <= INT_MAX);
}

TEST_CASE("[W1][W6] one write fills pipe and queue, and one to a pipe that nobody reads says so itself") {
  harness::leak_check nothing_left;
  child silent = must(spawnpipe::spawn(piped({.in = 1000}, "hang")));
  CHECK(must(silent.in().write(pattern::make(4'000'000))) > 1000);
  CHECK(silent.in().unsent() == 1000);
  CHECK(must(silent.in().write("x")) == 0);
  child closed = start("read", 1, 0);
  CHECK(must(closed.in().write("x")) == 1);
  CHECK(line_of(closed.out()) == "closed");
  CHECK(closed.in().write("x").failed_with(std::errc::broken_pipe));
  CHECK(closed.in().books().accepted == 1);
}

}  // namespace
