// Starting a child with uv_spawn: the portable way.
//
// The pipes and redirects are given to libuv as descriptors to inherit. What uv_spawn does that cannot be helped from outside
// is listed in the documentation: it forks, installs a SIGCHLD handler, closes no inherited descriptors, resets SIGHUP,
// clears O_NONBLOCK on inherited 0, 1 and 2, and has sessions but no process groups.
#include "child_stdio.hpp"
#include "error.hpp"
#include "hint.hpp"
#include "lookup.hpp"
#include "loop.hpp"
#include "platform.hpp"
#include "plug.hpp"
#include "process_libuv.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <paths.h>
#include <utility>
#include <vector>

namespace spawnpipe::platform {
namespace {

uv_stdio_container_t container(int fd) noexcept {
  uv_stdio_container_t result = {};
  result.flags = fd >= 0 ? UV_INHERIT_FD : UV_IGNORE;  // ignored 0, 1 and 2 are the null device
  if (fd >= 0) result.data.fd = fd;
  return result;
}

// uv_spawn says what failed, and not where. The directory can be looked at again; the rest is in the code.
error explain(int code, const spawn_plan& plan) {
  const int number = -code;
  if (plan.cwd) {
    struct stat what = {};
    const char* const directory = plan.cwd->c_str();
    if (sys::stat(directory, &what) != 0) {
      if (errno == number) return path_error(number, stage::cwd, *plan.cwd);
    } else if (number == ENOTDIR ? !S_ISDIR(what.st_mode)
                                 : number == EACCES && sys::access_as_exec(directory, X_OK) != 0) {
      return path_error(number, stage::cwd, *plan.cwd);
    }
  }
  switch (number) {
    case EAGAIN:
    case ENOMEM: return system_error(number, stage::process, plan.program);
    case EMFILE:
    case ENFILE: return system_error(number, stage::pipe, plan.program);
    case EBADF: return system_error(number, stage::redirect, plan.program);
    default: return exec_error(number, plan);
  }
}

// What uv_spawn is given, and what that points into: made before anything that an exception would leave behind.
class way_to_start {
 public:
  way_to_start(const spawn_plan& plan, std::vector<uv_stdio_container_t> stdio, unsigned flags)
      : argv_(pointers(plan.argv)), stdio_(std::move(stdio)), low_(static_cast<int>(stdio_.size())) {
    if (plan.environment) environment_ = pointers(*plan.environment);
    options_.exit_cb = process_exited;
    options_.file = plan.program.c_str();
    options_.args = argv_.data();
    options_.env = plan.environment ? environment_.data() : nullptr;
    options_.cwd = plan.cwd ? plan.cwd->c_str() : nullptr;
    options_.flags = flags;
    options_.stdio_count = static_cast<int>(stdio_.size());
    options_.stdio = stdio_.data();
  }
  way_to_start(const way_to_start&) = delete;
  way_to_start& operator=(const way_to_start&) = delete;

  // Negative, of libuv, where it failed. The handle is libuv's in any case.
  [[nodiscard]] int start(loop& self, uv_process_t& handle) const noexcept {
    return sys::uv_spawn(self.uv, &handle, &options_);
  }

 private:
  std::vector<char*> argv_;
  std::vector<char*> environment_;
  std::vector<uv_stdio_container_t> stdio_;
  uv_process_options_t options_ = {};
  plug low_;
};

// Streams that are closed again unless they are taken.
struct opened_streams {
  opened_streams() = default;
  opened_streams(const opened_streams&) = delete;
  opened_streams& operator=(const opened_streams&) = delete;
  ~opened_streams() { close_streams(all); }

  spawned all;
};

}  // namespace

result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited) {
  if (plan.tree == process_tree::contained) {
    return error{errc::not_supported, stage::attributes, "process_tree::contained: uv_spawn has none"};
  }
  if (plan.end_with_host) return error{errc::not_supported, stage::attributes, "end_with_host: uv_spawn cannot"};
  if (plan.group == process_group::own || plan.group == process_group::foreground) {
    return error{errc::not_supported, stage::attributes, "process_group: uv_spawn makes no group but a session"};
  }
  auto connected = connect_child(plan);
  if (!connected) return std::move(connected).error();

  std::vector<uv_stdio_container_t> stdio;
  stdio.reserve(standard_streams);
  for (const connection& each : connected->streams) stdio.push_back(container(each.fd));
  for (const extra_descriptor& each : connected->extra) {
    const auto index = static_cast<std::size_t>(each.number);
    if (stdio.size() <= index) stdio.resize(index + 1, container(-1));  // the numbers between are left as they are
    stdio[index] = container(each.fd);
  }
  const bool own_session =
      plan.group == process_group::session || (plan.group == process_group::automatic && !connected->has_terminal());

  const way_to_start how(plan, std::move(stdio), own_session ? unsigned{UV_PROCESS_DETACHED} : 0U);
  auto child = std::unique_ptr<process>(new (std::nothrow) process);
  auto handle = std::unique_ptr<uv_process_t>(new (std::nothrow) uv_process_t);
  opened_streams streams;
  if (!child || !handle || !open_streams(*self, *connected, streams.all)) {
    return system_error(ENOMEM, stage::process, plan.program);
  }
  child->owner = self;
  child->exited = &exited;
  child->own_group = own_session;
  child->handle = handle.release();
  const int code = how.start(*self, *child->handle);
  child->handle->data = child.get();
  if (code != 0) {
    process_release(child.release());  // libuv has the handle in its hands, also after a failure
    return explain(code, plan);
  }
  child->pid = child->handle->pid;
  spawned result = std::exchange(streams.all, {});
  result.id = child->pid;
  result.handle = child.release();
  return result;
}

result<std::int64_t> spawn_detached(const spawn_plan& plan) {
  return error{errc::not_supported, stage::process, plan.program};  // a child of uv_spawn stays ours to reap
}

// uv_spawn leaves the search to execvp(3), and that takes what the C library has for it.
const char* usual_search_path() noexcept {
#if defined(__GLIBC__)
  return "/bin:/usr/bin";  // its own _PATH_DEFPATH is another
#else
  return _PATH_DEFPATH;
#endif
}

}  // namespace spawnpipe::platform
