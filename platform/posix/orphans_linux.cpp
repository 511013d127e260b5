#include "orphans.hpp"

#include "error.hpp"
#include "orphan_adoption.hpp"
#include "process_list_linux.hpp"
#include "system_linux.hpp"
#include "unique_fd.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnpipe::platform {

// A child of ours, and what it leaves behind.
struct orphan_tree {
  orphan_tree* next;
  std::uint64_t number;
  unsigned since;    // the adoption that it began in: with that the proof ends
  pid_t leader = 0;  // 0: not started yet, or somebody else has reaped it
  bool starting = true;
  std::uint64_t began = 0;  // the leader
};

struct orphanage {
  // One that descends from the leader of a tree.
  struct member {
    member* next;
    process_facts facts;
    std::uint64_t tree;
    bool signalled = false;
  };

  const pid_t owner =
      sys::getpid();  // in a forked copy of it nothing here may be touched: the lock may be held for ever
  std::mutex mutex;   // guards all that follows
  int guards = 0;
  unsigned adoptions = 0;  // so many have begun
  int before = 0;          // whether the host was a subreaper
  std::uint64_t trees_made = 0;
  orphan_tree* trees = nullptr;  // of children that are not released
  std::size_t tree_count = 0;
  // Their leaders, by number. They are not reaped before they leave it, so the number is theirs.
  std::vector<std::pair<pid_t, orphan_tree*>> leaders;
  member* members = nullptr;  // of these trees, and of some that were released
  bool forgetful = false;     // there was no memory to note one

  [[nodiscard]] bool ours() const noexcept { return owner == sys::getpid(); }
};

namespace {

using member = orphanage::member;

constexpr std::string_view variable_name = "SPAWNPIPE_TREE=";

std::atomic<orphanage*> the_orphanage = nullptr;

// The one of this process, which stays for good: trees and guards point to it. A forked copy begins one of its own.
orphanage& here() {
  orphanage* seen = the_orphanage.load();
  while (seen == nullptr || !seen->ours()) {
    auto* const made = new orphanage;
    if (the_orphanage.compare_exchange_strong(seen, made)) return *made;
    delete made;
  }
  return *seen;
}

bool same(const process_facts& one, const process_facts& other) noexcept {
  return one.id == other.id && one.began == other.began;
}

// Nothing where it has ended and was reaped.
std::optional<process_facts> now(const process_facts& one) noexcept {
  const auto facts = facts_of(one.id);
  return facts && same(*facts, one) ? facts : std::nullopt;
}

bool lives(const process_facts& one) noexcept {
  const auto facts = now(one);
  return facts && !facts->ended();
}

void reap_ended(pid_t id) noexcept {
  siginfo_t info;
  sys::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | __WALL, nullptr);
}

// ---- members

member* find(const orphanage& all, const process_facts& one) noexcept {
  for (member* each = all.members; each != nullptr; each = each->next) {
    if (same(each->facts, one)) return each;
  }
  return nullptr;
}

// Null where there is no memory.
member* note(orphanage& all, const process_facts& one, std::uint64_t tree) noexcept {
  auto* const made = new (std::nothrow) member{.next = all.members, .facts = one, .tree = tree};
  if (made == nullptr) {
    all.forgetful = true;
  } else {
    all.members = made;
  }
  return made;
}

template <class Node, class Which>
void drop(Node*& list, Which which) noexcept {
  for (Node** at = &list; *at != nullptr;) {
    if (!which(**at)) {
      at = &(*at)->next;
      continue;
    }
    Node* const dropped = std::exchange(*at, (*at)->next);
    delete dropped;
  }
}

// ---- the variable: the numbers of the trees that a process is in, the innermost first, as "process.tree:process.tree"

// Calls `take` with each byte of a file, until it says false.
template <class Take>
void for_each_byte(const char* path, Take take) noexcept {
  const unique_fd file(sys::open(path, O_RDONLY | O_CLOEXEC, 0));
  if (!file) return;
  std::array<char, 1024> text{};
  for (;;) {
    const ssize_t count = sys::read(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    for (ssize_t at = 0; at < count; ++at) {
      if (!take(text[static_cast<std::size_t>(at)])) return;
    }
  }
}

// The tree that it says it is in, of those of this process. Nothing where it does not say so, or may not be asked.
std::optional<std::uint64_t> marked_tree(pid_t id) noexcept {
  std::size_t matched = 0;  // of the name; more: not this variable
  bool in_value = false;
  std::array<std::uint64_t, 2> numbers = {};  // of one entry: process, tree
  std::size_t which = 0;
  std::optional<std::uint64_t> found;
  const auto entry_ends = [&] {
    if (which == 1 && numbers[0] == static_cast<std::uint64_t>(sys::getpid()) && !found) found = numbers[1];
    numbers = {};
    which = 0;
  };
  for_each_byte(numbered_path("/proc/", id, "/environ").data(), [&](char each) {
    if (in_value) {
      if (each >= '0' && each <= '9' && which < 2) {
        numbers[which] = numbers[which] * 10 + static_cast<std::uint64_t>(each - '0');
      } else if (each == '.') {
        ++which;
      } else {
        entry_ends();
      }
      return each != '\0' && !found;
    }
    if (each == '\0') {
      matched = 0;
    } else if (matched < variable_name.size() && each == variable_name[matched]) {
      in_value = ++matched == variable_name.size();
    } else {
      matched = variable_name.size();
    }
    return true;
  });
  if (in_value && !found) entry_ends();
  return found;
}

// ---- the children of a process

// Calls `look` with the number of each; false where the list could not be read. `tasks` is the folder of the process' threads.
template <class Look>
bool for_each_child_of(std::string_view tasks, pid_t thread, Look look) noexcept {
  const auto path = numbered_path(tasks, thread, "/children");
  if (sys::access(path.data(), R_OK) != 0) return false;
  pid_t number = 0;
  for_each_byte(path.data(), [&](char each) {
    if (each >= '0' && each <= '9') {
      number = number * 10 + (each - '0');
    } else if (number != 0) {
      look(std::exchange(number, 0));
    }
    return true;
  });
  if (number != 0) look(number);
  return true;
}

// By all its threads, the first one last; false where its list could not be read.
template <class Look>
bool for_each_child_in(std::string_view tasks, pid_t first, Look look) noexcept {
  const std::string_view folder = tasks.substr(0, tasks.size() - 1);
  std::array<char, 64> path{};
  std::copy(folder.begin(), folder.end(), path.begin());
  const bool threads = for_each_number_in(path.data(), [&](pid_t thread) {
    if (thread != first) for_each_child_of(tasks, thread, look);
    return false;
  });
  return threads && for_each_child_of(tasks, first, look);
}

enum class list { whole, partial, unreadable };

template <class Look>
list for_each_child(Look look) noexcept {
  const pid_t self = sys::getpid();
  if (for_each_child_in("/proc/self/task/", self, look)) return list::whole;
  // Kernels without the list (CONFIG_PROC_CHILDREN). One that is adopted while this goes on may be missed.
  const bool processes = for_each_process([&](const process_facts& one) {
    if (one.parent == self) look(one.id);
    return false;
  });
  return processes ? list::partial : list::unreadable;
}

// Of a list of numbers, in its order (FNV-1a).
class fingerprint {
 public:
  void add(pid_t number) noexcept { sum_ = (sum_ ^ static_cast<std::uint64_t>(number)) * 1099511628211U; }
  friend bool operator==(const fingerprint&, const fingerprint&) = default;

 private:
  std::uint64_t sum_ = 1469598103934665603U;
};

auto leader_at(orphanage& all, pid_t number) noexcept {
  return std::lower_bound(all.leaders.begin(), all.leaders.end(), number,
                          [](const auto& each, pid_t wanted) { return each.first < wanted; });
}

// Null where none has that number.
orphan_tree* led_by(orphanage& all, pid_t number) noexcept {
  const auto at = leader_at(all, number);
  return at != all.leaders.end() && at->first == number ? at->second : nullptr;
}

void forget_leader(orphanage& all, orphan_tree& tree) noexcept {
  if (led_by(all, tree.leader) == &tree) all.leaders.erase(leader_at(all, tree.leader));
  tree.leader = 0;
}

// The tree of an orphan; nothing for a stranger. It is not the leader of any.
std::optional<std::uint64_t> tree_of(orphanage& all, const process_facts& one) noexcept {
  if (const member* known = find(all, one)) return known->tree;
  if (const orphan_tree* tree = led_by(all, one.group)) return tree->number;
  for (const member* each = all.members; each != nullptr; each = each->next) {
    if (each->facts.session == one.id && now(each->facts)) return each->tree;
  }
  return one.ended() ? std::nullopt : marked_tree(one.id);
}

bool is_starting(const orphanage& all, std::uint64_t number) noexcept {
  for (const orphan_tree* each = all.trees; each != nullptr; each = each->next) {
    if (each->number == number) return each->starting;
  }
  return false;
}

struct scanned {
  list read = list::unreadable;
  bool still = false;      // nobody was reaped meanwhile: one behind that may have been left out
  bool strangers = false;  // one that runs, and is not older than the tree that it is about
};

// Notes the orphans, and reaps those that have ended.
scanned scan_once(orphanage& all, const orphan_tree* about) noexcept {
  scanned what;
  fingerprint first;
  bool reaped = false;
  bool hidden = false;
  what.read = for_each_child([&](pid_t id) {
    first.add(id);
    if (led_by(all, id) != nullptr) return;
    const auto one = facts_of(id);
    if (!one) {
      hidden = hidden || (errno != ENOENT && errno != ESRCH);
      return;
    }
    const auto tree = tree_of(all, *one);
    if (!tree) {
      what.strangers = what.strangers || (!one->ended() && about != nullptr && one->began >= about->began);
    } else if (is_starting(all, *tree)) {
      // Most likely the leader itself, in another thread's spawn.
    } else if (one->ended()) {
      reap_ended(id);
      reaped = true;
    } else if (find(all, *one) == nullptr) {
      note(all, *one, *tree);
    }
  });
  if (hidden) what.read = list::unreadable;
  drop(all.members, [](const member& each) { return !now(each.facts); });
  if (what.read != list::whole || reaped) return what;
  fingerprint second;
  what.still = for_each_child([&](pid_t id) { second.add(id); }) == list::whole && first == second;
  return what;
}

scanned scan(orphanage& all, const orphan_tree* about) noexcept {
  constexpr int most_times = 8;  // a host with many children of its own may never stand still
  scanned what = scan_once(all, about);
  for (int time = 1; time < most_times && !what.still && about != nullptr; ++time) what = scan_once(all, about);
  return what;
}

// Notes the children of one process of a tree; whether there was a new one.
bool note_children(orphanage& all, const orphan_tree& of, pid_t parent) noexcept {
  bool any = false;
  const auto look_at = [&](const process_facts& one) {
    if (one.parent != parent || one.id == of.leader || find(all, one) != nullptr) return;
    any = note(all, one, of.number) != nullptr || any;
  };
  const auto tasks = numbered_path("/proc/", parent, "/task/");
  const bool listed = for_each_child_in(tasks.data(), parent, [&](pid_t id) {
    if (const auto one = facts_of(id)) look_at(*one);
  });
  if (listed || !facts_of(parent)) return any;
  static_cast<void>(for_each_process([&](const process_facts& one) {
    look_at(one);
    return false;
  }));
  return any;
}

// Notes what is below the leader and its orphans, as far as one look sees. Whether there was anything new.
bool note_descendants(orphanage& all, const orphan_tree& of) noexcept {
  bool any = of.leader != 0 && note_children(all, of, of.leader);
  // New ones come to the front of the list: so until a whole look finds nothing new.
  for (bool more = true; std::exchange(more, false);) {
    for (const member* each = all.members; each != nullptr; each = each->next) {
      if (each->tree == of.number) more = note_children(all, of, each->facts.id) || more;
    }
    any = any || more;
  }
  return any;
}

}  // namespace

result<orphanage*> orphans_begin() {
  orphanage& all = here();
  const std::scoped_lock lock(all.mutex);
  if (all.guards == 0) {
    if (sys::get_subreaper(&all.before) != 0 || sys::set_subreaper(1) != 0) {
      return system_error(errno, stage::attributes, "child subreaper");
    }
    ++all.adoptions;
  }
  ++all.guards;
  return &all;
}

void orphans_end(orphanage& all) noexcept {
  if (!all.ours()) return;  // which a fork does not hand on
  const std::scoped_lock lock(all.mutex);
  static_cast<void>(scan(all, nullptr));
  if (--all.guards == 0) sys::set_subreaper(all.before);
}

std::optional<descent> descent::begin() {
  orphanage* const home = the_orphanage.load();
  if (home == nullptr || !home->ours()) return std::nullopt;
  const char* const outer = ::getenv("SPAWNPIPE_TREE");
  auto made = std::optional(descent());
  made->variable_ = std::string(variable_name) + std::to_string(home->owner) + '.';
  const std::scoped_lock lock(home->mutex);
  if (home->guards == 0) return std::nullopt;
  home->leaders.reserve(home->tree_count + 1);  // so that what is begun can be noted
  const std::uint64_t number = home->trees_made + 1;
  made->variable_ += std::to_string(number);
  if (outer != nullptr) made->variable_.append(1, ':').append(outer);
  home->trees = new orphan_tree{.next = home->trees, .number = number, .since = home->adoptions};
  home->trees_made = number;
  ++home->tree_count;
  made->home_ = home;
  made->tree_ = home->trees;
  return made;
}

descent::descent(descent&& other) noexcept
    : home_(other.home_), tree_(std::exchange(other.tree_, nullptr)), variable_(std::move(other.variable_)) {}

descent::~descent() { end(false); }

void descent::started(pid_t leader) noexcept {
  const auto facts = facts_of(leader);
  const std::scoped_lock lock(home_->mutex);
  tree_->leader = leader;
  tree_->starting = false;
  tree_->began = facts ? facts->began : 0;
  home_->leaders.insert(leader_at(*home_, leader), {leader, tree_});
}

void descent::started_detached(pid_t leader) noexcept {
  const auto facts = facts_of(leader);
  const std::scoped_lock lock(home_->mutex);
  tree_->starting = false;
  if (facts && find(*home_, *facts) == nullptr) note(*home_, *facts, tree_->number);
}

void descent::leader_lost() noexcept {
  const std::scoped_lock lock(home_->mutex);
  forget_leader(*home_, *tree_);
}

void descent::end(bool reap_leader) noexcept {
  orphan_tree* const tree = std::exchange(tree_, nullptr);
  if (tree == nullptr || !home_->ours()) return;
  const std::scoped_lock lock(home_->mutex);
  if (!tree->starting) static_cast<void>(scan(*home_, nullptr));
  if (reap_leader) reap_ended(tree->leader);
  forget_leader(*home_, *tree);
  drop(home_->trees, [&](const orphan_tree& each) { return &each == tree; });
  --home_->tree_count;
}

descent::seen descent::look() noexcept {
  const std::scoped_lock lock(home_->mutex);  // nobody of ours reaps meanwhile
  const scanned found = scan(*home_, tree_);
  seen what{.any = found.read == list::unreadable};
  for (const member* each = home_->members; each != nullptr && !what.any; each = each->next) {
    what.any = each->tree == tree_->number && lives(each->facts);
  }
  what.exact =
      found.still && !found.strangers && !home_->forgetful && home_->guards > 0 && tree_->since == home_->adoptions;
  return what;
}

void descent::signal(int number) noexcept {
  const std::scoped_lock lock(home_->mutex);
  static_cast<void>(scan(*home_, tree_));
  for (member* each = home_->members; each != nullptr; each = each->next) each->signalled = false;
  // Who has a SIGKILL makes no more children. So at some time there is nothing new.
  constexpr int most_rounds = 1000;
  for (int round = 0; round < most_rounds; ++round) {
    const bool more = note_descendants(*home_, *tree_);
    if (round > 0 && !more) return;
    for (member* each = home_->members; each != nullptr; each = each->next) {
      if (each->tree != tree_->number || std::exchange(each->signalled, true)) continue;
      // The descriptor means whoever has the number now: is that still the one that was seen?
      const unique_fd pidfd(sys::pidfd_open(each->facts.id));
      const auto facts = now(each->facts);
      if (!pidfd || !facts || facts->ended()) continue;
      if (facts->group != tree_->leader) sys::pidfd_send_signal(pidfd.get(), number, 0);
    }
    if (number != SIGKILL) return;
  }
}

}  // namespace spawnpipe::platform
