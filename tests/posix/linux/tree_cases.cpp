// Trees on Linux: groups by number on older kernels, those who leave their group, and control groups.
#include "engine.hpp"

#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../chosen_id.hpp"

#include <spawnpipe/forward_interrupts.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::failing;
using harness::gone_within;
using harness::must;
using harness::patience;
using harness::quiet;
using harness::replaced_call;
using spawnpipe::errc;
using spawnpipe::mechanism;
using spawnpipe::process_tree;
using spawnpipe::stop_policy;
using spawnpipe::platform::linux_abilities;
using spawnpipe::platform::linux_table;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using namespace std::chrono_literals;

using open_call = replaced_call<&harness::platform::system_table::open>;
using send_call = replaced_call<&linux_table::pidfd_send_signal>;
using mkdir_call = replaced_call<&linux_table::mkdir>;
using clone3_call = replaced_call<&linux_table::clone3>;
using epoll_ctl_call = replaced_call<&linux_table::epoll_ctl>;

std::int64_t number_from(spawnpipe::child& running) {
  const auto line = running.out().read_line(patience());
  return line ? std::stoll(std::string(*line)) : 0;
}

// ---- groups

HOST_SCENARIO(by_number, "a pidfd signals no group") {
  const send_call old([](int pidfd, int signal, unsigned flags) {
    return flags != 0 ? failing(EINVAL) : send_call::direct(pidfd, signal, flags);
  });
  linux_abilities::forget();
  auto running = spawnpipe::spawn(quiet(command("grandchild", "hang")));
  EXPECT(running);
  const std::int64_t grandchild = number_from(*running);
  EXPECT(running->wait(patience())->success());
  // It is not reaped, so that nobody else can get its number, which is its group's.
  EXPECT(host_os::children().size() == 1);
  EXPECT(!harness::make_process_with(static_cast<pid_t>(running->id())));
  EXPECT(running->used().has_value());
  EXPECT(running->wait_tree(20ms).failed_with(errc::timed_out));
  const auto report = running->stop(stop_policy::immediate());
  EXPECT(report && report->tree.gone && report->tree.by == mechanism::process_group);
  EXPECT(gone_within(grandchild, 5s));
  EXPECT(running->kill().failed_with(errc::already_exited));
  EXPECT(running->wait(patience())->success());
  running = spawnpipe::child();
  EXPECT(host_os::children().empty());
  // A child whose tree is gone with it, one that is let go, and one that was killed.
  EXPECT(spawnpipe::run(command("exit"), {.until = patience()})->success());
  EXPECT(spawnpipe::run(command("hang"), {.until = 20ms})->tree->gone);
  auto free = spawnpipe::spawn(quiet(command("until-eof")));
  EXPECT(free && free->detach());
  (void)spawnpipe::run(command("sleep", 50), {.until = patience()});  // the loop goes on meanwhile
  EXPECT(host_os::children().empty());
}
TEST_CASE("[P6][P8] a kernel before 6.9 signals a group by its number, and the process that led it is reaped last") {
  PLAY_SCENARIO("a pidfd signals no group");
}

TEST_CASE("[P6] to see who is left of a group, no more is read of others than which group is theirs") {
  harness::leak_check nothing_left;
  std::vector<spawnpipe::child> others;
  for (int i = 0; i < 20; ++i) others.push_back(must(spawnpipe::spawn(quiet(command("hang")))));
  auto running = must(spawnpipe::spawn(quiet(command("grandchild", "hang"))));
  const std::int64_t grandchild = number_from(running);
  CHECK(must(running.wait(patience())).success());
  std::size_t read = 0;
  {
    const open_call opens([&](const char* path, int flags, int mode) {
      const std::string_view name = path;
      read += name.starts_with("/proc/") && name.ends_with("/stat") ? 1U : 0U;
      return open_call::direct(path, flags, mode);
    });
    CHECK(running.wait_tree(0ms).failed_with(errc::timed_out));
  }
  CHECK(read > 0);
  CHECK(read < others.size());
  CHECK(must(running.stop(stop_policy::immediate())).tree.gone);
  CHECK(gone_within(grandchild, 5s));
}

TEST_CASE("[P8] the group of a process that has ended is signalled by its pidfd: a stranger's of that number is not") {
  harness::leak_check nothing_left;
  auto running = must(spawnpipe::spawn(quiet(command("exit"))));
  CHECK(must(running.wait(patience())).success());
  const auto id = static_cast<pid_t>(running.id());
  if (!harness::make_process_with(id)) SKIP_CASE(harness::no_choice);
  CHECK(::kill(-id, 0) == 0);  // by the number it would be hit
  CHECK(must(running.wait_tree(patience())).gone);
  CHECK(running.kill().failed_with(errc::already_exited));
  CHECK(must(running.stop(stop_policy::immediate())).tree.gone);
  running = spawnpipe::child();
  CHECK(harness::untouched(id));
}

TEST_CASE("[P6] a process that left for a session of its own is not seen by the group, which says so") {
  harness::leak_check nothing_left;
  auto running = must(spawnpipe::spawn(quiet(command("both", 3, "session", "hang", "up", "hang"))));
  const std::int64_t away = number_from(running);
  const harness::end_at_exit sure(away);
  CHECK(must(running.out().read_line(patience())) == "up");
  const auto report = must(running.stop(stop_policy::immediate()));
  CHECK(report.tree.gone);
  CHECK_FALSE(report.tree.exact);
  CHECK(host_os::running(away));
}

// ---- nobody's child

TEST_CASE("[P9] a detached process leads a session of its own, has another parent, and exactly its descriptors") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const int open_here = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  for (const bool shared : {true, false}) {
    CAPTURE(shared);
    if (!shared) linux_abilities::forget();  // the next one has to find out
    const std::string ids = folder / "ids";
    const auto id = must(spawnpipe::spawn_detached(command("ids").out(spawnpipe::stdio::to_file{ids})));
    REQUIRE(gone_within(id, 10s));
    const std::string text = harness::read_file(ids);
    const std::string number = std::to_string(id);
    CHECK(text.starts_with("id " + number + "\n"));
    CHECK(text.find("\nparent " + std::to_string(::getpid()) + "\n") == std::string::npos);
    CHECK(text.ends_with("\ngroup " + number + "\nsession " + number + "\n"));
  }
  const std::string fds = folder / "fds";
  const auto id = must(spawnpipe::spawn_detached(command("fds").out(spawnpipe::stdio::to_file{fds})));
  REQUIRE(gone_within(id, 10s));
  const std::string listed = harness::read_file(fds);
  CHECK(std::count(listed.begin(), listed.end(), '\n') == 3);
  ::close(open_here);
}

HOST_SCENARIO(forked_meanwhile, "another thread forks while a child is made") {
  // The copy holds what is open, and lives on.
  std::vector<pid_t> copies;
  const clone3_call then_fork([&](struct clone_args* how, spawnpipe::platform::clone_function run, void* argument) {
    const pid_t copy = ::fork();
    if (copy == 0) {
      for (;;) ::pause();
    }
    copies.push_back(copy);
    return clone3_call::direct(how, run, argument);
  });
  for (const bool first : {true, false}) {
    if (first) linux_abilities::forget();
    EXPECT(spawnpipe::run(command("exit"), {.until = patience()}).has_value());
    EXPECT(spawnpipe::spawn_detached(command("exit")).has_value());
    const auto missing = spawnpipe::spawn_detached(spawnpipe::command("./spawnpipe-no-such-program"));
    EXPECT(!missing && missing.error().where == spawnpipe::stage::exec);
  }
  for (const pid_t copy : copies) {
    ::kill(copy, SIGKILL);
    ::waitpid(copy, nullptr, 0);
  }
  EXPECT(host_os::children().empty());
}
TEST_CASE("[P1][P9][C1] a copy of the host that another thread forks meanwhile holds up no start") {
  PLAY_SCENARIO("another thread forks while a child is made");
}

HOST_SCENARIO(subreaper, "a host that gets the orphans") {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (int round = 0; round < 5; ++round) {
    EXPECT(!spawnpipe::spawn_detached(spawnpipe::command("./spawnpipe-no-such-program")));
  }
  EXPECT(host_os::children().empty());
}
TEST_CASE("[P9][P1] a detached process that cannot be started leaves nothing to reap") {
  PLAY_SCENARIO("a host that gets the orphans");
}

// ---- the host's death

// A copy of the host starts a child and dies; the child's id.
pid_t orphan_of_a_copy(bool ends_with_host) {
  std::array<int, 2> ends{};
  EXPECT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t copy = ::fork();
  if (copy == 0) {
    auto running = spawnpipe::spawn(command("hang").in(null{}).out(null{}).err(null{}).end_with_host(ends_with_host));
    const pid_t id = running ? static_cast<pid_t>(running->id()) : -1;
    (void)!::write(ends[1], &id, sizeof id);
    ::_exit(0);
  }
  pid_t id = -1;
  EXPECT(::read(ends[0], &id, sizeof id) == sizeof id);
  EXPECT(::waitpid(copy, nullptr, 0) == copy);
  ::close(ends[0]);
  ::close(ends[1]);
  return id;
}

HOST_SCENARIO(host_dies, "a host dies") {
  const pid_t tied = orphan_of_a_copy(true);
  EXPECT(tied > 0);
  EXPECT(gone_within(tied, 5s));
  const pid_t free = orphan_of_a_copy(false);
  const harness::end_at_exit sure(free);
  EXPECT(free > 0);
  EXPECT(!gone_within(free, 50ms));
}
TEST_CASE("[P9] a child that is to end with the host does, and another does not") { PLAY_SCENARIO("a host dies"); }

TEST_CASE("[P9] a child that is to end with the host ends with the thread that spawned it, too") {
  harness::leak_check nothing_left;
  spawnpipe::child running;
  std::thread([&] { running = must(spawnpipe::spawn(quiet(command("hang")).end_with_host())); }).join();
  CHECK(gone_within(running.id(), 5s));
  running = spawnpipe::child();
}

TEST_CASE("[P9][P1] a child whose host is gone before the request has no host") {
  harness::leak_check nothing_left;
  using getpid_call = replaced_call<&spawnpipe::platform::system_table::getpid>;
  const getpid_call another([]() -> pid_t { return 1; });
  const auto refused = spawnpipe::spawn(quiet(command("exit")).end_with_host());
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == std::errc::no_such_process);
  CHECK(refused.error().where == spawnpipe::stage::attributes);
}

// ---- control groups

// A command that has a control group of its own, where this host may make one.
constexpr const char* not_delegated = "no control group is delegated to this host";

bool delegated() {
  auto tried = spawnpipe::spawn(quiet(command("exit")).tree(process_tree::contained));
  return tried && tried->wait_tree(patience());
}

TEST_CASE("[P6] who leaves the group, the session and the parent does not leave the control group") {
  if (!delegated()) SKIP_CASE(not_delegated);
  harness::leak_check nothing_left;
  auto running =
      must(spawnpipe::spawn(quiet(command("both", 3, "session", "hang", "up", "exit")).tree(process_tree::contained)));
  const std::int64_t away = number_from(running);
  const harness::end_at_exit sure(away);
  CHECK(must(running.out().read_line(patience())) == "up");
  CHECK(must(running.wait(patience())).success());
  CHECK(running.wait_tree(20ms).failed_with(errc::timed_out));
  const auto report = must(running.stop(stop_policy::immediate(), patience()));
  CHECK(report.tree.by == mechanism::cgroup);
  CHECK(report.tree.exact);
  CHECK(report.tree.gone);
  REQUIRE(report.last_signal.has_value());
  CHECK(report.last_signal->reached == mechanism::cgroup);
  CHECK_FALSE(host_os::running(away));
  CHECK(running.kill().failed_with(errc::already_exited));
}

TEST_CASE("[P5][P6] everybody in a control group is asked to end, before it is killed") {
  if (!delegated()) SKIP_CASE(not_delegated);
  harness::leak_check nothing_left;
  auto running = must(spawnpipe::spawn(
      quiet(command("both", 3, "session", "exit-on-terminate", 3, "hang")).tree(process_tree::contained)));
  const std::int64_t away = number_from(running);
  const harness::end_at_exit sure(away);
  CHECK(must(running.out().read_line(patience())) == "ready");
  const auto report = must(running.stop({.terminate = 10s}));
  CHECK(report.phase == spawnpipe::stop_phase::terminate);
  CHECK(report.tree.gone);
  CHECK(must(running.out().read_line(patience())) == "terminated");
}

TEST_CASE("[P2][P6] a control group counts what all in it used") {
  if (!delegated()) SKIP_CASE(not_delegated);
  harness::leak_check nothing_left;
  auto running = must(spawnpipe::spawn(quiet(command("grandchild", "burn", 100)).tree(process_tree::contained)));
  const auto report = must(running.wait_tree(patience()));
  REQUIRE(report.used.has_value());
  CHECK(report.used->user + report.used->system > must(running.wait(patience())).success() * 10ms);
}

// The folders of control groups that this process has made and that are still there.
int folders_left() {
  int count = 0;
  std::error_code ignored;
  const std::string mine = "spawnpipe-" + std::to_string(::getpid()) + "-";
  for (auto each = std::filesystem::recursive_directory_iterator("/sys/fs/cgroup", ignored);
       each != std::filesystem::recursive_directory_iterator(); each.increment(ignored)) {
    count += each->path().filename().string().starts_with(mine) ? 1 : 0;
  }
  return count;
}

TEST_CASE("[P6][G2] a control group goes when its last process and its child object do") {
  if (!delegated()) SKIP_CASE(not_delegated);
  harness::leak_check nothing_left;
  {
    auto running = must(spawnpipe::spawn(quiet(command("tree", "hang")).tree(process_tree::best)));
    CHECK(number_from(running) > 0);
    CHECK(folders_left() == 1);
  }
  CHECK(folders_left() == 0);
  CHECK(must(spawnpipe::run(command("exit").tree(process_tree::best), {.until = patience()})).success());
  CHECK(spawnpipe::spawn(spawnpipe::command("/no/such/program").tree(process_tree::contained)).error() ==
        std::errc::no_such_file_or_directory);
  CHECK(folders_left() == 0);
}

TEST_CASE("[P1][P6] a start that fails when the child has started others already takes them back, too") {
  harness::warm_up();
  harness::leak_check nothing_left;
  for (const process_tree tree : {process_tree::group, process_tree::best}) {
    const harness::temp_dir folder;
    std::int64_t grandchild = 0;
    const auto has_begun = [&] {
      const std::string line = harness::read_file(folder / "id");
      if (line.ends_with('\n')) grandchild = std::stoll(line);
      return grandchild != 0;
    };
    // The watch for its end cannot be made, on a system that is so busy that the child has got that far.
    const epoll_ctl_call late([&](int set, int what, int fd, struct epoll_event* event) {
      if (what != EPOLL_CTL_ADD) return epoll_ctl_call::direct(set, what, fd, event);
      for (int rounds = 0; rounds < 1000 && !has_begun(); ++rounds) std::this_thread::sleep_for(10ms);
      return failing(ENOMEM);
    });
    const auto refused = spawnpipe::spawn(spawnpipe::command(harness::child_program(), {"tree", "hang"})
                                              .in(null{})
                                              .out(spawnpipe::stdio::to_file{folder / "id"})
                                              .err(null{})
                                              .tree(tree));
    CHECK(refused.failed_with(std::errc::not_enough_memory));
    REQUIRE(grandchild != 0);
    const harness::end_at_exit ended(grandchild);
    CHECK(gone_within(grandchild, 5s));
    CHECK(folders_left() == 0);
  }
}

TEST_CASE("[P6] where no control group may be made, contained is refused and best is the process group") {
  harness::leak_check nothing_left;
  const mkdir_call denied([](const char*, mode_t) { return failing(EACCES); });
  const auto refused = spawnpipe::spawn(quiet(command("exit")).tree(process_tree::contained));
  REQUIRE(refused.failed_with(errc::not_supported));
  CHECK(refused.error().where == spawnpipe::stage::attributes);
  auto running = must(spawnpipe::spawn(quiet(command("hang")).tree(process_tree::best)));
  CHECK(must(running.stop(stop_policy::immediate())).tree.by == mechanism::process_group);
}

HOST_SCENARIO(born_elsewhere, "nobody may be born into a control group") {
  if (!delegated()) SKIP_SCENARIO(not_delegated);
  const clone3_call denied(
      [](struct clone_args* how, spawnpipe::platform::clone_function run, void* argument) -> pid_t {
        constexpr std::uint64_t into_cgroup = 0x200000000ULL;
        return (how->flags & into_cgroup) != 0 ? failing(EPERM) : clone3_call::direct(how, run, argument);
      });
  const auto way_before = linux_abilities::best_way();
  EXPECT(spawnpipe::spawn(quiet(command("exit")).tree(process_tree::contained)).failed_with(errc::not_supported));
  auto running = spawnpipe::spawn(quiet(command("hang")).tree(process_tree::best));
  EXPECT(running && running->stop(stop_policy::immediate())->tree.by == mechanism::process_group);
  EXPECT(linux_abilities::best_way() == way_before);
  EXPECT(folders_left() == 0);
}
TEST_CASE("[P6][G6] where a child cannot be born into a control group, contained is refused and best goes on") {
  PLAY_SCENARIO("nobody may be born into a control group");
}

HOST_SCENARIO(contained_in_group, "an interrupt, and a contained child in the host's group") {
  auto running = spawnpipe::spawn(
      quiet(command("hang", "up")).group(spawnpipe::process_group::host).tree(process_tree::contained));
  if (!running) SKIP_SCENARIO("no control group is delegated here");
  EXPECT(running->out().read_line(patience()));
  auto guard = spawnpipe::forward_interrupts::begin();
  ::raise(SIGINT);
  EXPECT(guard && guard->received() == SIGINT);
  EXPECT(running->wait(200ms).failed_with(errc::timed_out));  // the terminal would have interrupted it
}
TEST_CASE("[P6] an interrupt is not forwarded to a child in the host's group, whatever else holds its tree") {
  PLAY_SCENARIO("an interrupt, and a contained child in the host's group");
}

}  // namespace
