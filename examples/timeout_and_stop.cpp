// Waits for a child with a timeout, and then stops it: ask, wait for the grace, kill. A timeout is no failure: nothing
// is lost, and the same call goes on where it was. The child is this program run again; it ignores being asked, so
// stopping it goes all the way.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

namespace {

int fail(const char* what, const spawnpipe::error& why) {
  std::cerr << what << ": " << to_string(why) << '\n';
  return 1;
}

int be_stubborn() {
  std::signal(SIGTERM, SIG_IGN);
  std::cout << "ready" << std::endl;
  std::this_thread::sleep_for(60s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return be_stubborn();
  auto what = spawnpipe::command(argv[0], {"stubborn"});
  what.in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{});
  what.group(spawnpipe::process_group::session);  // on Windows a shared console would ask it by a Ctrl-Break as well
  auto stubborn = spawnpipe::spawn(what);
  if (!stubborn) return fail("spawn", stubborn.error());
  if (auto ready = stubborn->out().read_line(5s); !ready) return fail("read", ready.error());

  const auto ended = stubborn->wait(300ms);
  if (!ended.failed_with(spawnpipe::errc::timed_out)) {
    if (!ended) return fail("wait", ended.error());
    std::cerr << "it should still run, but it " << to_string(*ended) << '\n';
    return 1;
  }
  std::cout << "after 300 ms it still runs\n";

  // The whole of this is bounded by five seconds, whatever the graces add up to.
  const auto report = stubborn->stop({.terminate = 500ms, .kill = true}, 5s);
  if (!report) return fail("stop", report.error());
  std::cout << "stopped: it " << to_string(report->status) << ", in phase " << to_string(report->phase);
  if (report->last_signal) std::cout << ", which reached the " << to_string(report->last_signal->reached);
  std::cout << '\n';
  return report->phase == spawnpipe::stop_phase::kill ? 0 : 1;
}
