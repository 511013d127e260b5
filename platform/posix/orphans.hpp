// Orphans of our children that this process has adopted (Linux: PR_SET_CHILD_SUBREAPER), told apart from the host's own children.
//
// Whatever descends from a child of ours and has lost its parent is a child of this process. So nothing of a tree is left when its
// leader has ended and no child of this process is one of its orphans. The list of children can be read so that none is missed: a
// new one comes behind those that are there, at the end of the list of the first thread that lives, which is most often the first, read last;
// and what is read must be the same twice.
//
// How an orphan is known:
// - by its group, while the process that leads it keeps the number (it is reaped last);
// - by having been seen below the leader, or as an orphan;
// - by a variable that every child gets while orphans are adopted, and that it hands on to what it starts;
// - where it has ended and cannot be asked for that, as the leader of a session in which a known orphan is: who is in a session
//   descends from its leader, and the host is not between the two.
// A child of this process that is none of these may be the host's own. It is let alone: where it runs, and is not older than the
// tree, nothing is proved; where it has ended, it stays a zombie.
//
// What the readings of /proc are worth, with everybody at work meanwhile:
// - One that ends between the readings leaves its children to us before it is seen as ended; so who runs is asked between two readings of
//   the list, which must be the same.
// - A number is a process only together with the time when that began, and a signal goes to a descriptor that was opened before both
//   were looked at again.
// - The host may reap a leader (waitpid(-1)): the number is a leader's only while it is a child of ours that began when that did.
// - Another thread is between clone and started(): a child with the mark of a tree that is starting is let alone.
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
  ~descent();  // an end that reaps no leader

  // For the environment of the child: NAME=value.
  [[nodiscard]] const std::string& variable() const noexcept { return variable_; }
  void started(pid_t leader) noexcept;
  // A detached process, which is an orphan from its birth. Nobody will ask for its tree.
  void started_detached(pid_t leader) noexcept;
  // Somebody else has reaped it: its number may be anybody's.
  void leader_lost() noexcept;
  // Nobody will ask any more. What is left is noted before the leader's number is anybody's: it is reaped here, where it was kept, by
  // its pidfd (or, where that is -1, by its number).
  void end(std::optional<int> kept) noexcept;

  struct seen {
    bool any = false;
    bool exact = false;  // none that runs is of unknown descent
  };
  // Who is left but for the leader. Reaps the orphans, of any tree, that have ended.
  [[nodiscard]] seen look() noexcept;
  // `to_leader` sends it to the leader, or to its group; here it goes to all the others. With SIGKILL, until nobody is seen who has not
  // got it. Whether it went to anybody.
  bool signal(int number, bool (*to_leader)(void* context, int number), void* context) noexcept;
  template <class ToLeader>
  bool signal(int number, ToLeader to_leader) noexcept {
    return signal(
        number, [](void* context, int which) { return (*static_cast<ToLeader*>(context))(which); }, &to_leader);
  }

 private:
  descent() = default;

  orphanage* home_ = nullptr;
  orphan_tree* tree_ = nullptr;
  std::string variable_;
};

}  // namespace spawnpipe::platform

#endif
