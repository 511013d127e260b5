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

// Runs uv_spawn. On failure the handle is closed, and frees itself.
int run_uv_spawn(loop& self, process& child, const spawn_plan& plan, std::vector<uv_stdio_container_t>& stdio,
                 unsigned flags) {
  std::vector<char*> argv = pointers(plan.argv);
  std::vector<char*> environment;
  if (plan.environment) environment = pointers(*plan.environment);
  uv_process_options_t options = {};
  options.exit_cb = process_exited;
  options.file = plan.program.c_str();
  options.args = argv.data();
  options.env = plan.environment ? environment.data() : nullptr;
  options.cwd = plan.cwd ? plan.cwd->c_str() : nullptr;
  options.flags = flags;
  options.stdio_count = static_cast<int>(stdio.size());
  options.stdio = stdio.data();
  const plug low(options.stdio_count);
  return sys::uv_spawn(self.uv, child.handle, &options);
}

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

  spawned result;
  auto child = std::unique_ptr<process>(new (std::nothrow) process);
  if (!child || !open_streams(*self, *connected, result)) return system_error(ENOMEM, stage::pipe, plan.program);

  child->owner = self;
  child->exited = &exited;
  child->own_group = own_session;
  child->handle = new (std::nothrow) uv_process_t;
  if (child->handle == nullptr) {
    close_streams(result);
    return system_error(ENOMEM, stage::process, plan.program);
  }
  const int code = run_uv_spawn(*self, *child, plan, stdio, own_session ? unsigned{UV_PROCESS_DETACHED} : 0U);
  child->handle->data = child.get();
  if (code != 0) {
    error failure = explain(code, plan);
    process_release(child.release());  // libuv has the handle in its hands, also after a failure
    close_streams(result);
    return failure;
  }
  child->pid = child->handle->pid;
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

const char* backend_name() noexcept { return "portable"; }

}  // namespace spawnpipe::platform
