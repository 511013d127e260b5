// Every call that the library makes to the system or to libuv is made to fail in turn, at each place where it is made: the
// error says where, nothing is left, and the next attempt works.
#include "../children.hpp"
#include "faults.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using faults::failure;
using faults::injected;
using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// What each call may say. getpid, uv_run, uv_timer_start, uv_async_send and uv_poll_stop cannot fail here, and uv_spawn
// is one engine's.
constexpr std::array failures = {
    failure{"read", EIO},
    failure{"read", EINTR},
    failure{"read", EAGAIN},
    failure{"writev", EIO},
    failure{"writev", EINTR},
    failure{"writev", EPIPE},
    failure{"writev_nosignal", EIO},
    failure{"writev_nosignal", EINTR},
    failure{"writev_nosignal", EAGAIN},
    failure{"writev_nosignal", EPIPE},
    failure{"close", EINTR},
    failure{"close", EIO},
    failure{"pipe_cloexec", EMFILE},
    failure{"pipe_cloexec", ENFILE},
    failure{"open", EMFILE},
    failure{"open", EACCES},
    failure{"fcntl", EMFILE},
    failure{"fcntl", EBADF},
    failure{"bytes_in_pipe", EINVAL},
    failure{"isatty", ENOTTY},
    failure{"stat", EACCES},
    failure{"access", EACCES},
    failure{"kill", EPERM},
    failure{"sigpending", EFAULT},
    failure{"pthread_sigmask", EINVAL},
    failure{"take_pending", EAGAIN},
    failure{"uv_loop_init", EMFILE},
    failure{"uv_loop_init", ENOMEM},
    failure{"uv_loop_close", EBUSY},
    failure{"uv_async_init", EMFILE},
    failure{"uv_poll_init", ENOMEM},
    failure{"uv_poll_init", EPERM},
    failure{"uv_poll_start", ENOMEM},
    failure{"uv_poll_start", ENOSPC},
};

// Makes each failure happen at the first, second, third ... call within `attempt`, until that makes no further one.
template <class Attempt>
int at_every_call(int most, Attempt attempt) {
  int happened = 0;
  std::vector<failure> all(failures.begin(), failures.end());
  all.insert(all.end(), faults::of_engine().begin(), faults::of_engine().end());
  for (const failure& each : all) {
    for (int at = 1; at <= most; ++at) {
      CAPTURE(std::string(each.call));
      CAPTURE(each.code);
      CAPTURE(at);
      const auto began = clock::now();
      harness::leak_check nothing_left;
      {
        const injected faults(each.call, each.code, at);
        attempt();
        if (!injected::happened()) break;
      }
      ++happened;
      const auto took = clock::now() - began;
      CHECK(took < scaled(3s));
      if (took >= scaled(3s)) break;  // once is enough to know
    }
  }
  return happened;
}

void check_said(const spawnpipe::error& said) {
  CHECK(said.code);
  CHECK_FALSE(said.message().empty());
  CHECK(said.where != spawnpipe::stage::command);
}

TEST_CASE("[P1] any call that fails while a child is spawned") {
  harness::bound_case(60s);
  const harness::temp_dir folder;
  harness::write_file(folder / "in", "some text");
  const std::vector<spawnpipe::command> all = {
      command("until-eof").in(pipe{}).out(pipe{}).err(pipe{}),
      command("cat").in(spawnpipe::stdio::from_file{folder / "in"}).out(spawnpipe::stdio::to_file{folder / "out"}),
      command("cat").in(null{}).out(null{}).err(spawnpipe::stdio::merge{}).cwd(folder.path().string()),
  };
  int happened = 0;
  for (const auto& what : all) {
    happened += at_every_call(40, [&] {
      auto running = spawnpipe::spawn(what);
      if (!running) return check_said(running.error());
      (void)running->in().close();
      // It was none that matters, or the library found another way.
      CHECK(harness::must(running->wait(patience())).success());
    });
  }
  CHECK(happened > 30);
  CHECK(harness::must(spawnpipe::run(command("exit", 1), {.until = patience()})).status.code() == 1U);
}

TEST_CASE("[P1] any call that fails while a child is spawned on a new loop") {
  harness::bound_case(60s);
  const int happened = at_every_call(40, [] {
    auto loop = spawnpipe::event_loop::create();
    if (!loop) {
      CHECK(loop.error().where == spawnpipe::stage::loop);
      return check_said(loop.error());
    }
    std::optional<spawnpipe::completed> done;
    auto work = spawnpipe::run_async(*loop, command("cat"), {.input = "some text", .until = patience()},
                                     [&](spawnpipe::completed what) { done = std::move(what); });
    if (!work) return check_said(work.error());
    REQUIRE_OK(loop->run(patience()));
    REQUIRE(done.has_value());
    if (done->success() && done->unread_input == 0) CHECK(done->out == "some text");
  });
  CHECK(happened > 20);
}

TEST_CASE("[P1][P3] any call that fails while a run feeds and captures") {
  harness::bound_case(90s);
  const std::string text = pattern::make(200'000);
  const int happened = at_every_call(12, [&] {
    const auto done = spawnpipe::run(command("cat", 65536, "both"), {.input = text, .until = scaled(4s)});
    if (!done) return check_said(done.error());
    CHECK(done->why == spawnpipe::ended_by::itself);
    if (done->success() && done->unread_input == 0) {
      CHECK(done->out == text);
      CHECK(done->err == text);
    }
    // What came is the beginning of what should have come.
    CHECK(text.starts_with(done->out));
    CHECK(text.starts_with(done->err));
    if (done->output_error) check_said(*done->output_error);
  });
  CHECK(happened > 60);
}

TEST_CASE("[P1][P5] any call that fails while a child is stopped, or destroyed") {
  harness::bound_case(60s);
  const auto what =
      command("ignore-terminate").in(pipe{}).out(pipe{}).err(null{}).on_destroy(spawnpipe::stop_policy::immediate());
  for (const bool destroyed : {false, true}) {
    CAPTURE(destroyed);
    const int happened = at_every_call(12, [&] {
      auto running = spawnpipe::spawn(what);
      if (!running) return check_said(running.error());
      const auto line = running->out().read_line(patience());
      if (!line) check_said(line.error());
      if (destroyed) return;
      const auto report = running->stop(spawnpipe::stop_policy::graceful(5ms), patience());
      CHECK_OK(report);
      CHECK(report->status.known());
    });
    CHECK(happened > 20);
  }
}

TEST_CASE("[P1] the reason and the place of a failure are what the system said") {
  const auto said = [](std::string_view call, int code, int at, const spawnpipe::command& what) {
    harness::leak_check nothing_left;
    const injected faults(call, code, at);
    const auto running = spawnpipe::spawn(what);
    REQUIRE_FALSE(running);
    CHECK(injected::happened());
    return running.error();
  };
  const auto piped = command("until-eof").in(pipe{}).out(pipe{}).err(pipe{});
  const std::array names = {"in", "out", "err"};
  for (int at = 1; at <= 3; ++at) {
    const auto pipes = said("pipe_cloexec", EMFILE, at, piped);
    CHECK(pipes == std::errc::too_many_files_open);
    CHECK(pipes.where == spawnpipe::stage::pipe);
    CHECK(pipes.subject == names.at(static_cast<std::size_t>(at - 1)));
  }
  CHECK(said("pipe_cloexec", ENFILE, 1, piped) == std::errc::too_many_files_open_in_system);
}

}  // namespace
