// host_os.hpp on POSIX. What Linux shows in /proc is taken from there; elsewhere by asking one by one, or not at all.
#include "../host_os.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <pthread.h>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace host_os {

namespace {

namespace fs = std::filesystem;

// The host of a scenario that hangs ends itself.
constexpr unsigned longest_scenario = 90;

std::vector<int> descriptor_numbers() {
  std::vector<int> numbers;
  if (const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc/self/fd"), ::closedir}) {
    while (const dirent* entry = ::readdir(folder.get())) {
      const int number = std::atoi(entry->d_name);
      if (entry->d_name[0] != '.' && number != ::dirfd(folder.get())) numbers.push_back(number);
    }
    return numbers;
  }
  for (int number = 0; number < 4096; ++number) {
    if (::fcntl(number, F_GETFD) != -1) numbers.push_back(number);
  }
  return numbers;
}

std::string what_is(int descriptor) {
  std::array<char, 256> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (const ssize_t length = ::readlink(link.c_str(), target.data(), target.size()); length > 0) {
    return {target.data(), static_cast<std::size_t>(length)};
  }
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 ? std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino) : "";
}

// State and parent of a process from /proc/ID/stat, where the name may hold blanks and brackets: they are behind the last one.
struct process_facts {
  char state = 0;
  std::int64_t parent = 0;
  std::uint64_t began = 0;  // in ticks since the system did
};
std::optional<process_facts> look_at(const std::string& id) {
  std::string line;
  if (!std::getline(std::ifstream("/proc/" + id + "/stat"), line)) return std::nullopt;
  process_facts facts;
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  rest >> facts.state >> facts.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) rest >> skipped;  // proc(5): the beginning is the 22nd
  rest >> facts.began;
  return facts;
}

bool is_number(const char* text) { return *text != '\0' && std::strspn(text, "0123456789") == std::strlen(text); }

}  // namespace

std::vector<std::string> open_descriptors() {
  std::vector<std::string> all;
  for (const int number : descriptor_numbers()) all.push_back(std::to_string(number) + " " + what_is(number));
  return all;
}

std::vector<std::string> children() {
  std::vector<std::string> all;
  if (const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc"), ::closedir}) {
    if (look_at("self")) {
      while (const dirent* entry = ::readdir(folder.get())) {
        if (!is_number(entry->d_name)) continue;
        const auto facts = look_at(entry->d_name);
        if (!facts || facts->parent != ::getpid()) continue;
        all.push_back(entry->d_name + std::string(facts->state == 'Z' ? " zombie" : " running"));
      }
      return all;
    }
  }
  siginfo_t about{};
  if (::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) == 0) {
    all.emplace_back(about.si_pid != 0 ? "some zombie" : "some running");
  }
  return all;
}

bool running(std::int64_t id) {
  if (const auto facts = look_at(std::to_string(id))) return facts->state != 'Z' && facts->state != 'X';
  return !look_at("self") && (::kill(static_cast<pid_t>(id), 0) == 0 || errno == EPERM);
}

std::vector<std::int64_t> running_with(const std::string& word) {
  std::vector<std::int64_t> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc"), ::closedir};
  if (!folder || !look_at("self")) throw std::runtime_error("this system does not list its processes in /proc");
  while (const dirent* entry = ::readdir(folder.get())) {
    if (!is_number(entry->d_name)) continue;
    std::string line;
    std::getline(std::ifstream(std::string("/proc/") + entry->d_name + "/cmdline"), line);
    const std::int64_t id = std::atoll(entry->d_name);
    if (line.find(word) != std::string::npos && id != ::getpid() && running(id)) all.push_back(id);
  }
  return all;
}

std::optional<std::uint64_t> beginning(std::int64_t id) {
  if (const auto facts = look_at(std::to_string(id))) return facts->began;
  return running(id) ? std::optional<std::uint64_t>(0) : std::nullopt;
}

void end_process(std::int64_t id) noexcept {
  if (id > 1) ::kill(static_cast<pid_t>(id), SIGKILL);
}

std::chrono::nanoseconds cpu_time() {
  struct timespec used {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::chrono::nanoseconds cpu_time_step() { return std::chrono::nanoseconds(1); }

std::optional<std::uint64_t> times_asleep() {
#if defined(RUSAGE_THREAD)
  struct rusage used {};
  if (::getrusage(RUSAGE_THREAD, &used) == 0) return static_cast<std::uint64_t>(used.ru_nvcsw);
#endif
  return std::nullopt;
}

std::optional<std::size_t> resident_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::nullopt;  // a sanitizer keeps what was freed
#else
  std::size_t total = 0;
  std::size_t resident = 0;
  if (!(std::ifstream("/proc/self/statm") >> total >> resident)) return std::nullopt;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

std::optional<std::size_t> thread_count() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc/self/task"), ::closedir};
  if (!folder) return std::nullopt;
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(folder.get())) count += is_number(entry->d_name) ? 1 : 0;
  return count;
}

std::string signal_state() {
  std::ostringstream text;
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0) continue;
    text << signal << (::sigismember(&mask, signal) == 1 ? " blocked" : "");
    if (now.sa_handler == SIG_IGN) {
      text << " ignored";
    } else if (now.sa_handler != SIG_DFL) {
      text << " handled by " << reinterpret_cast<const void*>(now.sa_handler);
    }
    text << "\n";
  }
  return text.str();
}

fs::path make_temp_dir() {
  std::string path = (fs::temp_directory_path() / "spawnpipe-test-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr || ::chmod(path.c_str(), 0755) != 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
  return path;
}

void reap_zombies() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

fs::path make_script(const fs::path& folder, const std::string& program, const std::string& verb) {
  const fs::path path = folder / "script";
  std::ofstream(path) << "#!/bin/sh\nexec '" << program << "' " << verb << " \"$@\"\n";
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

void drop_rights() {
  constexpr unsigned nobody = 65534;
  if (::geteuid() != 0) return;
  if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) throw std::system_error(errno, std::generic_category(), "setuid");
}

void shield_descriptors() {
  for (const int number : descriptor_numbers()) {
    if (number > 2) ::fcntl(number, F_SETFD, ::fcntl(number, F_GETFD) | FD_CLOEXEC);
  }
}

void heed_interrupts() {
  for (const int number : {SIGINT, SIGQUIT}) ::signal(number, SIG_DFL);
}

void block_signals_here() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

std::optional<std::string> no_polite_end() { return std::nullopt; }

bool is_killed(std::optional<int> signal, std::optional<std::uint32_t> code) { return signal == SIGKILL && !code; }

bool small_pieces_are_slow() { return false; }

bool kill_takes_the_tree() { return false; }

std::errc below_a_file() { return std::errc::not_a_directory; }

bool always_set(std::string_view /*name*/) { return false; }

char path_separator() { return ':'; }

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void set_variable(const std::string& name, const std::optional<std::string>& value) {
  const int done = value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  if (done != 0) throw std::system_error(errno, std::generic_category(), name);
}

ended run_self(const std::vector<std::string>& arguments) {
  std::array<char, 4096> path{};
  if (::readlink("/proc/self/exe", path.data(), path.size() - 1) <= 0) {
    throw std::runtime_error("this system does not say which program this is");
  }
  std::vector<char*> argv = {path.data()};
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const pid_t id = ::fork();
  if (id == 0) {
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (::dup2(null, 0) == 0 && ::dup2(pipe[1], 1) == 1 && ::dup2(pipe[1], 2) == 2) {
      ::alarm(longest_scenario);
      ::execv(path.data(), argv.data());
    }
    ::_exit(126);
  }
  ::close(pipe[1]);
  ended host;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t got = ::read(pipe[0], block.data(), block.size());
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) break;
    host.output.append(block.data(), static_cast<std::size_t>(got));
  }
  ::close(pipe[0]);
  int status = 0;
  while (::waitpid(id, &status, 0) == -1 && errno == EINTR) {
  }
  host.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return host;
}

}  // namespace host_os
