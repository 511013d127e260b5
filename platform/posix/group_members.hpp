// Who is left of a process group, by the system's list of processes.
//
// A signal to the group says that there are members, and counts those that have ended and that nobody reaps: orphans in a
// container whose first process does not care. The list tells them apart.
#ifndef SPAWNPIPE_PLATFORM_POSIX_GROUP_MEMBERS_HPP
#define SPAWNPIPE_PLATFORM_POSIX_GROUP_MEMBERS_HPP

#include <cstdint>
#include <sys/types.h>

namespace spawnpipe::platform {

class group_members {
 public:
  // Whether a process of this group has not ended. True as well where the list cannot be read. To read all of it takes a while, so
  // one member that was found is asked for first, the next time.
  [[nodiscard]] bool any(pid_t group) noexcept;

 private:
  pid_t known_ = 0;
  std::uint64_t began_ = 0;  // with the number it names a process for good
};

}  // namespace spawnpipe::platform

#endif
