// What which() says is what spawn does: for each set-up, one is asked and the other one is done.
#include "children.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace {

using harness::patience;
using harness::temp_dir;
using spawnpipe::command;
using spawnpipe::errc;
using spawnpipe::stage;
using spawnpipe::which;

namespace fs = std::filesystem;

// Folders in each of which there may be a program of one name, which tells by its exit code where it is.
class folders {
 public:
  // The name of the programs, as it is typed.
  static constexpr const char* name = "spawnpipe-test-tool";

  [[nodiscard]] fs::path path(const std::string& folder) const { return root_.path() / folder; }
  [[nodiscard]] std::string text(const std::string& folder) const { return harness::text_of(path(folder)); }

  void empty(const std::string& folder) { fs::create_directory(path(folder)); }
  // Its file.
  fs::path program(const std::string& folder) {
    empty(folder);
    const fs::path made =
        host_os::make_script(path(folder), harness::child_program(), "exit " + std::to_string(++last_code_));
    fs::path file = made.parent_path() / (name + made.extension().string());
    fs::rename(made, file);
    codes_.emplace(last_code_, fs::canonical(path(folder)));
    return file;
  }

  // PATH of these.
  template <class... Names>
  [[nodiscard]] std::string list(const Names&... names) const {
    std::string text;
    for (const std::string& each : {std::string(names)...}) {
      text += (text.empty() ? "" : std::string(1, host_os::path_separator())) + this->text(each);
    }
    return text;
  }

  // Asks both, and compares. The folder of the program that ran.
  std::optional<std::string> agreed(const command& what) const {
    const auto found = which(what);
    const auto done = spawnpipe::run(what, {.until = patience()});
    CHECK(found.has_value() == done.has_value());
    if (!found || !done) {
      if (!found && !done) {
        CHECK(found.error().code == done.error().code);
        CHECK(found.error().where == done.error().where);
        CHECK(found.error().subject == done.error().subject);
        CHECK(to_string(found.error()) == to_string(done.error()));
      }
      return std::nullopt;
    }
    const fs::path file = harness::path_of(*found);
    CHECK(file.is_absolute());
    CHECK(fs::is_regular_file(file));
    const auto code = done->status.code();
    REQUIRE(code);
    const auto where = codes_.find(static_cast<int>(*code));
    REQUIRE(where != codes_.end());
    CHECK(fs::canonical(file.parent_path()) == where->second);
    return harness::text_of(where->second.filename());
  }

 private:
  temp_dir root_;
  int last_code_ = 40;
  std::map<int, fs::path> codes_;
};

command with_path(const std::string& path) { return command(folders::name).env("PATH", path); }

TEST_CASE("[P1] which and spawn take the first folder of PATH that has the program") {
  harness::leak_check nothing_left;
  folders all;
  all.empty("empty");
  all.program("one");
  all.program("two");
  CHECK(all.agreed(with_path(all.list("one", "two"))) == "one");
  CHECK(all.agreed(with_path(all.list("two", "one"))) == "two");
  CHECK(all.agreed(with_path(all.list("empty", "missing", "two"))) == "two");
  CHECK_FALSE(all.agreed(with_path(all.list("empty", "missing"))));
  CHECK(all.agreed(with_path(all.list("one", "one"))) == "one");
}

TEST_CASE("[P1] which and spawn pass over what is no program in a folder of PATH") {
  harness::leak_check nothing_left;
  folders all;
  const fs::path file = all.program("good");
  all.empty("has a folder");
  fs::create_directory(all.path("has a folder") / file.filename());
  fs::create_directory(all.path("has a folder") / folders::name);
  harness::write_file(all.text("a file"), "");
  CHECK(all.agreed(with_path(all.list("has a folder", "a file", "good"))) == "good");
  CHECK_FALSE(all.agreed(with_path(all.list("has a folder"))));
  CHECK_FALSE(all.agreed(with_path(all.list("a file"))));
  // Windows takes .. by the text alone; others want the folder before it.
  const std::string through_missing = all.text("good") + "/../missing/../good";
  CHECK(all.agreed(with_path(through_missing)).has_value() == fs::exists(harness::path_of(through_missing)));
}

TEST_CASE("[P1] which and spawn agree on parts of PATH that name no folder for certain") {
  harness::leak_check nothing_left;
  folders all;
  all.program("here");
  all.program("other");
  const std::string separator(1, host_os::path_separator());
  for (const std::string& path :
       {std::string(), separator, separator + separator, std::string("."), std::string("here"), "." + separator,
        separator + all.text("other"), "here" + separator + all.text("other"), all.text("other") + separator,
        "./here" + separator, ".." + separator + "here", all.text("missing") + separator}) {
    for (const char* cwd : {"here", "other", ""}) {
      CAPTURE(path);
      CAPTURE(std::string(cwd));
      command what = with_path(path);
      (void)all.agreed(what.cwd(all.text(cwd)));
    }
    const harness::working_directory there(all.path("here"));
    (void)all.agreed(with_path(path));
  }
  CHECK(all.agreed(with_path(all.text("other") + separator).cwd(all.text("here"))) == "other");
}

TEST_CASE("[P1] which and spawn agree where PATH is not set") {
  harness::leak_check nothing_left;
  folders all;
  all.program("here");
  command unset(folders::name);
  unset.env().unset("PATH");
  CHECK_FALSE(all.agreed(unset));
  CHECK_FALSE(all.agreed(command(unset).cwd(all.text("here"))));
  command cleared(folders::name);
  cleared.env().clear();
  CHECK_FALSE(all.agreed(cleared));
}

TEST_CASE("[P1] which looks in the PATH of the command, and in the host's where it has none of its own") {
  harness::leak_check nothing_left;
  folders all;
  all.program("of the host");
  all.program("of the command");
  all.empty("empty");
  const harness::host_variable path("PATH", all.list("of the host"));
  CHECK(all.agreed(command(folders::name)) == "of the host");
  CHECK(all.agreed(with_path(all.list("of the command"))) == "of the command");
  CHECK_FALSE(all.agreed(with_path(all.list("empty"))));
  const auto by_name = which(folders::name);
  const auto by_command = which(command(folders::name));
  REQUIRE_OK(by_name);
  REQUIRE_OK(by_command);
  CHECK(*by_name == *by_command);
  CHECK(which("spawnpipe-no-such-program").failed_with(std::errc::no_such_file_or_directory));
}

TEST_CASE("[P1] which and spawn see a path from the directory of the command") {
  harness::leak_check nothing_left;
  folders all;
  all.program("here");
  const fs::path file = all.program("other");
  const std::string name = harness::text_of(file.filename());
  CHECK(all.agreed(command("./" + name).cwd(all.text("here"))) == "here");
  CHECK(all.agreed(command("../other/" + name).cwd(all.text("here"))) == "other");
  CHECK(all.agreed(command("other/" + name).cwd(all.text(""))) == "other");
  CHECK(all.agreed(command(harness::text_of(file)).cwd(all.text("here"))) == "other");
  CHECK(all.agreed(command(harness::text_of(file))) == "other");
  CHECK_FALSE(all.agreed(command("./missing").cwd(all.text("here"))));
  CHECK_FALSE(all.agreed(command("./" + name).cwd(all.text(""))));
  CHECK_FALSE(all.agreed(command(name + "/x").cwd(all.text("here"))));
  CHECK_FALSE(all.agreed(command("./here").cwd(all.text(""))));  // a directory
  CHECK_FALSE(all.agreed(command(all.text("here"))));
  const harness::working_directory there(all.path("here"));
  CHECK(all.agreed(command("./" + name)) == "here");
  CHECK(all.agreed(command("../other/" + name)) == "other");
  CHECK(all.agreed(command("./" + name).cwd("../other")) == "other");
}

TEST_CASE("[P1] which and spawn agree on a directory that the command cannot have") {
  harness::leak_check nothing_left;
  folders all;
  const fs::path file = all.program("here");
  for (const std::string& cwd :
       {all.text("missing"), harness::text_of(file), harness::text_of(file) + "/x", std::string()}) {
    CAPTURE(cwd);
    command what = with_path(all.list("here"));
    CHECK_FALSE(all.agreed(what.cwd(cwd)));
    CHECK(which(what).error().where == stage::cwd);
  }
}

TEST_CASE("[P1] which refuses what spawn refuses") {
  harness::leak_check nothing_left;
  const folders all;
  CHECK_FALSE(all.agreed(command("")));
  CHECK_FALSE(all.agreed(command(std::string("a\0b", 3))));
  CHECK_FALSE(all.agreed(command(folders::name).env("A=B", "x")));
  CHECK_FALSE(all.agreed(command(folders::name).cwd(std::string("a\0b", 3))));
  CHECK(which("").failed_with(errc::invalid_argument));
}

TEST_CASE("which starts nothing, and needs no loop of this thread") {
  harness::leak_check nothing_left;
  folders all;
  const fs::path file = all.program("here");
  auto loop = harness::must(spawnpipe::event_loop::create());
  bool called = false;
  auto running = harness::must(spawnpipe::spawn(loop, harness::command("exit")));
  running.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status&) {
    called = true;
    CHECK(which(with_path(all.list("here"))).has_value());
  });
  REQUIRE_OK(loop.run(patience()));
  CHECK(called);
  CHECK(which(command::shell("exit 3")).has_value());
}

}  // namespace
