// Whoever has his turn decides whose it is next.
#include "schedule.hpp"

#include "fake_kernel.hpp"
#include "results.hpp"
#include "turns.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <utility>
#include <vector>

namespace fake::schedule {
namespace {

// More steps than a schedule that comes to an end can have.
constexpr std::size_t endless = 20'000;

struct runner {
  explicit runner(const char* text) : name(text) {}
  runner(const char* text, std::function<void()> body) : name(text), turns(std::move(body)) {}

  const char* name;
  turn_taker turns;
  thread_doings doings;
  std::function<bool()> holds;  // what it waits for; nothing: it can go on
  bool bounded = false;
  bool timed_out = false;
  bool spins = false;
  bool over = false;

  [[nodiscard]] bool ready() const { return !over && (!holds || holds()); }
};

// At a point where more than one thing could be done.
struct decision {
  std::size_t count;
  std::size_t taken;
};

struct option {
  std::size_t who;
  int cost;
  bool times_out;
};

struct step {
  std::size_t who;
  const char* what;
};

struct state {
  bool on = false;
  std::string name;
  std::deque<runner> runners;
  std::vector<decision> path;  // of this schedule, as far as it is known
  std::size_t depth = 0;
  std::size_t turn = 0;  // whose it is
  std::vector<step> steps;
  std::optional<std::string> failure;
  std::uint64_t number = 0;  // of this schedule
  int budget = 0;
};
state& the_state() {
  static state one;
  return one;
}

// The way to repeat it, and what was done.
std::string story() {
  const state& now = the_state();
  std::ostringstream text;
  text << " (schedule " << now.number << ")\nSPAWNPIPE_SCHEDULE=";
  for (std::size_t i = 0; i < now.depth; ++i) text << (i > 0 ? "," : "") << now.path[i].taken;
  std::size_t last = now.runners.size();
  for (const step& each : now.steps) {
    if (each.who != last) text << "\n  " << now.runners[each.who].name << ':';
    last = each.who;
    text << ' ' << each.what;
  }
  return text.str() + '\n';
}

// Nothing can be taken back of what its threads are in the middle of.
[[noreturn]] void end_here(const std::string& what) {
  const state& now = the_state();
  harness::record_failure(now.name, now.failure ? *now.failure : what + story());
  std::fflush(stdout);
  std::_Exit(1);
}

std::size_t decide(std::size_t count) {
  state& now = the_state();
  if (count == 1) return 0;
  if (now.depth == now.path.size()) now.path.push_back({.count = count, .taken = 0});
  decision& known = now.path[now.depth];
  if (known.count == 0) known.count = count;  // it was given
  if (known.count != count || known.taken >= count) end_here("the same decisions led elsewhere");
  ++now.depth;
  return known.taken;
}

// Who may go on, and what that costs; whoever has his turn first.
std::vector<option> options() {
  state& now = the_state();
  std::vector<option> all;
  const std::size_t me = now.turn;
  const runner& mine = now.runners[me];
  const bool could_go_on = mine.ready() && !mine.spins;
  if (could_go_on) all.push_back({.who = me, .cost = 0, .times_out = false});
  for (std::size_t i = 0; i < now.runners.size(); ++i) {
    const runner& each = now.runners[i];
    if (i == me && could_go_on) continue;
    if (each.ready() && !each.spins) all.push_back({.who = i, .cost = could_go_on ? 1 : 0, .times_out = false});
  }
  const bool someone = !all.empty();
  for (std::size_t i = 0; i < now.runners.size(); ++i) {
    const runner& each = now.runners[i];
    if (each.over || !each.bounded || each.ready()) continue;
    all.push_back({.who = i, .cost = someone ? 1 + (could_go_on ? 1 : 0) : 0, .times_out = true});
  }
  if (all.empty()) {
    for (std::size_t i = 0; i < now.runners.size(); ++i) {
      if (now.runners[i].spins && now.runners[i].ready()) all.push_back({.who = i, .cost = 0, .times_out = false});
    }
  }
  std::erase_if(all, [&](const option& each) { return each.cost > now.budget; });
  return all;
}

// Whose turn it is next. A thread that is over never leaves the stack below this: nothing may be owned there.
std::size_t next_turn(const char* what) {
  state& now = the_state();
  now.steps.push_back({.who = now.turn, .what = what});
  if (now.steps.size() > endless) end_here("it goes on for ever");
  const auto all = options();
  if (all.empty()) end_here("a deadlock, or a wake that was lost");
  const option& next = all[decide(all.size())];
  now.budget -= next.cost;
  now.runners[next.who].timed_out = next.times_out;
  now.runners[next.who].spins = false;
  return next.who;
}

// Gives the turn to whom it is decided, and returns when this thread has it again.
void pass_on(const char* what) {
  state& now = the_state();
  runner& mine = now.runners[now.turn];
  const std::size_t next = next_turn(what);
  if (next == std::exchange(now.turn, next)) return;
  mine.turns.give_turn_to(now.runners[next].turns, mine.over);
}

// The next schedule; false where there is none.
bool advance(std::vector<decision>& path) {
  while (!path.empty() && path.back().taken + 1 == path.back().count) path.pop_back();
  if (path.empty()) return false;
  ++path.back().taken;
  return true;
}

std::vector<decision> given_path() {
  std::vector<decision> path;
  const char* const given = std::getenv("SPAWNPIPE_SCHEDULE");
  if (given == nullptr) return path;
  std::istringstream text(given);
  for (std::string each; std::getline(text, each, ',');) path.push_back({.count = 0, .taken = std::stoul(each)});
  return path;
}

}  // namespace

bool on() noexcept { return the_state().on; }

thread_doings& doings() noexcept { return the_state().runners[the_state().turn].doings; }

void point(const char* what) {
  if (on()) pass_on(what);
}

bool wait(const char* what, std::function<bool()> holds, bool bounded) {
  runner& mine = the_state().runners[the_state().turn];
  mine.holds = std::move(holds);
  mine.bounded = bounded;
  pass_on(what);
  const bool held = !std::exchange(mine.timed_out, false);
  mine.holds = nullptr;
  mine.bounded = false;
  return held;
}

void yield() {
  the_state().runners[the_state().turn].spins = true;
  pass_on("yields");
}

std::size_t choose(std::size_t count) { return decide(count); }

void beside(const char* name, std::function<void()> body, std::function<bool()> begins) {
  runner& made = the_state().runners.emplace_back(name, [body = std::move(body)] {
    the_state().runners[the_state().turn].holds = nullptr;
    body();
    the_state().runners[the_state().turn].over = true;
    pass_on("ends");
  });
  made.holds = std::move(begins);
}

void expect(bool holds, const char* what) {
  state& now = the_state();
  if (holds || now.failure) return;
  now.failure = what + story();
}

explored explore(const std::string& name, int bound, const std::function<void()>& body) {
  state& now = the_state();
  explored all;
  now.name = name;
  now.path = given_path();
  const bool one_only = !now.path.empty();
  do {
    now.number = ++all.schedules;
    now.depth = 0;
    now.budget = bound;
    now.steps.clear();
    now.runners.clear();
    now.runners.emplace_back("owner");
    now.turn = 0;
    now.failure.reset();
    now.on = true;
    body();
    wait(
        "the end of all others",
        [&] {
          return std::all_of(++now.runners.begin(), now.runners.end(), [](const runner& each) { return each.over; });
        },
        false);
    now.on = false;
    for (const std::string& each : misuse()) expect(false, ("misuse of the system: " + each).c_str());
    expect(objects() == object_counts{}, "something is left in the system");
    reset();
    all.points += now.steps.size();
    all.longest = std::max(all.longest, now.steps.size());
    all.threads = std::max(all.threads, now.runners.size());
    all.failure = now.failure;
    if (one_only) std::printf("%s", story().c_str());
  } while (!all.failure && !one_only && advance(now.path));
  return all;
}

}  // namespace fake::schedule
