// Orphans of our children that this process has adopted (Linux: PR_SET_CHILD_SUBREAPER), told apart from the host's own children.
//
// Whatever descends from a child of ours and has lost its parent is a child of this process. So nothing of a tree is left when its
// leader has ended and no child of this process is one of its orphans. The list of children can be read so that none is missed: a
// new one comes behind those that are there, at the end of the list of the first thread, which is read last.
//
// How an orphan is known:
// - by its group, while the process that leads it keeps the number (it is reaped last);
// - by having been seen below the leader, or as an orphan;
// - by a variable that every child gets while orphans are adopted, and that it hands on to what it starts;
// - where it has ended and cannot be asked for that, as the leader of a session in which a known orphan is: who is in a session
//   descends from its leader, and the host is not between the two.
// A child of this process that is none of these may be the host's own. It is let alone: where it runs, and is not older than the
// tree, nothing is proved; where it has ended, it stays a zombie.
#ifndef SPAWNPIPE_PLATFORM_POSIX_ORPHANS_HPP
#define SPAWNPIPE_PLATFORM_POSIX_ORPHANS_HPP

#include <optional>
#include <string>
#include <sys/types.h>

namespace spawnpipe::platform {

struct orphanage;
struct orphan_tree;

// What descends from one child.
class descent {
 public:
  // Nothing where this process does not adopt.
  [[nodiscard]] static std::optional<descent> begin();
  descent(descent&& other) noexcept;
  descent& operator=(descent&&) = delete;
  ~descent();  // an end that reaps nobody

  // For the environment of the child: NAME=value.
  [[nodiscard]] const std::string& variable() const noexcept { return variable_; }
  void started(pid_t leader) noexcept;
  // A detached process, which is an orphan from its birth. Nobody will ask for its tree.
  void started_detached(pid_t leader) noexcept;
  // Somebody else has reaped it: its number may be anybody's.
  void leader_lost() noexcept;
  // Nobody will ask any more. What is left is noted before the leader's number is anybody's: it is reaped here, where it was kept.
  void end(bool reap_leader) noexcept;

  struct seen {
    bool any = false;
    bool exact = false;  // none that runs is of unknown descent
  };
  // Who is left but for the leader. Reaps the orphans, of any tree, that have ended.
  [[nodiscard]] seen look() noexcept;
  // To all but those in the leader's group. With SIGKILL, until nobody is left who has not got it.
  void signal(int number) noexcept;

 private:
  descent() = default;

  orphanage* home_ = nullptr;
  orphan_tree* tree_ = nullptr;
  std::string variable_;
};

}  // namespace spawnpipe::platform

#endif
