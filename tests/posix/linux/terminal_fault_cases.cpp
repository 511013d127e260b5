// A child in the foreground while what has to do with the terminal fails, call by call, in the host and in the child: a host of its own,
// whose terminal the case makes.
#include "../../../platform/posix/child_linux.hpp"
#include "../../children.hpp"
#include "../../scenario.hpp"
#include "../belongings.hpp"
#include "../faults.hpp"
#include "../pseudo_terminal.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using harness::belongings;
using harness::command;
using harness::patience;
using spawnpipe::process_group;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;

spawnpipe::command foreground(const char* verb = "exit") {
  return command(verb).in(null{}).out(pipe{}).err(null{}).group(process_group::foreground);
}

struct outcome {
  std::optional<spawnpipe::error> refused;
  bool ended = false;
};

// Its modes are given back behind a child that was killed.
outcome lend_once(bool killed = false) {
  outcome all;
  auto running = spawnpipe::spawn(foreground(killed ? "hang" : "exit"));
  if (!running) {
    all.refused = running.error();
  } else {
    if (killed) static_cast<void>(running->kill());
    all.ended = running->wait(patience()).has_value();
  }
  return all;
}

// Takes the terminal back where the library was kept from it.
bool have_it(const harness::pseudo_terminal& terminal) {
  const bool had = terminal.foreground() == ::getpgrp();
  const auto before = ::signal(SIGTTOU, SIG_IGN);
  ::tcsetpgrp(terminal.fd(), ::getpgrp());
  ::signal(SIGTTOU, before);
  return had;
}

void check_left(const belongings& before, std::string_view call, int at) {
  const auto changed = before.changed();
  if (!changed.empty()) std::fprintf(stderr, "%s at %d: %s\n", std::string(call).c_str(), at, changed.c_str());
  EXPECT(changed.empty());
}

HOST_SCENARIO(calls_fail, "the terminal is lent, and calls fail") {
  harness::pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(harness::no_terminal);
  EXPECT(terminal.control());
  EXPECT(lend_once().ended);
  constexpr std::array failures = {
      faults::failure{"open(terminal)", ENXIO},   faults::failure{"open(terminal)", EMFILE},
      faults::failure{"tcgetpgrp", ENOTTY},       faults::failure{"tcgetattr", EIO},
      faults::failure{"tcsetattr", EIO},          faults::failure{"tcsetpgrp", EIO},
      faults::failure{"pthread_sigmask", EINVAL}, faults::failure{"clone3", EAGAIN},
      faults::failure{"pipe_cloexec", EMFILE},    faults::failure{"epoll_ctl", ENOSPC},
      faults::failure{"waitid", EINTR},
  };
  int cases = 0;
  for (const auto& each : failures) {
    const int before_it = cases;
    for (int at = 1; at < 20; ++at) {
      const auto before = belongings::now();
      outcome seen;
      bool came = false;
      {
        const faults::injected fault(each.call, each.code, at);
        seen = lend_once(each.call == "tcsetattr");
        came = faults::injected::happened();
      }
      if (seen.refused) EXPECT(seen.refused->code.value() == each.code);
      EXPECT(seen.refused || seen.ended);
      // Who may not take it back has lost it.
      const bool had = have_it(terminal);
      EXPECT(had || each.call == "tcsetpgrp" || each.call == "pthread_sigmask");
      seen = {};
      check_left(before, each.call, at);
      if (!came) break;
      ++cases;
    }
    if (cases == before_it) std::fprintf(stderr, "no place for %s\n", std::string(each.call).c_str());
    EXPECT(cases > before_it);
  }
}
TEST_CASE("[P1] a terminal that is lent comes back, whatever call fails") {
  harness::bound_case(std::chrono::seconds(60));
  PLAY_SCENARIO("the terminal is lent, and calls fail");
}

HOST_SCENARIO(child_fails, "the child cannot take the terminal") {
  using spawnpipe::platform::fault_of_child;
  harness::pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(harness::no_terminal);
  EXPECT(terminal.control());
  EXPECT(lend_once().ended);
  struct fault {
    long call;
    int code;
  };
  for (const fault each : {fault{SYS_openat, EMFILE}, fault{SYS_openat, EIO}, fault{SYS_ioctl, EPERM},
                           fault{SYS_ioctl, EIO}, fault{SYS_setpgid, EPERM}, fault{SYS_execve, ENOMEM}}) {
    const auto before = belongings::now();
    fault_of_child = {.call = each.call, .code = each.code, .at = 1};
    outcome seen = lend_once();
    const bool came = fault_of_child.made[each.call] > 0;
    fault_of_child = {};
    EXPECT(came);
    EXPECT(seen.refused && seen.refused->code.value() == each.code);
    EXPECT(seen.refused &&
           seen.refused->where == (each.call == SYS_execve ? spawnpipe::stage::exec : spawnpipe::stage::attributes));
    EXPECT(have_it(terminal));
    seen = {};
    check_left(before, "of the child", 1);
  }
}
TEST_CASE("[P1] a child that cannot take the terminal is told of, and the terminal is the host's") {
  PLAY_SCENARIO("the child cannot take the terminal");
}

}  // namespace
