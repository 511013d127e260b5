// Which file which() names on POSIX, exactly; and what spawn makes of the same.
#include "../children.hpp"
#include "../scenario.hpp"
#include "own_folder.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using harness::patience;
using harness::temp_dir;
using spawnpipe::command;
using spawnpipe::stage;
using spawnpipe::which;

namespace fs = std::filesystem;

// A script in a folder of its own, which ends with that code.
std::string script(const temp_dir& root, const std::string& folder, const std::string& text, unsigned mode = 0755) {
  fs::create_directory(root.path() / folder);
  const std::string path = root / (folder + "/tool");
  harness::write_file(path, text);
  if (::chmod(path.c_str(), mode) != 0) FAIL("chmod " << path);
  return path;
}

command tool(const std::string& path) { return command("tool").env("PATH", path); }

std::string named(const command& what) {
  const auto found = which(what);
  return found ? *found : "(" + found.error().code.message() + ")";
}

int code_of(const command& what) {
  const auto done = spawnpipe::run(what, {.until = patience()});
  return done && done->status.code() ? static_cast<int>(*done->status.code()) : -1;
}

TEST_CASE("[P1] parts of PATH that are empty or relative are seen from the directory of the command") {
  harness::leak_check nothing_left;
  const temp_dir root;
  const std::string one = script(root, "one", "#!/bin/sh\nexit 1\n");
  const std::string two = script(root, "two", "#!/bin/sh\nexit 2\n");
  const auto in_one = [&](const std::string& path) { return tool(path).cwd(root / "one"); };
  CHECK(named(in_one("")) == one);
  CHECK(named(in_one(":" + root / "two")) == one);
  CHECK(named(in_one((root / "two") + ":")) == two);
  CHECK(named(in_one((root / "missing") + "::" + (root / "two"))) == one);
  CHECK(named(in_one(".")) == root / "one/./tool");
  CHECK(named(in_one("../two")) == root / "one/../two/tool");
  CHECK(named(tool("two").cwd(root.text())) == two);
  CHECK(named(command("./tool").cwd(root / "one")) == root / "one/./tool");
  CHECK(code_of(in_one("../two")) == 2);
  CHECK(code_of(in_one("")) == 1);
  const harness::working_directory here(root.path() / "one");
  CHECK(named(tool("")) == fs::current_path() / "tool");
  CHECK(named(tool("../two")) == (fs::current_path() / "../two/tool").string());
  CHECK(named(command("./tool")) == (fs::current_path() / "./tool").string());
}

TEST_CASE("[P1] a file that may not be executed is passed over, and told of where there is no other") {
  harness::leak_check nothing_left;
  const temp_dir root;
  script(root, "text", "exit 1\n", 0644);
  const std::string good = script(root, "good", "#!/bin/sh\nexit 2\n");
  fs::create_directories(root.path() / "folder" / "tool");
  fs::create_directories(root.path() / "pipe");
  REQUIRE(::mkfifo((root / "pipe/tool").c_str(), 0755) == 0);
  for (const std::string folder : {"text", "folder", "pipe"}) {
    CAPTURE(folder);
    const command both = tool((root / folder) + ":" + (root / "good"));
    CHECK(named(both) == good);
    CHECK(code_of(both) == 2);
    // Behind it nothing is found: what was passed over is the reason.
    for (const std::string& rest : {std::string(), ":" + (root / "missing"), ":" + (root / "text/tool")}) {
      const command alone = tool((root / folder) + rest);
      const auto found = which(alone);
      const auto done = spawnpipe::spawn(alone);
      REQUIRE_FALSE(found);
      REQUIRE_FALSE(done);
      CHECK(found.failed_with(std::errc::permission_denied));
      CHECK(done.failed_with(std::errc::permission_denied));
      CHECK(to_string(found.error()) == to_string(done.error()));
    }
  }
}

TEST_CASE("[P1] a script counts where its interpreter can be run") {
  harness::leak_check nothing_left;
  const temp_dir root;
  const std::string good = script(root, "good", "#!/bin/sh\nexit 2\n");
  script(root, "no interpreter", "#! /no/such/interpreter -x\nexit 1\n");
  script(root, "ends in CR", "#!/bin/sh\r\nexit 1\r\n");
  script(root, "is a folder", "#!/tmp\nexit 1\n");
  script(root, "of a script", "#!" + root / "no interpreter/tool" + "\nexit 1\n");
  for (const std::string folder : {"no interpreter", "ends in CR", "is a folder", "of a script"}) {
    CAPTURE(folder);
    const command both = tool((root / folder) + ":" + (root / "good"));
    CHECK(named(both) == good);
    CHECK(code_of(both) == 2);
    for (const command& alone : {tool(root / folder), command(root / (folder + "/tool"))}) {
      const auto found = which(alone);
      const auto done = spawnpipe::spawn(alone);
      REQUIRE_FALSE(found);
      REQUIRE_FALSE(done);
      CHECK(found.error().code == done.error().code);
      CHECK(to_string(found.error()) == to_string(done.error()));
      CHECK(to_string(done.error()).find("its interpreter \"") != std::string::npos);
    }
  }
  // Without a first line of that kind, or with an empty one, the shell runs it.
  for (const std::string text : {"exit 3\n", "#!\nexit 3\n", "#!  \nexit 3\n", "# !/no/such\nexit 3\n"}) {
    CAPTURE(text);
    const std::string path = script(root, "plain", text);
    CHECK(named(tool(root / "plain")) == path);
    CHECK(code_of(tool(root / "plain")) == 3);
  }
  const std::string relative = script(root, "relative", "#!../interpreter\n");
  harness::write_file(root / "interpreter", "#!/bin/sh\nexit 4\n");
  REQUIRE(::chmod((root / "interpreter").c_str(), 0755) == 0);
  CHECK(named(command("./tool").cwd(root / "relative")) == root / "relative/./tool");
  CHECK(code_of(command("./tool").cwd(root / "relative")) == 4);
  CHECK(named(command("relative/tool").cwd(root.text())) != relative);
  CHECK(code_of(command("relative/tool").cwd(root.text())) == -1);
}

TEST_CASE("[P1] a program whose loader is missing is not there, and the error says what is") {
  harness::leak_check nothing_left;
  const temp_dir root;
  // The helper program, with another loader in its header of the same length.
  std::string image = harness::read_file(harness::child_program());
  const std::size_t loader = image.find("/lib64/ld-linux-x86-64.so.2");
  if (loader == std::string::npos) SKIP_CASE("the helper program names no loader that this case knows");
  image.replace(loader, 6, "/lib00");
  const std::string path = script(root, "broken", image);
  const command what(path, {"exit"});
  CHECK(which(what).failed_with(std::errc::no_such_file_or_directory));
  const auto done = spawnpipe::spawn(what);
  REQUIRE(done.failed_with(std::errc::no_such_file_or_directory));
  CHECK(to_string(done.error()).find("its loader \"/lib00/ld-linux-x86-64.so.2\" is not there") != std::string::npos);
}

TEST_CASE("[P1] links are followed, and stay in the name; one that leads to itself ends the search") {
  harness::leak_check nothing_left;
  const temp_dir root;
  const std::string good = script(root, "good", "#!/bin/sh\nexit 2\n");
  fs::create_directories(root.path() / "link");
  fs::create_directories(root.path() / "dangling");
  fs::create_directories(root.path() / "loop");
  fs::create_symlink("../good/tool", root.path() / "link/tool");
  fs::create_symlink("nowhere", root.path() / "dangling/tool");
  fs::create_symlink("tool", root.path() / "loop/tool");
  CHECK(named(tool(root / "link")) == root / "link/tool");
  CHECK(code_of(tool(root / "link")) == 2);
  CHECK(named(tool((root / "dangling") + ":" + (root / "good"))) == good);
  const command loop = tool((root / "loop") + ":" + (root / "good"));
  const auto found = which(loop);
  const auto done = spawnpipe::spawn(loop);
  REQUIRE_FALSE(found);
  REQUIRE_FALSE(done);
  CHECK(found.failed_with(std::errc::too_many_symbolic_link_levels));
  CHECK(done.error().code == found.error().code);
}

TEST_CASE("[P1] without PATH the usual folders are searched") {
  harness::leak_check nothing_left;
  command what("sh", {"-c", "exit 5"});
  what.env().unset("PATH");
  const auto found = which(what);
  REQUIRE_OK(found);
  CHECK(fs::exists(*found));
  CHECK((*found == "/bin/sh" || *found == "/usr/bin/sh"));
  CHECK(code_of(what) == 5);
  const harness::host_variable unset("PATH", std::nullopt);
  CHECK(which("sh").value_or("") == *found);
  CHECK(code_of(command("sh", {"-c", "exit 5"})) == 5);
}

HOST_SCENARIO(unsearchable, "a host that may not search a folder of PATH") {
  const harness::own_folder folder;
  fs::create_directory(folder / "closed");
  fs::create_directory(folder / "open");
  fs::copy_file(folder.program(), folder / "closed/tool");
  fs::copy_file(folder.program(), folder / "open/tool");
  EXPECT(::chmod((folder / "closed").c_str(), 0644) == 0);
  const command both = tool((folder / "closed") + ":" + (folder / "open")).arg("exit").arg("7");
  EXPECT(named(both) == folder / "open/tool");
  EXPECT(code_of(both) == 7);
  const command alone = tool(folder / "closed");
  const auto found = which(alone);
  const auto done = spawnpipe::spawn(alone);
  EXPECT(found.failed_with(std::errc::permission_denied));
  EXPECT(done.failed_with(std::errc::permission_denied));
  EXPECT(!found && !done && to_string(found.error()) == to_string(done.error()));
  EXPECT(!done && to_string(done.error()).find("closed\" may not be searched (mode 0644, user ") != std::string::npos);
  // A directory that may be read, and not entered.
  EXPECT(which(tool(folder / "open").cwd(folder / "closed")).failed_with(std::errc::permission_denied));
  EXPECT(::chmod((folder / "closed").c_str(), 0755) == 0);
}
TEST_CASE("[P1] a folder of PATH that may not be searched is passed over, and told of") {
  PLAY_SCENARIO("a host that may not search a folder of PATH");
}

}  // namespace
