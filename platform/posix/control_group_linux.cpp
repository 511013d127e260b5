#include "control_group.hpp"

#include "joined.hpp"
#include "process_list_linux.hpp"
#include "short_file.hpp"
#include "system_linux.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnpipe::platform {
namespace {

error none(const char* why) { return {errc::not_supported, stage::attributes, why}; }

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t size = sys::read(fd, block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(size));
  }
}

std::string read_file(const char* path) {
  const unique_fd file(sys::open(path, O_RDONLY | O_CLOEXEC, 0));
  return file ? read_all(file.get()) : std::string();
}

// Calls `use` for each line, until it says true.
template <class Use>
void each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (use(text.substr(0, end))) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string_view nth_word(std::string_view line, int index) {
  for (; index > 0; --index) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
  return line.substr(0, line.find(' '));
}

// The value behind a name, in files such as cpu.stat.
std::optional<std::int64_t> value_of(std::string_view text, std::string_view name) {
  std::optional<std::int64_t> found;
  each_line(text, [&](std::string_view line) {
    if (nth_word(line, 0) != name || line.size() <= name.size()) return false;
    found = number_in(line.substr(name.size() + 1));
    return true;
  });
  return found;
}

// mountinfo writes blanks and backslashes as \040 and the like.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::int64_t value = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8).ec == std::errc()) {
      plain += static_cast<char>(value);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The folder of the host's own group: its path in the hierarchy (/proc/self/cgroup, the line "0::PATH"), below where that is mounted
// (proc_pid_mountinfo(5): the fourth word is the part of it that is there, the fifth the place).
std::string folder_of_host() {
  const std::string membership = read_file("/proc/self/cgroup");
  std::optional<std::string_view> own;
  each_line(membership, [&](std::string_view line) {
    if (line.starts_with("0::")) own = line.substr(3);
    return own.has_value();
  });
  if (!own) return {};
  const std::string mounts = read_file("/proc/self/mountinfo");
  std::string folder;
  each_line(mounts, [&](std::string_view line) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string_view::npos || nth_word(line.substr(separator + 3), 0) != "cgroup2") return false;
    std::string root = unescaped(nth_word(line, 3));
    if (root == "/") root.clear();
    if (!own->starts_with(root) || own->find("/..") != std::string_view::npos) return false;
    folder = detail::joined({unescaped(nth_word(line, 4)), own->substr(root.size())});
    return true;
  });
  return folder;
}

// Who has ended and was not reaped does not count.
bool populated_by(const unique_fd& events) noexcept {
  std::array<char, 256> text{};
  return value_of(read_short_file(events, text), "populated") != 0U;
}

}  // namespace

result<control_group> control_group::create() {
  const std::string parent = folder_of_host();
  if (parent.empty()) return none("control groups: no hierarchy of version 2 is mounted");
  static std::atomic<unsigned> count = 0;
  const unsigned number = count.fetch_add(1, std::memory_order_relaxed);
  std::string path = detail::joined({parent, parent.ends_with('/') ? "" : "/", "spawnpipe-",
                                     detail::decimal(sys::getpid()), "-", detail::decimal(number)});
  if (sys::mkdir(path.c_str(), 0755) != 0) return none("control groups: that of this process may not be divided");
  unique_fd folder(sys::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  control_group made(std::move(path), std::move(folder));  // behind mkdir nothing may throw
  if (!made.folder_) return none("control groups: a new one cannot be opened");
  if (!made.can_kill()) return none("control groups: this kernel cannot kill one");
  return made;
}

control_group::~control_group() {
  folder_.reset();
  if (!path_.empty()) sys::rmdir(path_.c_str());
}

control_group::control_group(control_group&& other) noexcept
    : path_(std::exchange(other.path_, {})), folder_(std::move(other.folder_)) {}

unique_fd control_group::open(const char* file, int flags) const noexcept {
  return unique_fd(sys::openat(folder_.get(), file, flags | O_CLOEXEC));
}

// Stopping and destroying come by here and by what follows: nothing is allocated. These files are short.
std::string_view control_group::read(const char* file, text& into) const noexcept {
  return read_short_file(open(file, O_RDONLY), into);
}

bool control_group::can_kill() const noexcept { return static_cast<bool>(open("cgroup.kill", O_WRONLY)); }

bool control_group::populated() const noexcept { return populated_by(open("cgroup.events", O_RDONLY)); }

bool control_group::kill() const noexcept {
  if (!populated()) return false;
  const unique_fd file = open("cgroup.kill", O_WRONLY);
  char yes = '1';
  const struct iovec text = {.iov_base = &yes, .iov_len = 1};
  return file && sys::writev(file.get(), &text, 1) == 1;
}

void control_group::end_all() const noexcept {
  constexpr int rounds = 100;
  constexpr int round = 10;  // ms
  for (int left = rounds; left > 0; --left) {
    // It polls when it has changed since it was read.
    const unique_fd events = open("cgroup.events", O_RDONLY);
    if (!populated_by(events)) return;
    static_cast<void>(kill());
    struct pollfd change = {.fd = events.get(), .events = POLLPRI, .revents = 0};
    sys::poll(&change, 1, round);
  }
}

// The list has numbers. One that is a stranger's by the time it is opened is not in this group, as /proc tells of what was opened.
bool control_group::signal_member(std::string_view number, int signal) const noexcept {
  const auto said = number_in(number);
  if (!said) return false;
  const auto pid = static_cast<pid_t>(*said);
  const unique_fd pidfd(sys::pidfd_open(pid));
  const auto path = numbered_path("/proc/", pid, "/cgroup");
  const unique_fd file(pidfd ? sys::open(path.data(), O_RDONLY | O_CLOEXEC, 0) : -1);
  text of_it;
  const std::string_view groups = read_short_file(file, of_it);
  const std::string_view name = std::string_view(path_).substr(path_.rfind('/'));
  return groups.find(name) != std::string_view::npos && sys::pidfd_send_signal(pidfd.get(), signal, 0) == 0;
}

bool control_group::signal(int number) const noexcept {
  const unique_fd file = open("cgroup.procs", O_RDONLY);
  if (!file) return false;
  std::array<char, 1024> text{};
  std::size_t held = 0;
  bool any = false;
  for (;;) {
    const ssize_t size = sys::read(file.get(), text.data() + held, text.size() - held);
    if (size <= 0) return any;
    held += static_cast<std::size_t>(size);
    std::string_view rest(text.data(), held);
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      any = signal_member(rest.substr(0, end), number) || any;
    }
    std::copy(rest.begin(), rest.end(), text.begin());
    held = rest.size();
  }
}

std::optional<resource_usage> control_group::used() const noexcept {
  text times;
  const std::string_view cpu = read("cpu.stat", times);
  const auto user = value_of(cpu, "user_usec");
  const auto system = value_of(cpu, "system_usec");
  if (!user || !system) return std::nullopt;
  resource_usage all = {.user = std::chrono::microseconds(*user), .system = std::chrono::microseconds(*system)};
  // Where the controller for memory is turned on for it.
  text memory;
  const std::string_view peak = read("memory.peak", memory);
  if (const auto bytes = number_in(peak.substr(0, peak.find('\n')))) {
    all.peak_memory = static_cast<std::uint64_t>(*bytes);
  }
  return all;
}

}  // namespace spawnpipe::platform
