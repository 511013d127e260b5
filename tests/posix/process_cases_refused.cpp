// What is refused on POSIX: closed handles, named pipes that nobody reads, and what the host may not do.
#include "../children.hpp"
#include "../scenario.hpp"
#include "own_folder.hpp"

#include <spawnpipe/posix.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using harness::write_file;
using spawnpipe::stage;
using spawnpipe::posix::fd;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::to_file;
using namespace std::chrono_literals;

TEST_CASE("[P1] a handle that is closed") {
  harness::leak_check nothing_left;
  const int closed = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::close(closed);
  const auto refused = [&](const spawnpipe::command& what, const std::string& subject) {
    const auto done = spawnpipe::spawn(what);
    REQUIRE_FALSE(done);
    CHECK(done.error() == std::errc::bad_file_descriptor);
    CHECK(done.error().where == stage::redirect);
    CHECK(done.error().subject == subject);
  };
  refused(command("exit").in(handle{fd(closed)}), "in");
  refused(command("exit").out(handle{fd(closed)}), "out");
  refused(command("exit").err(handle{fd(1 << 30)}), "err");
  refused(command("exit").in(handle{{std::intptr_t{1} << 40}}), "in");
  refused(command("exit").descriptor(5, fd(closed)), "descriptor 5");
  refused(command("exit").descriptor(5, fd(-1)), "descriptor 5");
}

TEST_CASE("[P1] a named pipe as redirect never hangs") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string path = folder / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto began = std::chrono::steady_clock::now();
  const auto no_reader = spawnpipe::spawn(command("write", 10).out(to_file{path}));
  REQUIRE_FALSE(no_reader);
  CHECK(no_reader.error() == std::errc::no_such_device_or_address);
  CHECK(no_reader.error().where == stage::redirect);
  CHECK(no_reader.error().subject == path);
  // Without a writer it is opened, and at its end at once.
  const auto done = harness::must(spawnpipe::run(command("checksum").in(from_file{path}), {.until = patience()}));
  CHECK(done.out.starts_with("0 "));
  CHECK(std::chrono::steady_clock::now() - began < scaled(5s));
  // With a reader it works, and the child has it blocking.
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto seen = harness::must(spawnpipe::run(command("fds").err(to_file{path}), {.until = patience()}));
  CHECK(seen.out.find("\n2 pipe w - ") != std::string::npos);
  ::close(reader);
}

TEST_CASE("[P1] a program that may not be executed") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "text", "exit 0\n");
  const auto done = spawnpipe::spawn(spawnpipe::command(folder / "text"));
  REQUIRE_FALSE(done);
  CHECK(done.error() == std::errc::permission_denied);
  CHECK(done.error().where == stage::exec);
  CHECK(done.error().subject == folder / "text");
}

HOST_SCENARIO(no_rights, "a host that may not") {
  const harness::own_folder folder;
  write_file(folder / "secret", "x");
  std::filesystem::create_directory(folder / "forbidden");
  std::filesystem::copy_file(folder.program(), folder / "unreadable");
  for (const char* name : {"secret", "forbidden", "unreadable"}) EXPECT(::chmod((folder / name).c_str(), 0) == 0);
  const spawnpipe::command child(folder.program(), {"exit", "2"});
  EXPECT(spawnpipe::run(child, {.until = patience()}));

  const auto before = host_os::open_descriptors();
  const auto refused = [](const spawnpipe::command& what, stage where, const std::string& subject) {
    const auto done = spawnpipe::spawn(what);
    EXPECT(done.failed_with(std::errc::permission_denied));
    EXPECT(!done && done.error().where == where);
    EXPECT(!done && done.error().subject == subject);
  };
  auto each = child;
  refused(spawnpipe::command(folder / "unreadable"), stage::exec, folder / "unreadable");
  refused((each = child).cwd(folder / "forbidden"), stage::cwd, folder / "forbidden");
  refused((each = child).cwd(folder / "forbidden/below"), stage::cwd, folder / "forbidden/below");
  refused((each = child).in(from_file{folder / "secret"}), stage::redirect, folder / "secret");
  refused((each = child).out(to_file{folder / "secret"}), stage::redirect, folder / "secret");
  refused((each = child).err(to_file{folder / "forbidden/x"}), stage::redirect, folder / "forbidden/x");
  EXPECT(host_os::open_descriptors() == before);
  EXPECT(host_os::children().empty());

  const auto works = spawnpipe::run(child, {.until = patience()});
  EXPECT(works && works->status.code() == 2U);
  EXPECT(::chmod((folder / "forbidden").c_str(), 0700) == 0);
}
TEST_CASE("[P1] a host without the right: program, directory and redirects") { PLAY_SCENARIO("a host that may not"); }

HOST_SCENARIO(no_processes, "a host that may not make processes") {
  const harness::own_folder folder;
  const spawnpipe::command child(folder.program(), {"exit", "2"});
  EXPECT(spawnpipe::run(child, {.until = patience()}));
  struct rlimit usual {};
  EXPECT(::getrlimit(RLIMIT_NPROC, &usual) == 0);
  struct rlimit none = usual;
  none.rlim_cur = 0;
  EXPECT(::setrlimit(RLIMIT_NPROC, &none) == 0);
  const auto before = host_os::open_descriptors();
  const auto done = spawnpipe::spawn(child);
  EXPECT(done.failed_with(std::errc::resource_unavailable_try_again));
  EXPECT(!done && done.error().where == stage::process);
  EXPECT(!done && done.error().subject == folder.program());
  EXPECT(host_os::open_descriptors() == before);
  EXPECT(host_os::children().empty());
  EXPECT(::setrlimit(RLIMIT_NPROC, &usual) == 0);
  EXPECT(spawnpipe::run(child, {.until = patience()}));
}
TEST_CASE("[P1] a host at its limit of processes") { PLAY_SCENARIO("a host that may not make processes"); }

}  // namespace
