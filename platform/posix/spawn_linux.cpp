// Starting a child on Linux: everything that can be known is worked out here, so that the new process only makes system
// calls, and what fails there has a stage and a name.
//
// The descriptors. The host may have ten thousand open, and copying that table for each child costs more than the child: so the child
// shares the table, and cuts off a copy below the highest descriptor that it needs, which exec then finds to be its own. A
// pipe that was made for it may itself lie above ten thousand others; a pipe can be opened anew through /proc/<host>/fd, and so does
// not count. Other things cannot (a file has a position, a socket no name), and the copy reaches up to them.
#include "child_stdio.hpp"
#include "clone_linux.hpp"
#include "error.hpp"
#include "hint.hpp"
#include "joined.hpp"
#include "lookup.hpp"
#include "loop.hpp"
#include "platform.hpp"
#include "process_linux.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

extern char** environ;  // POSIX: declared by the program

namespace spawnpipe::platform {
namespace {

// From this number on a pipe is opened anew rather than copied along: below it, a copy of the table costs next to nothing.
constexpr int far_up = 1024;

// Cleared where a child could not open its pipes through /proc (an undumpable host, a filter): they are copied from then on.
std::atomic<bool> reopening_works = true;

// ---- which files to try

std::vector<std::string> candidates_of(const spawn_plan& plan) {
  if (is_path(plan.program)) return {plan.program};
  std::vector<std::string> all;
  path_folders folders(search_path(plan.environment).folders);
  for (auto folder = folders.next(); folder; folder = folders.next()) {
    // An empty one is the child's directory.
    all.push_back(detail::joined({*folder, folder->empty() ? "" : "/", plan.program}));
  }
  return all;
}

// The lists that exec takes, and what they point into.
class program_image {
 public:
  // `mark` is a variable that the child has beside its own; null: none.
  explicit program_image(const spawn_plan& plan, const std::string* mark)
      : paths_(candidates_of(plan)),
        candidates_(pointers(paths_)),
        argv_(pointers(plan.argv)),
        shell_argv_(argv_.size() + 1) {
    if (plan.environment) environment_ = pointers(*plan.environment);
    if (mark != nullptr) add(*mark, plan.environment.has_value());
    // Its own name and the script, which is put there when it is known, before the arguments.
    shell_argv_.front() = "/bin/sh";
    std::copy(argv_.begin() + 1, argv_.end(), shell_argv_.begin() + 2);
  }

  void put_into(child_plan& to) noexcept {
    static char* no_variables = nullptr;
    to.candidates = candidates_.data();
    to.argv = argv_.data();
    to.environment = !environment_.empty() ? environment_.data() : environ != nullptr ? environ : &no_variables;
    to.shell_argv = shell_argv_.data();
  }

 private:
  // In place of one of that name.
  void add(const std::string& variable, bool own_environment) {
    if (own_environment) {
      environment_.pop_back();
    } else {
      for (char** each = environ; each != nullptr && *each != nullptr; ++each) environment_.push_back(*each);
    }
    const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
    std::erase_if(environment_, [&](const char* each) { return std::string_view(each).starts_with(name); });
    environment_.push_back(const_cast<char*>(variable.c_str()));
    environment_.push_back(nullptr);
  }

  std::vector<std::string> paths_;
  std::vector<char*> candidates_;
  std::vector<char*> argv_;
  std::vector<char*> environment_;
  std::vector<const char*> shell_argv_;
};

// ---- which descriptors it has

// Whether the child's stream `index` is a pipe that was made for it.
bool is_own_pipe(const spawn_plan& plan, std::size_t index) noexcept {
  if (index == 0) return std::holds_alternative<stdio::pipe>(plan.in);
  if (index == 2 && !std::holds_alternative<stdio::merge>(plan.err))
    return std::holds_alternative<stdio::pipe>(plan.err);
  return std::holds_alternative<stdio::pipe>(plan.out);
}

void place_descriptors(const spawn_plan& plan, const child_stdio& from, bool reopening,
                       std::vector<child_descriptor>& all, child_plan& to) {
  all.clear();
  int highest = static_cast<int>(standard_streams) - 1;
  for (std::size_t index = 0; index < standard_streams; ++index) {
    const int fd = from.streams[index].fd;
    const bool reopened = reopening && fd >= far_up && is_own_pipe(plan, index);
    all.push_back({.target = static_cast<int>(index),
                   .source = fd,
                   .inherited = from.streams[index].inherited,
                   .reopened = reopened,
                   .reopen_flags = index == 0 ? O_RDONLY : O_WRONLY});
    if (!reopened) highest = std::max(highest, fd);
  }
  for (const extra_descriptor& each : from.extra) {
    all.push_back({.target = each.number, .source = each.fd, .inherited = false, .reopened = false, .reopen_flags = 0});
    highest = std::max(highest, each.fd);
  }
  to.descriptors = all.data();
  to.descriptor_count = all.size();
  to.cut = static_cast<unsigned>(highest) + 1;
}

child_group group_of(const spawn_plan& plan, const child_stdio& from, bool terminal) noexcept {
  switch (plan.group) {
    case process_group::foreground: return terminal ? child_group::foreground : child_group::group;
    case process_group::host: return child_group::host;
    case process_group::own: return child_group::group;
    case process_group::session: return child_group::session;
    case process_group::automatic: break;
  }
  return from.has_terminal() ? child_group::host : child_group::away_from_terminal;
}

// ---- what went wrong

// What clone3 says where it is not there, or not with that flag, and where the group takes nobody in.
bool refuses_control_group(int code) noexcept {
  switch (code) {
    case EACCES:
    case EBUSY:
    case EINVAL:
    case ENODEV:
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM: return true;
    default: return false;
  }
}

error explain(int code, const child_plan& from, const spawn_plan& plan) {
  switch (from.failure.step) {
    case child_step::none:
      if (from.control_group >= 0 && refuses_control_group(code)) {
        return {errc::not_supported, stage::attributes, "control groups: a child cannot be born into one"};
      }
      [[fallthrough]];
    case child_step::table:
    case child_step::reopen: return system_error(code, stage::process, plan.program);
    case child_step::signals:
    case child_step::group: return system_error(code, stage::attributes, plan.program);
    case child_step::cwd: return path_error(code, stage::cwd, plan.cwd.value_or(""));
    case child_step::exec: return exec_error(code, plan);
    case child_step::redirect: break;
  }
  static constexpr const char* names[] = {"in", "out", "err"};
  const int number = from.descriptors[from.failure.index].target;
  if (number < 3) return system_error(code, stage::redirect, names[number]);
  return system_error(code, stage::redirect, detail::joined({"descriptor ", detail::decimal(number)}));
}

struct way_to_start {
  child_group group;
  int control_group = -1;
  const std::string* mark = nullptr;
  bool detached = false;
};

result<started> start(const spawn_plan& plan, const child_stdio& connected, const way_to_start& how) {
  program_image image(plan, how.mark);
  child_plan what = {};
  std::vector<child_descriptor> descriptors;
  descriptors.reserve(standard_streams + connected.extra.size());
  image.put_into(what);
  what.cwd = plan.cwd ? plan.cwd->c_str() : nullptr;
  what.host = sys::gettid();
  what.group = how.group;
  what.control_group = how.control_group;
  what.detached = how.detached;
  what.ends_with = plan.end_with_host ? sys::getpid() : 0;
  what.close_range = linux_abilities::close_range();
  what.shared_table = what.close_range;
  for (;;) {
    const bool reopening =
        what.shared_table && reopening_works.load(std::memory_order_relaxed) && linux_abilities::proc_is_ours();
    place_descriptors(plan, connected, reopening, descriptors, what);
    started made = start_child(what);
    if (made.code == 0) return made;
    if (what.failure.step != child_step::reopen) return explain(made.code, what, plan);
    reopening_works.store(false, std::memory_order_relaxed);
  }
}

// A control group for the child, where it is to have one.
result<void> contain(const spawn_plan& plan, std::optional<control_group>& into) {
  if (plan.tree == process_tree::group) return {};
  auto made = control_group::create();
  if (made) {
    into.emplace(*std::move(made));
  } else if (plan.tree == process_tree::contained) {
    return std::move(made).error();
  }
  return {};
}

}  // namespace

result<spawned> spawn(loop* self, const spawn_plan& plan, completion& exited) {
  auto connected = connect_child(plan);
  if (!connected) return std::move(connected).error();
  auto child = std::unique_ptr<process>(new (std::nothrow) process);
  if (!child) return system_error(ENOMEM, stage::process, plan.program);

  if (plan.group == process_group::foreground) child->terminal = terminal_loan::prepare();
  const child_group group = group_of(plan, *connected, child->terminal.has_value());
  if (auto done = contain(plan, child->contained); !done) return std::move(done).error();
  way_to_start how{.group = group};
  if (auto descendants = descent::begin()) how.mark = &child->descendants.emplace(*std::move(descendants)).variable();
  if (child->contained) how.control_group = child->contained->fd();
  auto made = start(plan, *connected, how);
  if (!made && child->contained && plan.tree == process_tree::best && made.failed_with(errc::not_supported)) {
    child->contained.reset();
    how.control_group = -1;
    made = start(plan, *connected, how);
  }
  if (child->terminal) child->terminal->lent();
  if (!made) {
    if (child->terminal) child->terminal->end(true);  // it may have failed after it had taken it
    return std::move(made).error();
  }
  child->owner = self;
  child->exited = &exited;
  child->pid = made->pid;
  child->pidfd = std::move(made->pidfd);
  child->own_group = group != child_group::host;
  if (child->descendants) child->descendants->started(child->pid);

  // The watch comes last: it may have news at once, and nothing may fail behind that.
  spawned result;
  const int code = open_streams(*self, *connected, result) ? process_watch(*child) : UV_ENOMEM;
  if (code != 0) {
    close_streams(result);
    take_back(*child);
    if (child->terminal) child->terminal->end(false);
    process_release(child.release());
    return uv_error(code, stage::process, plan.program);
  }
  result.id = child->pid;
  result.has_terminal = child->terminal.has_value();
  result.handle = child.release();
  return result;
}

result<std::int64_t> spawn_detached(const spawn_plan& plan) {
  auto connected = connect_child(plan);
  if (!connected) return std::move(connected).error();
  way_to_start how{.group = child_group::session, .detached = true};
  auto descendants = descent::begin();
  if (descendants) how.mark = &descendants->variable();
  auto made = start(plan, *connected, how);
  if (!made) return std::move(made).error();
  if (descendants) descendants->started_detached(made->pid);
  return std::int64_t{made->pid};
}

const char* usual_search_path() noexcept { return "/bin:/usr/bin"; }  // as execvp(3) of glibc

}  // namespace spawnpipe::platform
