// Hosts that are hard to be a guest of: streams closed, SIGCHLD ignored, everything reaped, no descriptors left, newer calls
// denied; and hosts that fork.
#include "../children.hpp"
#include "../scenario.hpp"

#include <spawnpipe/posix.hpp>

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::errc;
using spawnpipe::stage;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

// A stop that does not wait long for an end that nobody will report.
constexpr spawnpipe::stop_policy brief{.terminate = std::nullopt, .reap_limit = 50ms};

// ---- 0, 1 and 2 closed

std::optional<std::string> kind_of(const std::string& fds, int number) {
  const std::string mark = std::to_string(number) + " ";
  for (std::size_t at = 0; at < fds.size(); at = fds.find('\n', at) + 1) {
    if (fds.compare(at, mark.size(), mark) != 0) continue;
    const std::size_t from = at + mark.size();
    return fds.substr(from, fds.find(' ', from) - from);
  }
  return std::nullopt;
}

// In a host with the streams of this set closed.
void without_streams(unsigned set) {
  const auto closed = [&](int number) { return (set & (1U << static_cast<unsigned>(number))) != 0; };
  const harness::temp_dir folder;
  const int report = ::fcntl(2, F_DUPFD_CLOEXEC, 10);
  for (int number = 0; number < 3; ++number) {
    if (closed(number)) ::close(number);
  }
  const auto still_closed = [&] {
    for (int number = 0; number < 3; ++number) {
      if (closed(number) && ::fcntl(number, F_GETFD) != -1) return false;
    }
    return true;
  };
  bool good = true;
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) ::dprintf(report, "set %u: %s\n", set, what);
    good = good && holds;
  };
  {
    auto loop = spawnpipe::event_loop::create();
    expect(loop && still_closed(), "the loop takes a low number");
    auto running = spawnpipe::spawn(*loop, command("cat").in(pipe{}).out(pipe{}).err(pipe{}));
    expect(running && still_closed(), "a child's pipes take a low number");
    const auto done = spawnpipe::communicate(*running, {.input = "some text", .until = patience()});
    expect(done && done->success() && done->out == "some text", "a child with pipes works");

    const auto all_piped = spawnpipe::run(command("exit", 3), {.until = patience()});
    expect(all_piped && all_piped->status.code() == 3U, "run works");
    expect(still_closed(), "run leaves a low number open");

    const auto missing = spawnpipe::run(spawnpipe::command("./no-such-program"), {.until = patience()});
    expect(missing.failed_with(std::errc::no_such_file_or_directory), "a failed exec is seen");

    harness::write_file(folder / "in", "from a file");
    const auto filed = spawnpipe::run(
        command("cat").in(spawnpipe::stdio::from_file{folder / "in"}).out(spawnpipe::stdio::to_file{folder / "out"}),
        {.until = patience()});
    expect(filed && filed->success() && harness::read_file(folder / "out") == "from a file", "redirects work");

    // What is inherited and not there is the null device.
    auto inherited = command("fds").in(spawnpipe::stdio::inherit{}).err(spawnpipe::stdio::inherit{});
    const auto kinds = spawnpipe::run(inherited, {.until = patience()});
    expect(kinds && kind_of(kinds->out, 0) == (closed(0) ? "null" : "file"), "a closed in is the null device");
    expect(kinds && kind_of(kinds->out, 2) == (closed(2) ? "null" : "pipe"), "a closed err is the null device");
    const auto quiet = spawnpipe::spawn(command("write", 10));
    expect(quiet.has_value(), "everything inherited");
    expect(still_closed(), "something took a low number");
  }
  if (closed(2)) ::dup2(report, 2);
  EXPECT(good);
}

template <unsigned Set>
void closed_streams() {
  // The host of a scenario has its stdin from the null device: another file shows which one a child inherits.
  const int file = ::open(harness::child_program().c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT(::dup2(file, 0) == 0);
  ::close(file);
  without_streams(Set);
}

#define CLOSED_STREAMS(set) \
  static const harness::scenario closed_##set { "closed streams " #set, closed_streams<set> }
CLOSED_STREAMS(1);
CLOSED_STREAMS(2);
CLOSED_STREAMS(3);
CLOSED_STREAMS(4);
CLOSED_STREAMS(5);
CLOSED_STREAMS(6);
CLOSED_STREAMS(7);

TEST_CASE("[G2][G6] a host with any of 0, 1 and 2 closed; they stay closed") {
  for (const char* set : {"1", "2", "3", "4", "5", "6", "7"}) {
    CAPTURE(set);
    (void)harness::play(std::string("closed streams ") + set);
  }
}

// ---- SIGCHLD, and hosts that reap

// Ends with its status or with status_unavailable: anything but a hang.
bool told(spawnpipe::child& running, std::uint32_t code) {
  const auto status = running.wait(scaled(1500ms));
  if (status) return status->code() == code;
  return status.error() == errc::status_unavailable;
}

HOST_SCENARIO(ignored_before, "SIGCHLD is ignored") {
  ::signal(SIGCHLD, SIG_IGN);
  const auto done = spawnpipe::run(command("exit", 3), {.until = patience()});
  EXPECT(done);
  EXPECT(done->status.code() == 3U || !done->status.known());
  auto running = spawnpipe::spawn(command("exit", 4).on_destroy(brief));
  EXPECT(running);
  EXPECT(told(*running, 4));
  const auto missing = spawnpipe::spawn(spawnpipe::command("./no-such-program"));
  EXPECT(missing.failed_with(std::errc::no_such_file_or_directory));
}
TEST_CASE("[G6] SIGCHLD ignored: the status comes through, or is said to be unavailable") {
  PLAY_SCENARIO("SIGCHLD is ignored");
}

HOST_SCENARIO(no_child_wait, "SA_NOCLDWAIT is set") {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  ::sigaction(SIGCHLD, &action, nullptr);
  for (std::uint32_t code = 0; code < 20; ++code) {
    auto running = spawnpipe::spawn(command("exit", code).on_destroy(brief));
    EXPECT(running);
    EXPECT(told(*running, code));
  }
}
TEST_CASE("[G6] SA_NOCLDWAIT: the status comes through, or is said to be unavailable") {
  PLAY_SCENARIO("SA_NOCLDWAIT is set");
}

// For rules that are declared as broken: this scenario says what it saw by a skip.
HOST_SCENARIO(ignored_after, "SIGCHLD is ignored after the spawn") {
  auto running = spawnpipe::spawn(command("until-eof", 3).in(pipe{}).on_destroy(brief));
  EXPECT(running);
  ::signal(SIGCHLD, SIG_IGN);
  EXPECT(running->in().close());
  if (!told(*running, 3)) SKIP_SCENARIO("hangs");
}
TEST_CASE("[G6] a host that ignores SIGCHLD while a child runs") {
  const auto seen = harness::play("SIGCHLD is ignored after the spawn");
  RULE_HOLDS_OR_BROKEN("G6/host-ignores", seen != "hangs");
}

HOST_SCENARIO(host_blocks, "the host blocks SIGCHLD") {
  host_os::block_signals_here();
  auto running = spawnpipe::spawn(command("exit", 3).on_destroy(brief));
  EXPECT(running);
  if (!told(*running, 3)) SKIP_SCENARIO("hangs");
}
TEST_CASE("[G6] a host that blocks SIGCHLD in all of its threads") {
  const auto seen = harness::play("the host blocks SIGCHLD");
  RULE_HOLDS_OR_BROKEN("G6/host-blocks", seen != "hangs");
}

HOST_SCENARIO(host_reaps, "the host reaps every child") {
  auto running = spawnpipe::spawn(command("exit", 3).on_destroy(brief));
  EXPECT(running);
  int status = 0;
  EXPECT(::waitpid(-1, &status, 0) == running->id());
  if (!told(*running, 3)) SKIP_SCENARIO("hangs");
}
TEST_CASE("[G6] a host that reaps every child itself") {
  const auto seen = harness::play("the host reaps every child");
  RULE_HOLDS_OR_BROKEN("G6/host-reaps", seen != "hangs");
}

// ---- descriptors

class filler {
 public:
  // Takes every descriptor that is left, up to the limit.
  explicit filler(rlim_t limit) {
    struct rlimit files {};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min(limit, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1;) taken_.push_back(fd);
  }
  void leave(std::size_t count) {
    for (; count > 0 && !taken_.empty(); --count) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }

 private:
  std::vector<int> taken_;
};

// How many descriptors are open: what /proc says needs one itself.
int open_count() {
  int count = 0;
  for (int number = 0; number < 512; ++number) count += ::fcntl(number, F_GETFD) != -1 ? 1 : 0;
  return count;
}

void scarce_descriptors(bool fresh_loop) {
  harness::warm_up();
  filler all(64);
  bool worked = false;
  for (int left = 0; left <= 20; ++left) {
    const int before = open_count();
    {
      std::optional<spawnpipe::event_loop> own;
      if (fresh_loop) {
        auto created = spawnpipe::event_loop::create();
        if (!created) {
          EXPECT(created.failed_with(std::errc::too_many_files_open));
          EXPECT(created.error().where == stage::loop);
        } else {
          own = std::move(*created);
        }
      }
      const auto what = command("cat").in(pipe{}).out(pipe{}).err(pipe{});
      if (!fresh_loop || own) {
        auto running = own ? spawnpipe::spawn(*own, what) : spawnpipe::spawn(what);
        if (running) {
          const auto done = spawnpipe::communicate(*running, {.input = "some text", .until = patience()});
          EXPECT(done);
          // A loop that finds no room to watch a pipe says so.
          EXPECT(done->output_error || done->out == "some text");
          worked = done->success();
        } else {
          EXPECT(running.failed_with(std::errc::too_many_files_open));
          const stage where = running.error().where;
          EXPECT(where == stage::pipe || where == stage::process || where == stage::loop);
        }
      }
    }
    EXPECT(open_count() == before);
    all.leave(1);
  }
  EXPECT(worked);
}
HOST_SCENARIO(scarce, "descriptors are scarce") { scarce_descriptors(false); }
HOST_SCENARIO(scarce_loop, "descriptors are scarce for a new loop") { scarce_descriptors(true); }
TEST_CASE("[G6][P1] a host with few descriptors left: the spawn fails with its reason, and works again") {
  PLAY_SCENARIO("descriptors are scarce");
}
TEST_CASE("[G6][P1] a host with few descriptors left makes a loop, or is told why not") {
  PLAY_SCENARIO("descriptors are scarce for a new loop");
}

constexpr int spare_again = 16;

template <int Left>
void first_loop() {
  filler all(64);
  all.leave(Left);
  const auto created = spawnpipe::event_loop::create();
  all.leave(spare_again);  // a sanitizer's runtime needs one to look at an object's type
  EXPECT(created || created.failed_with(std::errc::too_many_files_open));
}
static const harness::scenario first_with_0{"the first loop, with 0 descriptors left", first_loop<0>};
static const harness::scenario first_with_1{"the first loop, with 1 descriptors left", first_loop<1>};
static const harness::scenario first_with_2{"the first loop, with 2 descriptors left", first_loop<2>};
static const harness::scenario first_with_3{"the first loop, with 3 descriptors left", first_loop<3>};
static const harness::scenario first_with_4{"the first loop, with 4 descriptors left", first_loop<4>};
TEST_CASE("[G1][G6] a host without descriptors is told so at its first loop, and lives") {
  // libuv itself would end the host by abort().
  for (int left = 0; left <= 4; ++left) {
    CAPTURE(left);
    (void)harness::play("the first loop, with " + std::to_string(left) + " descriptors left");
  }
}

}  // namespace
