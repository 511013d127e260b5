// Starting a child with uv_spawn: the portable way.
//
// The pipes and redirects are made here, and given to libuv as descriptors to inherit: a child's stdio is a real pipe (libuv
// would make socketpairs, which cannot be opened through /dev/stdout). What uv_spawn does that cannot be helped from outside
// is listed in the documentation: it forks, installs a SIGCHLD handler, closes no inherited descriptors, resets SIGHUP,
// clears O_NONBLOCK on inherited 0, 1 and 2, and has sessions but no process groups.
#include "error.hpp"
#include "loop.hpp"
#include "platform.hpp"
#include "plug.hpp"
#include "process.hpp"
#include "stream.hpp"
#include "unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace spawnpipe::platform {
namespace {

constexpr int standard_streams = 3;

// What becomes one of the child's standard streams.
struct connection {
  int fd = -1;       // for the child; -1: the null device
  unique_fd opened;  // the same, where it was opened here
  unique_fd ours;    // the other end of a pipe
};

result<void> connect_pipe(connection& to, bool child_reads, const char* name) {
  std::array<int, 2> ends = {-1, -1};
  if (sys::pipe_cloexec(ends.data()) != 0) return system_error(errno, stage::pipe, name);
  unique_fd read_end(ends[0]);
  unique_fd write_end(ends[1]);
  read_end = above_stdio(std::move(read_end));
  if (!read_end) return system_error(errno, stage::pipe, name);
  write_end = above_stdio(std::move(write_end));
  if (!write_end) return system_error(errno, stage::pipe, name);
  if (!child_reads) std::swap(read_end, write_end);
  to.opened = std::move(read_end);
  to.ours = std::move(write_end);
  // Each end is an open file of its own, so this one flag is not the child's.
  if (sys::fcntl(to.ours.get(), F_SETFL, O_NONBLOCK | (child_reads ? O_WRONLY : O_RDONLY)) != 0) {
    return system_error(errno, stage::pipe, name);
  }
  to.fd = to.opened.get();
  return {};
}

result<void> connect_file(connection& to, const std::string& path, int flags) {
  // Non-blocking, because opening a named pipe would wait for its other end; the child gets it blocking.
  unique_fd file(sys::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666));
  if (!file) return system_error(errno, stage::redirect, path);
  file = above_stdio(std::move(file));
  if (!file) return system_error(errno, stage::redirect, path);
  const int status = sys::fcntl(file.get(), F_GETFL, 0);
  if (status < 0 || sys::fcntl(file.get(), F_SETFL, status & ~O_NONBLOCK) != 0) {
    return system_error(errno, stage::redirect, path);
  }
  struct stat what = {};
  if ((flags & O_ACCMODE) == O_RDONLY && sys::stat(path.c_str(), &what) == 0 && S_ISDIR(what.st_mode)) {
    return system_error(EISDIR, stage::redirect, path);  // open(2) takes a directory to read, but no child can read it
  }
  to.opened = std::move(file);
  to.fd = to.opened.get();
  return {};
}

result<void> connect_handle(connection& to, native_handle handle, const std::string& name) {
  const int fd = static_cast<int>(handle.value);
  if (handle.value < 0 || fd != handle.value || !descriptor_open(fd)) return system_error(EBADF, stage::redirect, name);
  to.fd = fd;
  return {};
}

int open_flags(stdio::file_mode mode) noexcept {
  switch (mode) {
    case stdio::file_mode::append: return O_WRONLY | O_CREAT | O_APPEND;
    case stdio::file_mode::create_new: return O_WRONLY | O_CREAT | O_EXCL;
    case stdio::file_mode::truncate: break;
  }
  return O_WRONLY | O_CREAT | O_TRUNC;
}

// Connects the child's stream `number` as `target` says. `out` is what its standard output is connected to, for stderr.
template <class Stdio>
result<void> connect(connection& to, const Stdio& target, int number, const connection* out) {
  static constexpr std::array names = {"in", "out", "err"};
  const char* const name = names[static_cast<std::size_t>(number)];
  return std::visit(
      [&]<class Kind>(const Kind& kind) -> result<void> {
        if constexpr (std::is_same_v<Kind, stdio::inherit>) {
          to.fd = descriptor_open(number) ? number : -1;
          return {};
        } else if constexpr (std::is_same_v<Kind, stdio::null>) {
          return {};
        } else if constexpr (std::is_same_v<Kind, stdio::pipe>) {
          return connect_pipe(to, number == 0, name);
        } else if constexpr (std::is_same_v<Kind, stdio::from_file>) {
          return connect_file(to, kind.path, O_RDONLY);
        } else if constexpr (std::is_same_v<Kind, stdio::to_file>) {
          return connect_file(to, kind.path, open_flags(kind.mode));
        } else if constexpr (std::is_same_v<Kind, stdio::handle>) {
          return connect_handle(to, kind.value, name);
        } else {
          to.fd = out->fd;
          return {};
        }
      },
      target);
}

// One file that is named for both is opened once, so that the two share its position.
bool same_file(const spawn_plan& plan) {
  const auto* out = std::get_if<stdio::to_file>(&plan.out);
  const auto* err = std::get_if<stdio::to_file>(&plan.err);
  return out != nullptr && err != nullptr && out->path == err->path;
}

result<void> connect_all(std::array<connection, standard_streams>& streams, const spawn_plan& plan) {
  if (auto done = connect(streams[0], plan.in, 0, nullptr); !done) return done;
  if (auto done = connect(streams[1], plan.out, 1, nullptr); !done) return done;
  if (same_file(plan)) {
    streams[2].fd = streams[1].fd;
    return {};
  }
  return connect(streams[2], plan.err, 2, &streams[1]);
}

// Whether the child can talk to a terminal: it then stays in the host's process group.
bool has_terminal(const std::array<connection, standard_streams>& streams) {
  return std::any_of(streams.begin(), streams.end(),
                     [](const connection& each) { return each.fd >= 0 && sys::isatty(each.fd) == 1; });
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& each : strings) result.push_back(const_cast<char*>(each.c_str()));
  result.push_back(nullptr);
  return result;
}

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
      if (errno == number) return system_error(number, stage::cwd, *plan.cwd);
    } else if (number == ENOTDIR ? !S_ISDIR(what.st_mode) : number == EACCES && sys::access(directory, X_OK) != 0) {
      return system_error(number, stage::cwd, *plan.cwd);
    }
  }
  switch (number) {
    case EAGAIN:
    case ENOMEM: return system_error(number, stage::process, plan.program);
    case EMFILE:
    case ENFILE: return system_error(number, stage::pipe, plan.program);
    case EBADF: return system_error(number, stage::redirect, plan.program);
    default: return system_error(number, stage::exec, plan.program);
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
  return sys::uv_spawn(self.uv, &child.handle, &options);
}

stream* open_stream(loop& self, connection& from) noexcept {
  return from.ours ? stream_open(self, std::move(from.ours)) : nullptr;
}

}  // namespace

result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited) {
  if (plan.group == process_group::own) {
    return error{errc::not_supported, stage::attributes, "process_group::own: uv_spawn has sessions only"};
  }
  std::array<connection, standard_streams> streams;
  if (auto done = connect_all(streams, plan); !done) return std::move(done).error();

  std::vector<uv_stdio_container_t> stdio;
  stdio.reserve(streams.size());
  for (const connection& each : streams) stdio.push_back(container(each.fd));
  for (const descriptor_plan& extra : plan.descriptors) {
    const std::string name = "descriptor " + std::to_string(extra.number);
    connection to;
    if (auto done = connect_handle(to, extra.source, name); !done) return std::move(done).error();
    const auto index = static_cast<std::size_t>(extra.number);
    if (stdio.size() <= index) stdio.resize(index + 1, container(-1));  // the numbers between are left as they are
    stdio[index] = container(to.fd);
  }

  const bool own_session =
      plan.group == process_group::session || (plan.group == process_group::automatic && !has_terminal(streams));

  spawned result;
  const std::array<bool, standard_streams> piped = {
      static_cast<bool>(streams[0].ours), static_cast<bool>(streams[1].ours), static_cast<bool>(streams[2].ours)};
  result.in = open_stream(*self, streams[0]);
  result.out = open_stream(*self, streams[1]);
  result.err = open_stream(*self, streams[2]);
  auto child = std::unique_ptr<process>(new (std::nothrow) process);
  const auto fail = [&](error failure) -> error {
    for (stream* each : {result.in, result.out, result.err}) {
      if (each != nullptr) stream_close(each);
    }
    return failure;
  };
  if (!child || piped[0] != (result.in != nullptr) || piped[1] != (result.out != nullptr) ||
      piped[2] != (result.err != nullptr)) {
    return fail(system_error(ENOMEM, stage::pipe, plan.program));
  }

  child->owner = self;
  child->exited = &exited;
  child->own_group = own_session;
  const int code = run_uv_spawn(*self, *child, plan, stdio, own_session ? unsigned{UV_PROCESS_DETACHED} : 0U);
  child->handle.data = child.get();
  if (code != 0) {
    error failure = explain(code, plan);
    process_release(child.release());  // libuv has the handle in its hands, also after a failure
    return fail(std::move(failure));
  }
  result.id = child->handle.pid;
  result.handle = child.release();
  return result;
}

}  // namespace spawnpipe::platform
