// The 25 cases, as they are asked of each library.
#include "case_list.hpp"

#include "../host_os.hpp"
#include "../pattern.hpp"
#include "../posix/chosen_id.hpp"
#include "library.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// For what ends at once, or should not wait for what never ends.
constexpr auto soon = 5s;
constexpr std::size_t more_than_a_pipe = 1'000'000;

class stopwatch {
 public:
  [[nodiscard]] clock::duration elapsed() const { return clock::now() - began_; }

 private:
  clock::time_point began_ = clock::now();
};

bool gone_within(pid_t id, clock::duration time) {
  const stopwatch since;
  while (host_os::running(id)) {
    if (since.elapsed() > time) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

const library& it = this_library;

template <class Function>
word word_of(const way<Function>& how) {
  return how.word;
}

outcome run(const arguments& what, const std::string& input = {}) { return it.run.act(child_program, what, input); }

word a_child_fills_a_pipe() {
  const outcome done = run({"write", std::to_string(more_than_a_pipe), "4096", "both"});
  expect(done.code == 0 && done.out == pattern::make(more_than_a_pipe) && done.err == done.out, "output is missing");
  const std::string input = pattern::make(more_than_a_pipe);
  expect(run({"cat", "4096"}, input).out == input, "what was fed did not come back");
  return word_of(it.run);
}

word children_are_piped_together() {
  const std::string answer = it.through_two.act(pattern::make(more_than_a_pipe));
  expect(answer.starts_with(std::to_string(more_than_a_pipe)) && answer.ends_with(" -\n"),
         "something else came through");
  return word_of(it.through_two);
}

word a_child_that_answers() {
  const stopwatch time;
  const conversation had = it.converse.act();
  expect(had.first == "got one\n" && had.nothing.empty() && had.second == "got two\n", "another answer");
  expect(time.elapsed() < soon, "it took seconds");
  return word_of(it.converse);
}

word a_grandchild_holds_the_output() {
  const stopwatch time;
  const outcome done = it.run_held.act({"grandchild", "hang"});
  expect(time.elapsed() < soon, "it took seconds");
  expect(!done.out.empty() && done.code == 0, "the output is lost");
  expect(host_os::running(std::stoll(done.out)), "the grandchild is gone");
  return word_of(it.run_held);
}

word the_timeout_fires() {
  const stopwatch time;
  // The grandchild is in a session of its own, where no kill of its parent's group reaches it.
  const outcome done = it.run_with_timeout.act({"both", "2", "session", "hang", "hang"}, {}, 300ms);
  expect(done.timed_out, "it does not say that time was out");
  expect(time.elapsed() < soon, "it took seconds");
  expect(host_os::running(std::stoll(done.out)), "nobody held the output");
  return word_of(it.run_with_timeout);
}

word output_and_exit_are_two_things() {
  const stopwatch time;
  expect(it.exit_code.act({"grandchild", "hang"}) == 0 && time.elapsed() < soon,
         "the exit was told with the output's end");
  const closed_output seen = it.wait_after_end_of_output.act();
  expect(seen.still_running && seen.code == 7, "the output's end was taken for the exit");
  return *word_of(it.exit_code) != '\0' ? word_of(it.exit_code) : word_of(it.wait_after_end_of_output);
}

word an_exit_is_told_at_once() {
  expect(it.wait_in_loop.act() < 1s, "it was told seconds later");
  return word_of(it.wait_in_loop);
}

word a_later_child_holds_no_pipe() {
  expect(it.later_child.act() == 0, "another exit code");
  return word_of(it.later_child);
}

word kill_the_tree() {
  expect(gone_within(it.kill_tree.act({"tree", "hang"}), soon), "the grandchild lives");
  return word_of(it.kill_tree);
}

word spawns_at_the_same_time() {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      try {
        for (int round = 0; round < 30; ++round) right += it.later_child.act() == 0 ? 1 : 0;
      } catch (const std::exception&) {
        return;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  expect(right == 4 * 30, "an exit was lost");
  return word_of(it.later_child);
}

void of_the_host(int /*signal*/) {}

// The complaint is about SIGCHLD; what else a library does to the host's signals is not looked at.
bool sigchld_is_the_hosts() {
  struct sigaction now {};
  sigset_t blocked;
  return ::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == of_the_host &&
         ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked) == 0 && ::sigismember(&blocked, SIGCHLD) == 0;
}

word the_hosts_sigchld() {
  struct sigaction mine {};
  mine.sa_handler = of_the_host;
  ::sigaction(SIGCHLD, &mine, nullptr);
  bool meanwhile = false;
  it.hold.act([&] { meanwhile = sigchld_is_the_hosts(); });
  expect(meanwhile, "it is not the host's while a child runs");
  expect(sigchld_is_the_hosts(), "it is not the host's afterwards");
  return word_of(it.hold);
}

word a_stranger_is_not_killed() {
  pid_t id = 0;
  it.kill_after_end.act([&](pid_t ended) {
    expect(harness::make_process_with(ended), harness::no_choice);
    id = ended;
  });
  expect(harness::untouched(id), "it killed a stranger");
  return word_of(it.kill_after_end);
}

word terminate_and_wait_race() {
  // Later and later: the first are killed, the last have ended.
  for (int round = 0; round < 60; ++round) {
    const int code = it.kill_and_wait.act(std::chrono::microseconds(10 * round * round));
    expect(code == 3 || code == -SIGKILL, "the exit code is lost");
  }
  return word_of(it.kill_and_wait);
}

// The host is this program anew.
word the_child_dies_with_its_host() {
  const host_os::ended host = host_os::run_self({"dies"});
  const long long id = std::atoll(host.output.c_str());
  expect(id > 0, "the host could not start it");
  const bool gone = gone_within(static_cast<pid_t>(id), soon);
  if (!gone) host_os::end_process(id);
  expect(gone, "it lives on");
  return word_of(it.end_with_host);
}

word graceful_then_forced_then_gone() {
  expect(!host_os::running(it.stop_tree.act({"tree", "ignore-terminate"})), "somebody was left");
  return word_of(it.stop_tree);
}

// What a shell would make something else of.
constexpr std::array hostile = {"",           " ",      "two words", "\"",      "\\", "\\\"",    "'",       "tab\there",
                                "line\nfeed", "%PATH%", "a&b",       "a|b>c<d", ";",  "^caret^", "$HOME",   "`id`",
                                "*?[a]",      "--",     "-x",        "{a,b}",   "~",  "#",       "\xC3\xA9"};

word arguments_arrive() {
  arguments what = {"args"};
  std::string expected;
  for (const char* each : hostile) (expected += what.emplace_back(each)) += '\0';
  expect(run(what).out == expected, "another argument arrived");
  return word_of(it.run);
}

word a_scripts_arguments_are_no_commands() {
  const auto folder = host_os::make_temp_dir();
  const std::string script = host_os::make_script(folder, child_program, "args").string();
  std::string expected;
  for (const char* each : hostile) (expected += each) += '\0';
  const outcome done = it.run.act(script, {hostile.begin(), hostile.end()}, {});
  std::filesystem::remove_all(folder);
  expect(done.out == expected, "another argument arrived");
  return word_of(it.run);
}

word asking_one_that_has_ended() {
  for (int round = 0; round < 3; ++round) {
    it.ask_ended.act([](pid_t id) { expect(gone_within(id, soon), "it did not end"); });
  }
  expect(host_os::children().empty(), "a zombie was left");
  return word_of(it.ask_ended);
}

word a_drain_outlasts_two_minutes() {
  const stopwatch time;
  const outcome done = run({"sleep", "125000", "5"});
  expect(done.code == 5 && time.elapsed() >= 125s, "it ended early");
  return word_of(it.run);
}

word a_large_host() {
  auto small = clock::duration::max();
  auto large = clock::duration::max();
  const auto quickest = [](clock::duration& best) {
    for (int i = 0; i < 6; ++i) {
      const stopwatch time;
      expect(run({"exit"}).code == 0, "another exit code");
      best = std::min(best, time.elapsed());
    }
  };
  // In turn, so that both meet the same of what else the machine is doing.
  for (int round = 0; round < 6; ++round) {
    quickest(small);
    const std::vector<char> much(std::size_t{1} << 29U, 'x');
    quickest(large);
    expect(much[much.size() / 2] == 'x', "the memory is not there");
  }
  expect(large < 2 * small, "a spawn costs more than twice as much with 512 MiB resident");
  return word_of(it.run);
}

word a_timed_wait_does_not_poll() {
  const auto sleeps = [] {
    struct rusage used {};
    ::getrusage(RUSAGE_SELF, &used);  // of all threads
    return used.ru_nvcsw;
  };
  long before = 0;
  long after = 0;
  std::chrono::nanoseconds cpu{0};
  const bool ended = it.wait_for.act(
      500ms,
      [&](pid_t) {
        cpu = host_os::cpu_time();
        before = sleeps();
      },
      [&] {
        after = sleeps();
        cpu = host_os::cpu_time() - cpu;
      });
  expect(!ended, "it did not wait");
  expect(cpu < 20ms, "it is busy while it waits");
  expect(after - before <= 10, "it looks again and again");
  std::vector<clock::duration> late;
  for (int round = 0; round < 9; ++round) {
    clock::time_point killed;
    std::thread killer;
    it.wait_for.act(
        10s,
        [&](pid_t id) {
          killer = std::thread([&, id, round] {
            std::this_thread::sleep_for(milliseconds(20 + 13 * round));
            killed = clock::now();
            ::kill(id, SIGKILL);
          });
        },
        [&] {
          killer.join();
          late.push_back(clock::now() - killed);
        });
  }
  std::sort(late.begin(), late.end());
  expect(late[late.size() / 2] < 20ms, "it is late");
  return word_of(it.wait_for);
}

word errors_in_the_order_of_the_output() {
  constexpr int lines = 10'000;
  std::string expected;
  for (int i = 0; i < lines; ++i) expected += "out " + std::to_string(i) + "\nerr " + std::to_string(i) + '\n';
  expect(it.merged.act({"out-err-order", std::to_string(lines)}) == expected, "another order");
  return word_of(it.merged);
}

word run_with_a_timeout() {
  const outcome done = it.run_with_timeout.act({"cat"}, "text", 10s);
  expect(done.code == 0 && done.out == "text" && !done.timed_out, "another result");
  const outcome late = it.run_with_timeout.act({"hang", "so far"}, {}, 500ms);
  expect(late.timed_out && late.out == "so far\n", "what came before the timeout is lost");
  return word_of(it.run_with_timeout);
}

word nothing_happens_before_main() {
  expect(at_the_beginning.threads == 1, "there was a thread before main");
  expect(at_the_beginning.descriptors <= 3, "there was a descriptor before main");
  expect(at_the_beginning.signals.find("handled") == std::string::npos, "there was a signal handler before main");
  return "";
}

template <class Function>
list_entry entry(word (*act)(), const way<Function>& how) {
  return {act, how.act != nullptr, how.word};
}

}  // namespace

std::vector<list_entry> the_list() {
  return {entry(a_child_fills_a_pipe, it.run),
          entry(children_are_piped_together, it.through_two),
          entry(a_child_that_answers, it.converse),
          entry(a_grandchild_holds_the_output, it.run_held),
          entry(the_timeout_fires, it.run_with_timeout),
          entry(output_and_exit_are_two_things, it.exit_code),
          entry(an_exit_is_told_at_once, it.wait_in_loop),
          entry(a_later_child_holds_no_pipe, it.later_child),
          entry(kill_the_tree, it.kill_tree),
          entry(spawns_at_the_same_time, it.later_child),
          entry(the_hosts_sigchld, it.hold),
          entry(a_stranger_is_not_killed, it.kill_after_end),
          entry(terminate_and_wait_race, it.kill_and_wait),
          entry(the_child_dies_with_its_host, it.end_with_host),
          entry(graceful_then_forced_then_gone, it.stop_tree),
          entry(arguments_arrive, it.run),
          entry(a_scripts_arguments_are_no_commands, it.run),
          entry(asking_one_that_has_ended, it.ask_ended),
          entry(a_drain_outlasts_two_minutes, it.run),
          entry(a_large_host, it.run),
          entry(a_timed_wait_does_not_poll, it.wait_for),
          entry(errors_in_the_order_of_the_output, it.merged),
          {nullptr, false, "no pseudo-terminals"},
          entry(run_with_a_timeout, it.run_with_timeout),
          {nothing_happens_before_main, true, ""}};
}

}  // namespace switch_list
