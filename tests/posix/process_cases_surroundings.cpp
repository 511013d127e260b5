// What a child is given on POSIX: descriptors, the host's own streams, and names that are no text.
#include "../children.hpp"
#include "../scenario.hpp"
#include "descriptors.hpp"
#include "pseudo_terminal.hpp"

#include <spawnpipe/posix.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using harness::read_file;
using harness::write_file;
using spawnpipe::posix::fd;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::inherit;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using spawnpipe::stdio::to_file;
using namespace std::string_literals;

class open_file {
 public:
  open_file(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    REQUIRE(fd_ != -1);
  }
  explicit open_file(int fd) : fd_(fd) { REQUIRE(fd_ != -1); }
  open_file(open_file&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  open_file& operator=(open_file&&) = delete;
  ~open_file() {
    if (fd_ != -1) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

std::vector<std::string> descriptors(const spawnpipe::command& what) {
  return harness::descriptors_of(finish(what).out);
}

TEST_CASE("handles of the host as streams: the child has duplicates, the host keeps its own") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "in", "some text");
  const open_file in(folder / "in", O_RDONLY);
  const open_file out(folder / "out", O_WRONLY | O_CREAT);
  const open_file err(folder / "err", O_WRONLY | O_CREAT);
  const auto what =
      command("cat", 100, "both").in(handle{fd(in.get())}).out(handle{fd(out.get())}).err(handle{fd(err.get())});
  CHECK(finish(what).success());
  CHECK(read_file(folder / "out") == "some text");
  CHECK(read_file(folder / "err") == "some text");
  for (const int mine : {in.get(), out.get(), err.get()}) CHECK((::fcntl(mine, F_GETFD) & FD_CLOEXEC) != 0);
  // The file position is shared, as dup(2) has it: the second child goes on where the first one stopped.
  CHECK(::lseek(in.get(), 5, SEEK_SET) == 5);
  CHECK(finish(what).success());
  CHECK(read_file(folder / "out") == "some texttext");
}

TEST_CASE("one handle for out and err, and err merged into a handle, keep the order") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const open_file both(folder / "both", O_WRONLY | O_CREAT);
  CHECK(finish(command("out-err-order", 2).out(handle{fd(both.get())}).err(handle{fd(both.get())})).success());
  CHECK(finish(command("out-err-order", 1).out(handle{fd(both.get())}).err(merge{})).success());
  CHECK(read_file(folder / "both") == "out 0\nerr 0\nout 1\nerr 1\nout 0\nerr 0\n");
}

TEST_CASE("extra descriptors have the numbers that were asked for, and no others appear") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "a", "from a");
  const open_file a(folder / "a", O_RDONLY);
  for (const int number : {3, 4, 9, 10, 100, 700}) {
    CAPTURE(number);
    const auto what = command("fds").descriptor(number, fd(a.get()));
    CHECK(descriptors(what) ==
          std::vector<std::string>{"0 null r -", "1 pipe w -", "2 pipe w -", std::to_string(number) + " file r -"});
    CHECK(finish(command("copy", number, 1).descriptor(number, fd(a.get()))).out == "from a");
    CHECK(::lseek(a.get(), 0, SEEK_SET) == 0);
  }
}

TEST_CASE("[G2] extra descriptors whose numbers are taken by one another arrive where they were asked for") {
  harness::bound_case(std::chrono::seconds(60));
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 any(seed);
  const auto below = [&](int limit) { return static_cast<int>(any() % static_cast<std::uint64_t>(limit)); };
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    // Files of the host under low numbers, in any order; some of them asked for under each other's numbers, some under their own.
    std::vector<open_file> files;
    std::vector<std::string> names;
    for (int i = 0; i < 8; ++i) {
      names.push_back("file " + std::to_string(i));
      write_file(folder / names.back(), names.back());
      const open_file once(folder / names.back(), O_RDONLY);
      files.emplace_back(::fcntl(once.get(), F_DUPFD_CLOEXEC, 3 + below(20)));
    }
    std::map<int, std::string> expected;
    auto what = command("contents");
    for (int i = 0; i < 10; ++i) {
      const auto source = static_cast<std::size_t>(below(8));
      const int number = below(3) == 0 ? files[source].get() : 3 + below(24);
      what.descriptor(number, fd(files[source].get()));
      expected[number] = names[source];
    }
    std::string text;
    for (const auto& [number, name] : expected) text += std::to_string(number) + " " + name + "\n";
    CHECK(finish(what).out == text);
  }
}

TEST_CASE("high numbers, in a host with the usual limit") {
  harness::leak_check nothing_left;
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct rlimit usual = before;
  usual.rlim_cur = std::min<rlim_t>(1024, before.rlim_max);
  if (usual.rlim_cur < 1024) SKIP_CASE("the limit of descriptors is lower than 1024");
  const harness::temp_dir folder;
  write_file(folder / "a", "from a");
  const open_file a(folder / "a", O_RDONLY);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  const auto copied = [&](int number) {
    return spawnpipe::run(command("copy", number, 1).descriptor(number, fd(a.get())), {.until = patience()});
  };
  const auto high = copied(1000);
  // libuv needs a few more, above the highest one.
  const auto highest = copied(1023);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_OK(high);
  CHECK(high->out == "from a");
  if (!highest) CHECK(highest.error() == std::errc::too_many_files_open);
}

TEST_CASE("extra descriptors that cross each other, or the host's numbers") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "a", "from a");
  write_file(folder / "b", "from b");
  const open_file a(folder / "a", O_RDONLY);
  const open_file b(folder / "b", O_RDONLY);
  const auto seen = [&](spawnpipe::command what, int number) {
    CHECK(::lseek(a.get(), 0, SEEK_SET) == 0);
    CHECK(::lseek(b.get(), 0, SEEK_SET) == 0);
    return finish(what.args({"copy", std::to_string(number), "1"})).out;
  };
  const auto child = spawnpipe::command(harness::child_program());
  auto crossed = child;
  crossed.descriptor(a.get(), fd(b.get())).descriptor(b.get(), fd(a.get()));
  CHECK(seen(crossed, a.get()) == "from b");
  CHECK(seen(crossed, b.get()) == "from a");
  auto same = child;
  same.descriptor(a.get(), fd(a.get())).descriptor(b.get(), fd(b.get()));
  CHECK(seen(same, a.get()) == "from a");
  CHECK(seen(same, b.get()) == "from b");
  auto twice = child;
  twice.descriptor(7, fd(a.get())).descriptor(8, fd(a.get())).in(handle{fd(b.get())});
  CHECK(seen(twice, 7) == "from a");
  CHECK(seen(twice, 8) == "from a");
  CHECK(seen(twice, 0) == "from b");
}

TEST_CASE("a pipe of the child's own through an extra descriptor") {
  harness::leak_check nothing_left;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  auto running = harness::must(spawnpipe::spawn(command("copy", 0, 6).in(pipe{}).descriptor(6, fd(ends[1]))));
  ::close(ends[1]);
  CHECK(harness::must(running.in().write("through 6")) == 9);
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).success());
  std::array<char, 100> text{};
  CHECK(::read(ends[0], text.data(), text.size()) == 9);
  CHECK(std::string(text.data()) == "through 6");
  CHECK(::read(ends[0], text.data(), text.size()) == 0);
  ::close(ends[0]);
}

TEST_CASE("a child's pipe can be opened again by its name") {
  harness::leak_check nothing_left;
  CHECK(finish(command("reopen-out")).out == "reopened\n");
}

TEST_CASE("to_file as append is O_APPEND, and files are opened as they are documented") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  using spawnpipe::stdio::file_mode;
  write_file(folder / "in", "");
  auto seen = descriptors(command("fds").in(from_file{folder / "in"}).err(to_file{folder / "log", file_mode::append}));
  CHECK(seen == std::vector<std::string>{"0 file r -", "1 pipe w -", "2 file w append"});
  seen = descriptors(command("fds").err(to_file{folder / "plain"}));
  REQUIRE(seen.size() == 3);
  CHECK(seen[2] == "2 file w -");
  const mode_t mask = ::umask(027);
  CHECK(finish(command("exit").err(to_file{folder / "new"})).success());
  ::umask(mask);
  struct stat facts {};
  REQUIRE(::stat((folder / "new").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777U) == 0640U);
}

HOST_SCENARIO(inherits, "a child inherits the host's streams") {
  const harness::temp_dir folder;
  write_file(folder / "in", "some text");
  const int in = ::open((folder / "in").c_str(), O_RDONLY | O_CLOEXEC);
  const int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int report = ::fcntl(1, F_DUPFD_CLOEXEC, 10);
  EXPECT(::dup2(in, 0) == 0);
  EXPECT(::dup2(out, 1) == 1);
  // What a spawn does not mention is inherited.
  auto plain = spawnpipe::spawn(command("cat"));
  EXPECT(plain);
  EXPECT(plain->wait(patience()));
  EXPECT(read_file(folder / "out") == "some text");
  auto merged = spawnpipe::spawn(command("out-err-order", 1).err(merge{}));
  EXPECT(merged);
  EXPECT(merged->wait(patience()));
  EXPECT(read_file(folder / "out") == "some textout 0\nerr 0\n");
  const auto explicitly = spawnpipe::run(command("pieces", "end").out(inherit{}), {.until = patience()});
  EXPECT(explicitly && explicitly->out.empty());
  EXPECT(read_file(folder / "out").ends_with("end"));
  ::dup2(report, 1);
}
TEST_CASE("inherit gives the host's own streams") { PLAY_SCENARIO("a child inherits the host's streams"); }

HOST_SCENARIO(late_variables, "the host's environment is taken at the spawn") {
  const auto what = command("env", "SPAWNPIPE_TEST_LATE").env("SPAWNPIPE_TEST_OTHER", "x");
  ::setenv("SPAWNPIPE_TEST_LATE", "1", 1);
  const auto first = spawnpipe::run(what, {.until = patience()});
  EXPECT(first && first->out == "SPAWNPIPE_TEST_LATE=1\0"s);
  ::setenv("SPAWNPIPE_TEST_LATE", "2", 1);
  const auto second = spawnpipe::run(what, {.until = patience()});
  EXPECT(second && second->out == "SPAWNPIPE_TEST_LATE=2\0"s);
}
TEST_CASE("the host's environment counts as it is at the moment of the spawn") {
  PLAY_SCENARIO("the host's environment is taken at the spawn");
}

TEST_CASE("bytes that are no text come through in arguments, variables and paths") {
  harness::leak_check nothing_left;
  const std::string odd = "\xff\xfe\x80 \xc3";
  CHECK(finish(command("args", odd)).out == odd + "\0"s);
  CHECK(finish(command("env", "NAME").env("NAME", odd)).out == "NAME=" + odd + "\0"s);
  const harness::temp_dir folder;
  std::filesystem::create_directory(folder.path() / odd);
  CHECK(finish(command("cwd").cwd(folder / odd)).out == std::filesystem::canonical(folder.path() / odd).string());
  CHECK(finish(command("pieces", "x").out(to_file{folder / (odd + "/file")})).success());
  CHECK(read_file(folder / (odd + "/file")) == "x");
}

TEST_CASE("a script without a shebang line is run by the shell, one with it by its interpreter") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "plain", "exit 9\n");
  write_file(folder / "marked", "#! " + harness::child_program() + " args\n");
  for (const char* name : {"plain", "marked"}) ::chmod((folder / name).c_str(), 0755);
  CHECK(finish(spawnpipe::command(folder / "plain")).status.code() == 9U);
  CHECK(finish(spawnpipe::command(folder / "marked", {"x"})).out == folder / "marked" + "\0x\0"s);
}

TEST_CASE("[P1] what has a NUL in its first line is no script, but a program of another machine") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "binary", "# \0\nexit 9\n"s);  // harmless, where a shell gets it
  write_file(folder / "text", "exit 9\n# \0\n"s);
  for (const char* name : {"binary", "text"}) ::chmod((folder / name).c_str(), 0755);
  CHECK(finish(spawnpipe::command(folder / "text")).status.code() == 9U);
  const auto done = spawnpipe::run(spawnpipe::command(folder / "binary"), {.until = patience()});
  RULE_HOLDS_OR_BROKEN("P1/binary", !done && done.failed_with(std::errc::executable_format_error));
  if (!done) CHECK(done.error().where == spawnpipe::stage::exec);
  if (done) CHECK(done->status.code() == 9U);
}

HOST_SCENARIO(dies, "the host dies without a word") {
  const auto reads = spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(null{}));
  const auto hangs = spawnpipe::spawn(command("hang").in(pipe{}).out(null{}).err(null{}));
  if (!reads || !hangs) ::_exit(1);
  const std::string ids = std::to_string(reads->id()) + " " + std::to_string(hangs->id()) + "\n";
  ::_exit(::write(1, ids.data(), ids.size()) == static_cast<ssize_t>(ids.size()) ? 0 : 1);
}
TEST_CASE("[P9] when the host dies, its children live on, and get the end of their stdin") {
  const auto host = host_os::run_self({"--scenario", "the host dies without a word"});
  REQUIRE(host.code == 0);
  std::istringstream ids(host.output);
  std::int64_t reads = 0;
  std::int64_t hangs = 0;
  REQUIRE(static_cast<bool>(ids >> reads >> hangs));
  const harness::end_at_exit ended(hangs);
  CHECK(harness::gone_within(reads, std::chrono::seconds(10)));
  CHECK(host_os::running(hangs));
}

HOST_SCENARIO(with_terminal, "the host has a controlling terminal") {
  harness::pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(harness::no_terminal);
  EXPECT(terminal.control());
  const auto asks = spawnpipe::run(command("ask-terminal"), {.until = patience()});
  EXPECT(asks && asks->status.code() == 4U);
}
TEST_CASE("[P6] a child that opens the host's terminal to ask for something fails at once, and is not stopped") {
  PLAY_SCENARIO("the host has a controlling terminal");
}

}  // namespace
