// The pipes and redirects of a child. A child's stdio is a real pipe, never a socketpair, which could not be opened through
// /dev/stdout. Nothing that is opened here takes 0, 1 or 2, also where the host has those closed.
#include "child_stdio.hpp"

#include "error.hpp"
#include "file.hpp"
#include "joined.hpp"
#include "plug.hpp"

#include <algorithm>
#include <cerrno>
#include <type_traits>
#include <utility>
#include <variant>

namespace spawnpipe::platform {
namespace {

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
  auto file = open_file(path, flags);
  if (!file) return std::move(file).error();
  to.opened = *std::move(file);
  to.fd = to.opened.get();
  return {};
}

result<void> connect_handle(connection& to, native_handle handle, std::string_view name) {
  const int fd = static_cast<int>(handle.value);
  if (handle.value < 0 || fd != handle.value || !descriptor_open(fd)) return system_error(EBADF, stage::redirect, name);
  to.fd = fd;
  return {};
}

// What has the number of a stream and is close-on-exec is none: it may be what another thread has just opened, for a moment, in a
// host whose stream is closed.
void inherit(connection& to, int number) noexcept {
  const int flags = sys::fcntl(number, F_GETFD, 0);
  to.inherited = flags >= 0 && (flags & FD_CLOEXEC) == 0;
  to.fd = to.inherited ? number : -1;
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
          inherit(to, number);
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
          to.inherited = out->inherited;
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

result<void> connect_streams(std::array<connection, standard_streams>& streams, const spawn_plan& plan) {
  if (auto done = connect(streams[0], plan.in, 0, nullptr); !done) return done;
  if (auto done = connect(streams[1], plan.out, 1, nullptr); !done) return done;
  if (same_file(plan)) {
    streams[2].fd = streams[1].fd;
    return {};
  }
  return connect(streams[2], plan.err, 2, &streams[1]);
}

}  // namespace

bool child_stdio::has_terminal() const noexcept {
  return std::any_of(streams.begin(), streams.end(),
                     [](const connection& each) { return each.fd >= 0 && !each.ours && sys::isatty(each.fd) == 1; });
}

result<child_stdio> connect_child(const spawn_plan& plan) {
  child_stdio made;
  if (auto done = connect_streams(made.streams, plan); !done) return std::move(done).error();
  made.extra.reserve(plan.descriptors.size());
  for (const descriptor_plan& each : plan.descriptors) {
    connection to;
    if (auto done = connect_handle(to, each.source, detail::joined({"descriptor ", detail::decimal(each.number)}));
        !done) {
      return std::move(done).error();
    }
    made.extra.push_back({.number = each.number, .fd = to.fd});
  }
  return made;
}

bool open_streams(loop& owner, child_stdio& from, spawned& to) noexcept {
  const std::array<stream**, standard_streams> ends = {&to.in, &to.out, &to.err};
  for (std::size_t index = 0; index < standard_streams; ++index) {
    unique_fd& ours = from.streams[index].ours;
    if (!ours) continue;
    *ends[index] = stream_open(owner, std::move(ours));
    if (*ends[index] == nullptr) {
      close_streams(to);
      return false;
    }
  }
  return true;
}

void close_streams(spawned& of) noexcept {
  for (stream** each : {&of.in, &of.out, &of.err}) {
    if (*each != nullptr) stream_close(std::exchange(*each, nullptr));
  }
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result(strings.size() + 1);  // the last one stays null
  std::transform(strings.begin(), strings.end(), result.begin(),
                 [](const std::string& each) { return const_cast<char*>(each.c_str()); });
  return result;
}

}  // namespace spawnpipe::platform
