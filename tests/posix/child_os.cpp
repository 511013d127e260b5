// The helper program on POSIX: see child_os.hpp, and child.cpp for the verbs of all systems. Here only:
//
//   ask-terminal   opens /dev/tty and reads from it; exits with 4 where it cannot be opened
//   contents       what the files hold that are open above 2: a line NUMBER TEXT for each
//   copy FROM TO   copies descriptor FROM to descriptor TO, until the end
//   fds            each open descriptor as a line: NUMBER KIND ACCESS FLAGS DEVICE:INODE, where KIND is pipe, file, null, tty,
//                  device, socket, directory or other, ACCESS r, w or rw, and FLAGS "-" or some of append,nonblock,cloexec
//   ids            the lines "id N", "parent N", "group N", "session N"
//   in-vfork       says "ready", and waits for a process that it has made by vfork, and that stays
//   main-ends VERB... does VERB in a thread, and ends its first one
//   reopen-out     opens /dev/stdout and writes the line "reopened" there, which works on a pipe and not on a socket; exits
//                  with 3 where that fails
//   session VERB... does VERB in a session of its own
//   signal N       raises signal N on itself; exits with 5 if it is still there
//   signals        the lines "blocked N..." and "ignored N...": what it was started with
#include "../child_os.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

extern "C" char** environ;

namespace child::os {

namespace {

std::chrono::seconds life{0};

std::array<char, 64> last_words{};
std::size_t last_words_size = 0;
int last_code = 0;

extern "C" void say_last_words(int /*signal*/) {
  (void)!::write(out, last_words.data(), last_words_size);
  ::_exit(last_code);
}

void on_polite_signals(void (*what)(int)) {
  struct sigaction action {};
  action.sa_handler = what;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

std::string kind_of(int descriptor, const struct stat& facts) {
  if (S_ISFIFO(facts.st_mode)) return "pipe";
  if (S_ISREG(facts.st_mode)) return "file";
  if (S_ISSOCK(facts.st_mode)) return "socket";
  if (S_ISDIR(facts.st_mode)) return "directory";
  if (!S_ISCHR(facts.st_mode)) return "other";
  struct stat null {};
  if (::stat("/dev/null", &null) == 0 && null.st_rdev == facts.st_rdev) return "null";
  return ::isatty(descriptor) == 1 ? "tty" : "device";
}

// Empty where it is not open.
std::string describe(int descriptor) {
  struct stat facts {};
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags == -1 || ::fstat(descriptor, &facts) != 0) return {};
  const int access = flags & O_ACCMODE;
  std::string marks;
  if ((flags & O_APPEND) != 0) marks += ",append";
  if ((flags & O_NONBLOCK) != 0) marks += ",nonblock";
  if ((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0) marks += ",cloexec";
  return std::to_string(descriptor) + " " + kind_of(descriptor, facts) + " " +
         (access == O_RDWR     ? "rw"
          : access == O_WRONLY ? "w"
                               : "r") +
         " " + (marks.empty() ? "-" : marks.substr(1)) + " " + std::to_string(facts.st_dev) + ":" +
         std::to_string(facts.st_ino) + "\n";
}

int do_copy(const arguments& given) {
  const auto from = static_cast<int>(number(given, 1, in));
  const auto to = static_cast<int>(number(given, 2, out));
  std::vector<char> block(65536);
  for (;;) {
    const std::ptrdiff_t got = read(from, block.data(), block.size());
    if (got < 0) return 3;
    if (got == 0) return 0;
    if (!write(to, {block.data(), static_cast<std::size_t>(got)})) return 3;
  }
}

int do_fds(const arguments&) {
  // Asked one by one: a look into /proc would open a descriptor of its own.
  const long most = ::sysconf(_SC_OPEN_MAX);
  std::string text;
  for (int descriptor = 0; descriptor < (most > 0 && most < 4096 ? most : 4096); ++descriptor) {
    text += describe(descriptor);
  }
  return write(out, text) ? 0 : 3;
}

// What the files hold that are open, by number.
int do_contents(const arguments&) {
  std::string text;
  for (int descriptor = 3; descriptor < 64; ++descriptor) {
    std::array<char, 32> held{};
    const ssize_t size = ::pread(descriptor, held.data(), held.size(), 0);
    if (size > 0)
      text += std::to_string(descriptor) + " " + std::string(held.data(), static_cast<std::size_t>(size)) + "\n";
  }
  return write(out, text) ? 0 : 3;
}

int do_ask_terminal(const arguments&) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal == -1) return 4;
  char answer = 0;
  return ::read(terminal, &answer, 1) == 1 ? 0 : 3;
}

int do_ids(const arguments&) {
  const std::string text = "id " + std::to_string(::getpid()) + "\nparent " + std::to_string(::getppid()) + "\ngroup " +
                           std::to_string(::getpgrp()) + "\nsession " + std::to_string(::getsid(0)) + "\n";
  return write(out, text) ? 0 : 3;
}

int do_reopen_out(const arguments&) {
  const int again = ::open("/dev/stdout", O_WRONLY | O_CLOEXEC);
  if (again == -1) return 3;
  const bool done = write(again, "reopened\n");
  ::close(again);
  return done ? 0 : 3;
}

// Waits in the kernel, where no signal but a kill reaches it, for a process that has its memory until it ends.
int do_in_vfork(const arguments&) {
  if (!write(out, "ready\n")) return 3;
  const pid_t id = ::vfork();
  if (id == 0) {
    for (;;) ::pause();
  }
  return 5;
}

// The first thread only: the process is shown as a zombie, and runs.
int do_main_ends(const arguments& given) {
  std::thread([given] { std::exit(act({given.begin() + 1, given.end()})); }).detach();
  // (pthread_exit would unwind, for which this program has no library.)
  for (;;) ::syscall(SYS_exit, 0);
}

int do_session(const arguments& given) { return ::setsid() != -1 ? act({given.begin() + 1, given.end()}) : 3; }

int do_signal(const arguments& given) {
  (void)::raise(static_cast<int>(number(given, 1, SIGKILL)));
  return 5;
}

int do_signals(const arguments&) {
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  std::string blocked = "blocked";
  std::string ignored = "ignored";
  for (int signal = 1; signal < NSIG; ++signal) {
    if (::sigismember(&mask, signal) == 1) blocked += " " + std::to_string(signal);
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) ignored += " " + std::to_string(signal);
  }
  return write(out, blocked + "\n" + ignored + "\n") ? 0 : 3;
}

constexpr std::array posix_verbs = {
    verb{"ask-terminal", do_ask_terminal},
    verb{"contents", do_contents},
    verb{"copy", do_copy},
    verb{"fds", do_fds},
    verb{"ids", do_ids},
    verb{"in-vfork", do_in_vfork},
    verb{"main-ends", do_main_ends},
    verb{"reopen-out", do_reopen_out},
    verb{"session", do_session},
    verb{"signal", do_signal},
    verb{"signals", do_signals},
};

}  // namespace

arguments command_line(int argc, char** argv) { return {argv, argv + argc}; }

void prepare(std::chrono::seconds longest_life) {
  life = longest_life;
  ::alarm(static_cast<unsigned>(life.count()));
}

std::ptrdiff_t read(int stream, char* into, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(stream, into, size);
    if (got != -1 || errno != EINTR) return got;
  }
}

bool write(int stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(stream, bytes.data(), bytes.size());
    if (put == -1 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

void close(int stream) { ::close(stream); }

bool is_terminal(int stream) { return ::isatty(stream) == 1; }

std::vector<std::string> variables() {
  std::vector<std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string directory() {
  std::array<char, 4096> path{};
  return ::getcwd(path.data(), path.size()) == nullptr ? std::string() : std::string(path.data());
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void append_line(const std::string& path, std::string_view line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file == -1) return;
  (void)write(file, std::string(line) + "\n");
  ::close(file);
}

void hang() {
  for (;;) ::pause();
}

void ignore_terminate() { on_polite_signals(SIG_IGN); }

void exit_on_terminate(std::string_view text, int code) {
  last_words_size = text.copy(last_words.data(), last_words.size());
  last_code = code;
  on_polite_signals(say_last_words);
}

void leave_session() { (void)::setsid(); }

void start_copy(const arguments& given, const std::function<void(std::int64_t)>& announce) {
  std::array<int, 2> gate{};
  if (::pipe(gate.data()) != 0) return;
  const pid_t id = ::fork();
  if (id == 0) {
    ::close(gate[1]);
    prepare(life);  // fork leaves the alarm behind
    char byte = 0;
    (void)read(gate[0], &byte, 1);
    ::close(gate[0]);
    ::_exit(act(given));
  }
  ::close(gate[0]);
  if (id > 0) announce(id);
  ::close(gate[1]);
}

std::span<const verb> verbs() { return posix_verbs; }

}  // namespace child::os
