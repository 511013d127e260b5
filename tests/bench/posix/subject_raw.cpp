// Bare calls: posix_spawn, or vfork by hand (BENCH_VFORK); pipes of the usual 64 KiB, or of BENCH_PIPE bytes. What a careful
// programmer writes for one purpose, without anything that is not needed for it.
#include "driver.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

extern char** environ;

namespace bench {
namespace {

const bool by_vfork = std::getenv("BENCH_VFORK") != nullptr;
const int pipe_size = std::getenv("BENCH_PIPE") != nullptr ? std::atoi(std::getenv("BENCH_PIPE")) : 0;

// The ends of the child, or -1 for the null device.
struct streams {
  int in = -1;
  int out = -1;
  int err = -1;
};

using arguments = std::vector<std::string>;

std::vector<char*> pointers(const arguments& given) {
  std::vector<char*> all = {const_cast<char*>(child_program)};
  for (const std::string& each : given) all.push_back(const_cast<char*>(each.c_str()));
  all.push_back(nullptr);
  return all;
}

pid_t start_by_posix_spawn(char* const* argv, const streams& to) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const std::array ends = {to.in, to.out, to.err};
  for (int number = 0; number < 3; ++number) {
    const int end = ends[static_cast<std::size_t>(number)];
    if (end < 0) {
      ::posix_spawn_file_actions_addopen(&actions, number, "/dev/null", number == 0 ? O_RDONLY : O_RDWR, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions, end, number);
    }
  }
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, child_program, &actions, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  expect(code == 0, "posix_spawn failed");
  return pid;
}

pid_t start_by_vfork(char* const* argv, const streams& to) {
  const std::array ends = {to.in, to.out, to.err};
  const pid_t pid = ::vfork();
  if (pid == 0) {
    for (int number = 0; number < 3; ++number) {
      const int end = ends[static_cast<std::size_t>(number)];
      const int from = end < 0 ? ::open("/dev/null", number == 0 ? O_RDONLY : O_RDWR) : end;
      ::dup2(from, number);
    }
    ::execve(child_program, argv, environ);
    ::_exit(127);
  }
  expect(pid > 0, "vfork failed");
  return pid;
}

pid_t start(const arguments& given, const streams& to) {
  const std::vector<char*> argv = pointers(given);
  return by_vfork ? start_by_vfork(argv.data(), to) : start_by_posix_spawn(argv.data(), to);
}

bool succeeded(pid_t pid) {
  int status = -1;
  pid_t got = 0;
  do {
    got = ::waitpid(pid, &status, 0);
  } while (got < 0 && errno == EINTR);
  return got == pid && status == 0;
}

struct two_ends {
  int read = -1;
  int write = -1;
};

two_ends make_pipe() {
  std::array<int, 2> ends{};
  expect(::pipe2(ends.data(), O_CLOEXEC) == 0, "no pipe");
  if (pipe_size > 0) expect(::fcntl(ends[0], F_SETPIPE_SZ, pipe_size) >= 0, "the pipe does not grow");
  return {.read = ends[0], .write = ends[1]};
}

void spawn() { expect(succeeded(start({"exit"}, {})), "the child did not succeed"); }

// Both outputs, together.
std::string capture() {
  const two_ends out = make_pipe();
  const two_ends err = make_pipe();
  const pid_t pid = start({"line"}, {.out = out.write, .err = err.write});
  ::close(out.write);
  ::close(err.write);
  std::array<std::string, 2> came;
  std::array<struct pollfd, 2> watched = {{{out.read, POLLIN, 0}, {err.read, POLLIN, 0}}};
  std::array<char, read_size> into;
  for (int open = 2; open > 0;) {
    ::poll(watched.data(), watched.size(), -1);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      const ssize_t got = ::read(watched[i].fd, into.data(), into.size());
      if (got > 0) {
        came[i].append(into.data(), static_cast<std::size_t>(got));
      } else {
        ::close(watched[i].fd);
        watched[i].fd = -1;
        --open;
      }
    }
  }
  expect(succeeded(pid), "the child did not succeed");
  return std::move(came[0]);
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  const two_ends out = make_pipe();
  const pid_t pid = start({"write", std::to_string(total), std::to_string(block), child_cpu}, {.out = out.write});
  ::close(out.write);
  std::vector<char> into(read_size);
  std::uint64_t came = 0;
  for (ssize_t got = 0; (got = ::read(out.read, into.data(), into.size())) > 0;)
    came += static_cast<std::uint64_t>(got);
  ::close(out.read);
  expect(succeeded(pid), "the child did not succeed");
  return came;
}

std::uint64_t echo(std::uint64_t total) {
  const std::string& input = input_of(total);
  const two_ends in = make_pipe();
  const two_ends out = make_pipe();
  const pid_t pid = start({"cat", child_cpu}, {.in = in.read, .out = out.write});
  ::close(in.read);
  ::close(out.write);
  ::fcntl(in.write, F_SETFL, O_NONBLOCK | O_WRONLY);
  std::vector<char> into(read_size);
  std::uint64_t fed = 0;
  std::uint64_t came = 0;
  std::array<struct pollfd, 2> watched = {{{out.read, POLLIN, 0}, {in.write, POLLOUT, 0}}};
  for (bool open = true; open;) {
    ::poll(watched.data(), watched.size(), -1);
    if (watched[1].fd >= 0 && watched[1].revents != 0) {
      const ssize_t put = ::write(in.write, input.data() + fed, static_cast<std::size_t>(total - fed));
      if (put > 0) fed += static_cast<std::uint64_t>(put);
      if (fed == total) {
        ::close(in.write);
        watched[1].fd = -1;
      }
    }
    if (watched[0].revents != 0) {
      const ssize_t got = ::read(out.read, into.data(), into.size());
      if (got > 0) came += static_cast<std::uint64_t>(got);
      open = got > 0;
    }
  }
  ::close(out.read);
  expect(succeeded(pid), "the child did not succeed");
  return came;
}

void ping(int rounds, void (*mark)()) {
  const two_ends in = make_pipe();
  const two_ends out = make_pipe();
  const pid_t pid = start({"cat"}, {.in = in.read, .out = out.write});
  ::close(in.read);
  ::close(out.write);
  char byte = 0;
  const auto turn = [&] {
    expect(::write(in.write, &byte, 1) == 1 && ::read(out.read, &byte, 1) == 1, "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  ::close(in.write);
  ::close(out.read);
  expect(succeeded(pid), "the child did not succeed");
}

// One of many: its two outputs, until both are at their end.
struct one {
  pid_t pid = 0;
  std::array<int, 2> ends = {-1, -1};
  std::string out;
};

int many(int count, int width) {
  std::vector<one> running(static_cast<std::size_t>(width));
  std::vector<struct pollfd> watched(running.size() * 2, {-1, POLLIN, 0});
  int started = 0;
  int right = 0;
  int alive = 0;
  const auto begin = [&](std::size_t place) {
    if (started == count) return;
    ++started;
    ++alive;
    const two_ends out = make_pipe();
    const two_ends err = make_pipe();
    running[place] = {
        .pid = start({"line"}, {.out = out.write, .err = err.write}), .ends = {out.read, err.read}, .out = {}};
    ::close(out.write);
    ::close(err.write);
    watched[place * 2].fd = out.read;
    watched[place * 2 + 1].fd = err.read;
  };
  for (std::size_t place = 0; place < running.size(); ++place) begin(place);
  std::array<char, read_size> into;
  while (alive > 0) {
    ::poll(watched.data(), watched.size(), -1);
    for (std::size_t at = 0; at < watched.size(); ++at) {
      if (watched[at].fd < 0 || watched[at].revents == 0) continue;
      one& which = running[at / 2];
      const ssize_t got = ::read(watched[at].fd, into.data(), into.size());
      if (got > 0) {
        if (at % 2 == 0) which.out.append(into.data(), static_cast<std::size_t>(got));
        continue;
      }
      ::close(watched[at].fd);
      watched[at].fd = -1;
      if (watched[at ^ 1].fd >= 0) continue;
      if (succeeded(which.pid) && which.out == child_line) ++right;
      --alive;
      begin(at / 2);
    }
  }
  return right;
}

// A pidfd of each in an epoll set.
double alive(int count, int samples) {
  struct member {
    pid_t pid;
    int pidfd;
    int in;
  };
  std::vector<member> all;
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < count; ++i) {
    const two_ends in = make_pipe();
    const pid_t pid = start({"wait"}, {.in = in.read});
    ::close(in.read);
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    expect(pidfd >= 0, "no pidfd");
    struct epoll_event event {};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(i);
    ::epoll_ctl(set, EPOLL_CTL_ADD, pidfd, &event);
    all.push_back({pid, pidfd, in.write});
  }
  const double began = cpu_time();
  int ended = 0;
  for (int i = 0; i < samples; ++i) {
    ::close(std::exchange(all[static_cast<std::size_t>(i)].in, -1));
    struct epoll_event event {};
    ::epoll_wait(set, &event, 1, -1);
    member& which = all[event.data.u32];
    ::epoll_ctl(set, EPOLL_CTL_DEL, which.pidfd, nullptr);
    if (succeeded(which.pid)) ++ended;
    ::close(std::exchange(which.pidfd, -1));
    which.pid = -1;
  }
  const double used = cpu_time() - began;
  for (const member& each : all) {
    if (each.in >= 0) ::close(each.in);
  }
  for (const member& each : all) {
    if (each.pid > 0) succeeded(each.pid);
    if (each.pidfd >= 0) ::close(each.pidfd);
  }
  ::close(set);
  expect(ended == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  struct member {
    pid_t pid;
    std::array<int, 3> ends;
  };
  std::vector<member> all;
  for (int i = 0; i < count; ++i) {
    const two_ends in = make_pipe();
    const two_ends out = make_pipe();
    const two_ends err = make_pipe();
    const pid_t pid = start({"wait"}, {.in = in.read, .out = out.write, .err = err.write});
    for (const int theirs : {in.read, out.write, err.write}) ::close(theirs);
    all.push_back({pid, {in.write, out.read, err.read}});
  }
  looked();
  bool good = true;
  for (const member& each : all) {
    for (const int end : each.ends) ::close(end);
  }
  for (const member& each : all) good = succeeded(each.pid) && good;
  expect(good, "not every child succeeded");
}

}  // namespace

const subject this_subject = {.spawn = spawn,
                              .capture = capture,
                              .stream = stream,
                              .echo = echo,
                              .ping = ping,
                              .many = many,
                              .alive = alive,
                              .hold = hold};

}  // namespace bench
