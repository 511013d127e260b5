#include "group_members.hpp"

#include "clone_linux.hpp"
#include "process_list_linux.hpp"

namespace spawnpipe::platform {

bool group_members::any(pid_t group) noexcept {
  if (!linux_abilities::proc_is_ours()) return true;
  const auto lives = [group](const process_facts& one) { return one.group == group && !one.ended(); };
  if (known_ != 0) {
    const auto facts = facts_of(known_);
    if (facts && facts->began == began_ && lives(*facts)) return true;
    known_ = 0;
  }
  const bool readable = for_each_member_of(group, [&](const process_facts& one) {
    if (!lives(one)) return false;
    known_ = one.id;
    began_ = one.began;
    return true;
  });
  return known_ != 0 || !readable;
}

}  // namespace spawnpipe::platform
