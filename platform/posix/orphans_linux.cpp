#include "orphans.hpp"

#include "clone_linux.hpp"
#include "error.hpp"
#include "orphan_adoption.hpp"
#include "orphan_mark.hpp"
#include "platform.hpp"
#include "process_list_linux.hpp"
#include "system_linux.hpp"
#include "unique_fd.hpp"
#include "waitid_linux.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <new>
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

  // In a forked copy of it nothing here may be touched: the lock may be held for ever.
  const std::uint64_t owner = process_identity();
  const std::uint64_t nonce = orphan_nonce();
  std::mutex mutex;  // guards all that follows
  int guards = 0;
  unsigned adoptions = 0;  // so many have begun
  int before = 0;          // whether the host was a subreaper
  std::uint64_t trees_made = 0;
  orphan_tree* trees = nullptr;  // of children that are not released
  std::size_t tree_count = 0;
  // Their leaders, by number. They are not reaped before they leave it, so the number is theirs.
  std::vector<std::pair<pid_t, orphan_tree*>> leaders;
  member* members = nullptr;  // of these trees, and of some that were released
  // For when there is no memory: so many for each tree.
  member* spares = nullptr;
  std::size_t spare_count = 0;

  [[nodiscard]] bool ours() const noexcept { return owner == process_identity(); }
};

namespace {

using member = orphanage::member;

std::atomic<orphanage*> the_orphanage = nullptr;

// The one of this process, which stays for good: trees and guards point to it. A forked copy begins one of its own.
orphanage& here() {
  orphanage* seen = the_orphanage.load();
  while (seen == nullptr || !seen->ours()) {
    auto* const made = new orphanage;
    if (the_orphanage.compare_exchange_strong(seen, made)) return *made;
    delete made;  // GCOVR_EXCL_LINE: another thread was first, in this very moment
  }
  return *seen;
}

bool same(const process_facts& one, const process_facts& other) noexcept {
  return one.id == other.id && one.began == other.began;
}

enum class state { gone, ended, runs, unknown };

// Whether it was there to be reaped.
bool reap_ended(id_t id, idtype_t by = P_PID) noexcept {
  siginfo_t info;
  return waitid_to_the_end(by, id, info, WEXITED | WNOHANG) == 0 && info.si_pid != 0;
}

// A child of this process that /proc does not tell of: it may hide those of others.
bool is_there(pid_t id) noexcept {
  siginfo_t info;
  return waitid_to_the_end(P_PID, static_cast<id_t>(id), info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Of a process that was seen before.
state look_for(const process_facts& one) noexcept {
  const auto facts = facts_of(one.id);
  if (facts) return !same(*facts, one) ? state::gone : facts->ended() ? state::ended : state::runs;
  // Who is a child of ours yet is not gone, whatever /proc says: forgotten, it would never be reaped.
  return is_gone(errno) && !is_there(one.id) ? state::gone : state::unknown;
}

// ---- members

member* find(const orphanage& all, const process_facts& one) noexcept {
  for (member* each = all.members; each != nullptr; each = each->next) {
    if (same(each->facts, one)) return each;
  }
  return nullptr;
}

constexpr std::size_t spares_per_tree = 4;

void add_spares(orphanage& all, std::size_t trees) {
  for (; all.spare_count < spares_per_tree * trees; ++all.spare_count)
    all.spares = new member{.next = all.spares, .facts = {}, .tree = 0};
}

member* take_spare(orphanage& all) noexcept {
  member* const spare = all.spares;
  if (spare == nullptr) return nullptr;
  all.spares = spare->next;
  --all.spare_count;
  return spare;
}

void drop_spares(orphanage& all) noexcept {
  while (all.spare_count > spares_per_tree * all.tree_count) delete take_spare(all);
}

// Null where there is no memory, and no spare one either: it is then looked at anew each time, and not signalled.
member* note(orphanage& all, const process_facts& one, std::uint64_t tree) noexcept {
  auto* made = new (std::nothrow) member;
  if (made == nullptr) made = take_spare(all);
  if (made == nullptr) return nullptr;
  *made = {.next = all.members, .facts = one, .tree = tree};
  all.members = made;
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

// ---- the children of this process

enum class list { whole, partial, unreadable };

template <class Look>
list for_each_child(Look look) noexcept {
  const pid_t self = sys::getpid();
  if (for_each_child_of(self, look)) return list::whole;
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
  std::erase_if(all.leaders, [&](const auto& each) { return each.second == &tree; });
  tree.leader = 0;
}

// Whether the number is still the leader's: somebody else in the host may have reaped it.
bool leads_still(const orphan_tree& tree) noexcept {
  const auto facts = tree.leader != 0 ? facts_of(tree.leader) : std::nullopt;
  return facts && facts->began == tree.began && facts->parent == sys::getpid();
}

// The tree of an orphan; nothing for a stranger. It is not the leader of any.
std::optional<std::uint64_t> tree_of(orphanage& all, const process_facts& one) noexcept {
  if (const member* known = find(all, one)) return known->tree;
  if (const orphan_tree* tree = led_by(all, one.group); tree != nullptr && leads_still(*tree)) return tree->number;
  for (const member* each = all.members; each != nullptr; each = each->next) {
    const auto now = each->facts.session == one.id ? facts_of(each->facts.id) : std::nullopt;
    if (now && same(*now, each->facts) && now->session == one.id) return each->tree;
  }
  return one.ended() ? std::nullopt : marked_tree(all.nonce, one.id);
}

bool is_starting(const orphanage& all, std::uint64_t number) noexcept {
  for (const orphan_tree* each = all.trees; each != nullptr; each = each->next) {
    if (each->number == number) return each->starting;
  }
  return false;
}

struct scanned {
  bool any = false;    // one of the tree that it is about may run
  bool still = false;  // the list was whole, and nobody was reaped meanwhile: one behind that may have been left out
  bool strangers = false;  // one that runs, and may be of the tree
};

// Notes the orphans, and reaps those that have ended.
scanned scan_once(orphanage& all, const orphan_tree* about) noexcept {
  scanned what;
  fingerprint first;
  bool reaped = false;
  const list read = for_each_child([&](pid_t id) {
    first.add(id);
    if (led_by(all, id) != nullptr) return;
    auto one = facts_of(id);
    if (!one && is_there(id)) {
      one = facts_of(id);  // now and then a system says something else the next time
      what.strangers = what.strangers || !one;
    }
    if (!one) return;
    const auto tree = tree_of(all, *one);
    if (!tree) {
      what.strangers = what.strangers || (!one->ended() && about != nullptr && one->began >= about->began);
    } else if (is_starting(all, *tree)) {
      // Most likely the leader itself, in another thread's spawn.
    } else if (one->ended()) {
      reaped = reap_ended(static_cast<id_t>(id)) || reaped;
    } else if (find(all, *one) == nullptr && note(all, *one, *tree) == nullptr) {
      what.any = what.any || (about != nullptr && *tree == about->number);
    }
  });
  // Who runs is asked between the two readings: whoever has ended by now has left its children to us before the second.
  drop(all.members, [&](member& each) {
    const state now = look_for(each.facts);
    const bool may_run = now == state::runs || now == state::unknown;
    what.any = what.any || (may_run && about != nullptr && each.tree == about->number);
    return now == state::gone;
  });
  if (read == list::unreadable) what.any = true;
  if (read != list::whole || reaped) return what;
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
  const bool listed = for_each_child_of(parent, [&](pid_t id) {
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
  bool any = leads_still(of) && note_children(all, of, of.leader);
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
  // Nothing of this goes without them.
  const unique_fd self(sys::pidfd_open(sys::getpid()));
  if (!self || !linux_abilities::proc_is_ours() || for_each_child([](pid_t) {}) == list::unreadable) {
    return error{errc::not_supported, stage::attributes,
                 "orphan_adoption: no pidfd_open, or no /proc of this namespace"};
  }
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
  if (!all.ours()) return;  // a fork does not hand it on
  const std::scoped_lock lock(all.mutex);
  if (--all.guards == 0) sys::set_subreaper(all.before);
  static_cast<void>(scan(all, nullptr));
}

std::optional<descent> descent::begin() {
  orphanage* const home = the_orphanage.load();
  if (home == nullptr || !home->ours()) return std::nullopt;
  auto made = std::optional(descent());
  const std::scoped_lock lock(home->mutex);
  // Those that are left of earlier ones are reaped also when nobody adopts any more.
  if (home->members != nullptr) static_cast<void>(scan(*home, nullptr));
  if (home->guards == 0) return std::nullopt;
  home->leaders.reserve(home->tree_count + 1);  // so that what is begun can be noted
  const std::uint64_t number = home->trees_made + 1;
  made->variable_ = orphan_variable(home->nonce, number);
  struct keeper {
    orphanage& of;
    ~keeper() { drop_spares(of); }  // where no tree came of it
  } const spares{*home};
  add_spares(*home, home->tree_count + 1);
  home->trees = new orphan_tree{.next = home->trees, .number = number, .since = home->adoptions};
  home->trees_made = number;
  ++home->tree_count;
  made->home_ = home;
  made->tree_ = home->trees;
  return made;
}

descent::descent(descent&& other) noexcept
    : home_(other.home_), tree_(std::exchange(other.tree_, nullptr)), variable_(std::move(other.variable_)) {}

descent::~descent() { end(std::nullopt); }

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

void descent::end(std::optional<int> kept) noexcept {
  orphan_tree* const tree = std::exchange(tree_, nullptr);
  if (tree == nullptr || !home_->ours()) return;
  const std::scoped_lock lock(home_->mutex);
  if (!tree->starting) static_cast<void>(scan(*home_, nullptr));
  if (kept && *kept >= 0) {
    reap_ended(static_cast<id_t>(*kept), static_cast<idtype_t>(wait_for_pidfd));
  } else if (kept && leads_still(*tree)) {
    reap_ended(static_cast<id_t>(tree->leader));
  }
  forget_leader(*home_, *tree);
  drop(home_->trees, [&](const orphan_tree& each) { return &each == tree; });
  --home_->tree_count;
  drop_spares(*home_);
}

descent::seen descent::look() noexcept {
  const std::scoped_lock lock(home_->mutex);  // nobody of ours reaps meanwhile
  const scanned found = scan(*home_, tree_);
  return {.any = found.any,
          .exact = found.still && !found.strangers && home_->guards > 0 && tree_->since == home_->adoptions};
}

bool descent::signal(int number, bool (*to_leader)(void* context, int number), void* context) noexcept {
  const std::scoped_lock lock(home_->mutex);
  for (member* each = home_->members; each != nullptr; each = each->next) each->signalled = false;
  // Those below the leader are noted while they still have it for a parent.
  static_cast<void>(scan_once(*home_, tree_));
  note_descendants(*home_, *tree_);
  const bool sent = to_leader(context, number);
  // Who has a SIGKILL makes no more children: at some time there is nobody new. Whoever goes on forking meanwhile gets only so many
  // of the others.
  const int most_rounds = number == SIGKILL ? 1000 : 4;
  bool any = false;
  for (int round = 0; round < most_rounds; ++round) {
    bool more = false;
    for (member* each = home_->members; each != nullptr; each = each->next) {
      if (each->tree != tree_->number || each->signalled) continue;
      // The descriptor means whoever has the number now: is that still the one that was seen?
      const unique_fd pidfd(sys::pidfd_open(each->facts.id));
      const auto facts = pidfd ? facts_of(each->facts.id) : std::nullopt;
      if (!facts || !same(*facts, each->facts) || facts->ended()) continue;
      const bool by_group = sent && tree_->leader != 0 && facts->group == tree_->leader;
      each->signalled = by_group || sys::pidfd_send_signal(pidfd.get(), number, 0) == 0;
      more = more || each->signalled;
    }
    any = any || more;
    if (round > 0 && !more) break;
    static_cast<void>(scan_once(*home_, tree_));
    note_descendants(*home_, *tree_);
  }
  return sent || any;
}

}  // namespace spawnpipe::platform
