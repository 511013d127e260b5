// A host that forks.
#include "../children.hpp"
#include "../recorder.hpp"
#include "../scenario.hpp"
#include "leave_copy.hpp"
#include "replaced_call.hpp"

#include <spawnpipe/posix.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

namespace {

using harness::command;
using harness::patience;
using spawnpipe::errc;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// What the copy found, as its exit code.
enum verdict : int { fine = 0, no_run = 10, wrong_code, no_loop, no_event, slow, stolen, allowed };

// Forks; the copy does `act` and exits with what it returns.
template <class Act>
int in_a_copy(Act act) {
  const pid_t copy = ::fork();
  if (copy == 0) {
    ::alarm(60);
    harness::leave_copy(act());
  }
  int status = 0;
  while (::waitpid(copy, &status, 0) == -1 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// The library works anew in the copy, blocking and with a loop.
verdict works_anew() {
  const auto done = spawnpipe::run(command("cat"), {.input = "text", .until = patience()});
  if (!done) return no_run;
  if (done->out != "text" || !done->success()) return wrong_code;
  auto loop = spawnpipe::event_loop::create();
  if (!loop) return no_loop;
  int code = -1;
  auto running = spawnpipe::spawn(*loop, command("exit", 5));
  if (!running) return no_loop;
  running->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& how) { code = static_cast<int>(*how.code()); });
  return loop->run(patience()) && code == 5 ? fine : no_event;
}

// A loop with a child that answers lines, whose reader is armed.
struct talk {
  spawnpipe::event_loop loop;
  spawnpipe::child child;
  std::string heard;
  bool ended = false;

  talk() {
    auto created = spawnpipe::event_loop::create();
    EXPECT(created);
    loop = std::move(*created);
    auto spawned = spawnpipe::spawn(loop, command("echo-lines").in(pipe{}).out(pipe{}).err(null{}));
    EXPECT(spawned);
    child = std::move(*spawned);
    child.out().on_readable([this](spawnpipe::pipe_reader& out) {
      heard += out.available_text();
      out.consume(out.available().size());
      if (heard.ends_with('\n')) loop.stop();
    });
    child.on_exit([this](spawnpipe::child&, const spawnpipe::exit_status&) { ended = true; });
  }

  // Says a line and waits for the answer.
  bool ask(const std::string& line) {
    heard.clear();
    return child.in().write(line + "\n") && loop.run(patience()) && heard == "got " + line + "\n";
  }

  bool say_goodbye() {
    child.out().on_readable({});
    return child.in().write("quit\n") && loop.run(patience()) && ended && child.status()->success();
  }
};

HOST_SCENARIO(fork_destroys, "a forked copy destroys everything") {
  harness::warm_up();
  talk with;
  auto blocking = spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}));
  EXPECT(blocking);
  EXPECT(with.ask("one"));
  // In every order.
  EXPECT(in_a_copy([&] {
           with.child = spawnpipe::child();
           with.loop = spawnpipe::event_loop();
           *blocking = spawnpipe::child();
           return static_cast<int>(works_anew());
         }) == fine);
  EXPECT(with.ask("two"));
  EXPECT(in_a_copy([&] {
           *blocking = spawnpipe::child();
           with.loop = spawnpipe::event_loop();
           with.child = spawnpipe::child();
           return static_cast<int>(fine);
         }) == fine);
  EXPECT(with.ask("three"));
  EXPECT(in_a_copy([&] {
           const verdict before = works_anew();
           auto out = std::move(with.child.out());
           with.child = spawnpipe::child();
           return static_cast<int>(before);
         }) == fine);
  EXPECT(host_os::running(with.child.id()));
  EXPECT(with.ask("four"));
  EXPECT(with.say_goodbye());
  EXPECT(host_os::running(blocking->id()));
  EXPECT(blocking->in().write("still\n"));
  const auto line = blocking->out().read_line(patience());
  EXPECT(line && *line == "got still");
}
TEST_CASE("[G8] a forked copy destroys what it has: the parent's children and loop are untouched, and it works anew") {
  PLAY_SCENARIO("a forked copy destroys everything");
}

HOST_SCENARIO(fork_stops, "a forked copy stops and detaches") {
  talk with;
  EXPECT(with.ask("one"));
  EXPECT(in_a_copy([&] {
           const auto began = std::chrono::steady_clock::now();
           std::array<std::byte, 10> some{};
           const bool refused = with.child.out().stop().failed_with(errc::wrong_thread) &&
                                with.child.in().stop().failed_with(errc::wrong_thread) &&
                                with.child.out().close().failed_with(errc::wrong_thread) &&
                                with.child.out().read_some(some, patience()).failed_with(errc::wrong_thread) &&
                                with.child.in().write("x").failed_with(errc::wrong_thread) &&
                                with.child.wait(patience()).failed_with(errc::wrong_thread) &&
                                with.child.detach().failed_with(errc::wrong_thread);
           const bool quick = std::chrono::steady_clock::now() - began < harness::scaled(2s);
           return static_cast<int>(!refused ? allowed : quick ? fine : slow);
         }) == fine);
  EXPECT(host_os::running(with.child.id()));
  EXPECT(with.ask("two"));
  EXPECT(in_a_copy([&] {
           with.child = spawnpipe::child();
           return static_cast<int>(fine);
         }) == fine);
  EXPECT(with.ask("three"));
  EXPECT(with.say_goodbye());
}
TEST_CASE("[G8] a forked copy can use nothing of its parent's: the parent still has all") {
  PLAY_SCENARIO("a forked copy stops and detaches");
}

HOST_SCENARIO(fork_with_queue, "a forked copy has the parent's queue") {
  const std::string text = pattern::make(2'000'000);
  auto running = spawnpipe::spawn(command("checksum").in(pipe{.capacity = text.size()}).out(pipe{}));
  EXPECT(running);
  const auto taken = running->in().write(text);
  EXPECT(taken && *taken == text.size());
  EXPECT(running->in().unsent() > 0);
  EXPECT(in_a_copy([&] {
           *running = spawnpipe::child();
           return static_cast<int>(fine);
         }) == fine);
  EXPECT(in_a_copy([&] {
           (void)running->in().close();
           running->in() = spawnpipe::pipe_writer();
           return static_cast<int>(works_anew());
         }) == fine);
  EXPECT(running->in().close());
  const auto line = running->out().read_line(patience());
  EXPECT(line && line->starts_with("2000000 ") && line->ends_with(" -"));
}
TEST_CASE("[G8] what a parent has queued is delivered once, and by the parent") {
  PLAY_SCENARIO("a forked copy has the parent's queue");
}

HOST_SCENARIO(fork_with_job, "a forked copy has the parent's job") {
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  std::optional<spawnpipe::completed> done;
  auto work = spawnpipe::run_async(*loop, command("until-eof", 6).in(pipe{}), {.input = std::string(300'000, 'x')},
                                   [&](spawnpipe::completed what) { done = std::move(what); });
  EXPECT(work);
  EXPECT(in_a_copy([&] {
           *work = spawnpipe::job();
           *loop = spawnpipe::event_loop();
           return static_cast<int>(works_anew());
         }) == fine);
  EXPECT(loop->run(patience()));
  EXPECT(done && done->status.code() == 6U);
}
TEST_CASE("[G8] a job of the parent goes on") { PLAY_SCENARIO("a forked copy has the parent's job"); }

HOST_SCENARIO(fork_runs_adopted, "a forked copy runs the loop that was adopted") {
  harness::warm_up();
  uv_loop_t uv;
  EXPECT(uv_loop_init(&uv) == 0);
  {
    auto loop = spawnpipe::posix::adopt(&uv);
    EXPECT(loop);
    auto running = spawnpipe::spawn(*loop, command("write", 1000).in(null{}).out(pipe{}).err(null{}));
    EXPECT(running);
    std::size_t came = 0;
    bool ended = false;
    running->out().on_readable([&](spawnpipe::pipe_reader& out) {
      came += out.available().size();
      out.consume(out.available().size());
    });
    running->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& how) { ended = how.success(); });
    EXPECT(harness::gone_within(running->id(), 10s));
    EXPECT(in_a_copy([&] {
             if (uv_loop_fork(&uv) != 0) return static_cast<int>(no_loop);
             for (int turn = 0; turn < 10; ++turn) uv_run(&uv, UV_RUN_NOWAIT);
             return static_cast<int>(came == 0 && !ended ? works_anew() : stolen);
           }) == fine);
    uv_run(&uv, UV_RUN_DEFAULT);
    EXPECT(came == 1000 && ended);
  }
  uv_run(&uv, UV_RUN_NOWAIT);
  EXPECT(uv_loop_close(&uv) == 0);
}
TEST_CASE("[G8][C4] a forked copy that runs the adopted loop takes nothing from the parent's pipes and children") {
  PLAY_SCENARIO("a forked copy runs the loop that was adopted");
}

// In a copy that one thread of several has made, ThreadSanitizer's runtime delivers no signals; libuv's uv_spawn wants SIGCHLD.
bool deaf_in_copies() {
#if defined(__SANITIZE_THREAD__)
  return harness::this_column.program == "portable";
#else
  return false;
#endif
}

HOST_SCENARIO(fork_elsewhere, "another thread than the loop's forks") {
  spawnpipe::child running;
  std::atomic<int> stage = 0;
  std::thread owner([&] {
    auto spawned = spawnpipe::spawn(command("echo-lines").in(pipe{}).out(pipe{}));
    EXPECT(spawned);
    running = std::move(*spawned);
    stage = 1;
    while (stage != 2) std::this_thread::yield();
    EXPECT(running.in().write("still\n"));
    const auto line = running.out().read_line(patience());
    EXPECT(line && *line == "got still");
    running = spawnpipe::child();
  });
  while (stage != 1) std::this_thread::yield();
  EXPECT(in_a_copy([&] {
           const auto before = host_os::open_descriptors().size();
           running = spawnpipe::child();
           // Two pipes and the pidfd, where there is one, and the loop of the thread that is not there.
           if (host_os::open_descriptors().size() + 2 > before) return static_cast<int>(stolen);
           return static_cast<int>(deaf_in_copies() ? fine : works_anew());
         }) == fine);
  stage = 2;
  owner.join();
}
TEST_CASE("[G8] a copy that was forked by another thread than the loop's destroys what it has") {
  PLAY_SCENARIO("another thread than the loop's forks");
}

HOST_SCENARIO(fork_in_callback, "a callback forks") {
  harness::warm_up();
  auto loop = spawnpipe::event_loop::create();
  EXPECT(loop);
  pid_t copy = -1;
  loop->on_wake([&] {
    if (copy == -1) copy = ::fork();
    loop->stop();
  });
  auto running = spawnpipe::spawn(*loop, command("write", 1000).in(null{}).out(pipe{}).err(null{}));
  EXPECT(running);
  std::size_t came = 0;
  running->out().on_readable([&](spawnpipe::pipe_reader& out) {
    came += out.available().size();
    out.consume(out.available().size());
  });
  EXPECT(harness::gone_within(running->id(), 10s));
  loop->wake();
  const auto ran = loop->run(patience());
  if (copy == 0) {
    const auto again = loop->run(spawnpipe::deadline::now());
    harness::leave_copy(came == 0 && again.failed_with(errc::wrong_thread) ? fine : stolen);
  }
  EXPECT(ran);
  int status = 0;
  EXPECT(::waitpid(copy, &status, 0) == copy && WIFEXITED(status) && WEXITSTATUS(status) == fine);
  EXPECT(loop->run(patience()));
  EXPECT(came == 1000);
}
TEST_CASE("[G8] a copy that a callback has made runs the parent's loop no further") {
  PLAY_SCENARIO("a callback forks");
}

HOST_SCENARIO(fork_without_page, "the system clears no page in forked copies") {
  int asked = 0;
  const harness::replaced_call<&spawnpipe::platform::system_table::page_that_forks_clear> none([&](void**) {
    ++asked;
    return harness::failing(ENOSYS);
  });
  talk with;
  EXPECT(asked == 1);
  EXPECT(with.ask("one"));
  EXPECT(in_a_copy([&] {
           with.child = spawnpipe::child();
           with.loop = spawnpipe::event_loop();
           return static_cast<int>(works_anew());
         }) == fine);
  EXPECT(with.ask("two"));
  EXPECT(with.say_goodbye());
}
TEST_CASE("[G8] a forked copy is known by its process id where the system clears no page in it") {
  PLAY_SCENARIO("the system clears no page in forked copies");
}

HOST_SCENARIO(unobserved, "an observed host forks") {
  harness::temp_dir folder;
  const std::string file = folder / "trace.json";
  harness::recorder sink;
  auto created = spawnpipe::trace_events::create(file);
  EXPECT(created);
  std::optional trace = std::move(*created);
  auto watching = spawnpipe::observation::begin(sink);
  auto traced = spawnpipe::observation::begin(trace->sink());
  auto running = spawnpipe::spawn(harness::quiet(command("hang")));
  EXPECT(watching && traced && running);
  const std::string before = harness::read_file(file);
  EXPECT(in_a_copy([&] {
           const auto heard = sink.said.size();
           *running = spawnpipe::child();
           if (works_anew() != fine) return no_run;
           *traced = spawnpipe::observation();
           trace.reset();
           return sink.said.size() == heard ? fine : allowed;
         }) == fine);
  EXPECT(harness::read_file(file) == before);
  const auto stopped = running->stop(spawnpipe::stop_policy::immediate(), patience());
  EXPECT(stopped && stopped->phase == spawnpipe::stop_phase::kill);
  EXPECT(sink.count("1 stop ended by kill") == 1);
  EXPECT(trace->close());
  EXPECT(harness::read_file(file).size() > before.size());
  *running = spawnpipe::child();
  EXPECT(host_os::children().empty());
}
TEST_CASE("[G8] a forked copy tells no observer, and leaves the file of a trace as it is") {
  PLAY_SCENARIO("an observed host forks");
}

}  // namespace
