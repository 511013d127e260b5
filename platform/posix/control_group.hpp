// A control group (cgroup v2) of a child's own: nothing that it starts can leave it without rights, one write kills all, and one look
// tells whether any is left.
//
// It is a folder below the host's own group, which somebody must have delegated to the host: systemd does for a user's services and
// scopes with Delegate=, container runtimes on request. No controller is turned on.
#ifndef SPAWNPIPE_PLATFORM_POSIX_CONTROL_GROUP_HPP
#define SPAWNPIPE_PLATFORM_POSIX_CONTROL_GROUP_HPP

#include "platform.hpp"
#include "unique_fd.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace spawnpipe::platform {

class control_group {
 public:
  // Errors: errc::not_supported at stage::attributes, where there is no v2 hierarchy, none of it is delegated, or it cannot kill
  // (before Linux 5.14).
  [[nodiscard]] static result<control_group> create();
  control_group(control_group&& other) noexcept;
  control_group& operator=(control_group&&) = delete;
  // Removes the folder, if nobody is left in it.
  ~control_group();

  [[nodiscard]] int fd() const noexcept { return folder_.get(); }
  // Each is true where there was somebody to get it.
  [[nodiscard]] bool kill() const noexcept;
  [[nodiscard]] bool signal(int number) const noexcept;
  // Kills all, and waits until they are gone, so that the folder can be removed: as long as the system takes, at most a second.
  void end_all() const noexcept;
  [[nodiscard]] bool populated() const noexcept;
  // What all that was ever in it used.
  [[nodiscard]] std::optional<resource_usage> used() const noexcept;
  // In a forked copy of the host it is the parent's.
  void forget() noexcept { path_.clear(); }

 private:
  control_group(std::string path, unique_fd folder) noexcept : path_(std::move(path)), folder_(std::move(folder)) {}

  [[nodiscard]] unique_fd open(const char* file, int flags) const noexcept;
  using text = std::array<char, 4096>;
  [[nodiscard]] std::string_view read(const char* file, text& into) const noexcept;
  [[nodiscard]] bool signal_member(std::string_view number, int signal) const noexcept;
  [[nodiscard]] bool can_kill() const noexcept;

  std::string path_;
  unique_fd folder_;
};

}  // namespace spawnpipe::platform

#endif
