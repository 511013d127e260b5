// Waits for a child with a timeout, and then stops it: ask, wait for the grace, kill. A timeout is no failure: nothing
// is lost, and the same call goes on where it was. This child ignores being asked, so stopping it goes all the way.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

namespace {

int fail(const char* what, const spawnpipe::error& why) {
  std::cerr << what << ": " << why.message() << '\n';
  return 1;
}

}  // namespace

int main() {
  auto what = spawnpipe::command::shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  auto stubborn = spawnpipe::spawn(what.in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{}));
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
