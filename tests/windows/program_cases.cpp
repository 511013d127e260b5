// Which program runs, and with which arguments: what a look-up, a command line, an environment and a batch file can be made to do.
#include "../children.hpp"
#include "../unit/random_text.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::temp_dir;
using spawnpipe::errc;
using spawnpipe::stage;
using strings = std::vector<std::string>;

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

std::string each_with_nul(const strings& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\0';
  return text;
}

void copy_helper(const std::string& to) {
  std::filesystem::copy_file(harness::child_program(), to, std::filesystem::copy_options::overwrite_existing);
}

// ---- arguments

TEST_CASE("[P2] random arguments arrive as they were given") {
  harness::bound_case(std::chrono::seconds(120));
  harness::leak_check nothing_left;
  CAPTURE_SEED();
  unit::random_text any;
  const strings pieces = {"\\", "\\\\", "\"", " ", "\t", "\n",     "%",          "%PATH%", "^",
                          "&",  "!",    "'",  "*", "?",  "a",      "b c",        "-",      "/",
                          "|",  "<",    ">",  "(", ")",  "\u00e9", "\U0001F600", "\x7F",   "\x01"};
  for (int round = 0; round < 200; ++round) {
    const strings given = any.list(pieces, 6, 8);
    CHECK(finish(command("args").args(given)).out == each_with_nul(given));
  }
}

TEST_CASE("[P1] a command line may have 32,766 units, and not one more") {
  harness::leak_check nothing_left;
  const std::string start = finish(command("show-command-line")).out;
  REQUIRE(start.size() > 10);
  constexpr std::size_t most = 32'766;
  // `start` names the verb; the argument stands behind a space.
  const std::size_t room = most - start.size() - 1;
  const auto with = [](std::size_t length) { return command("show-command-line").arg(std::string(length, 'x')); };
  CHECK(finish(with(room)).out.size() == most);
  for (const std::size_t length : {room + 1, room + 2, std::size_t{40'000}, std::size_t{3'000'000}}) {
    CAPTURE(length);
    const auto refused = spawnpipe::spawn(with(length));
    REQUIRE_FALSE(refused);
    CHECK(refused.failed_with(std::errc::argument_list_too_long));
    CHECK(to_string(refused.error()).find("32766") != std::string::npos);
  }
  // Units count, not bytes: each of these has two of them and four bytes.
  std::string wide;
  for (std::size_t count = 0; count < room / 2; ++count) wide += "\U0001F600";
  CHECK(finish(command("show-command-line").arg(wide)).success());
  CHECK(spawnpipe::spawn(command("show-command-line").arg(wide + "\U0001F600"))
            .failed_with(std::errc::argument_list_too_long));
}

TEST_CASE("[P1] text that is not UTF-8 is refused, and the error says which") {
  harness::leak_check nothing_left;
  const std::string bad = "a\xFF";
  const auto refused = [](const spawnpipe::command& what) {
    const auto made = spawnpipe::spawn(what);
    REQUIRE_FALSE(made);
    CHECK(made.failed_with(errc::invalid_argument));
    CHECK(made.error().where == stage::command);
    return made.error().subject;
  };
  CHECK(refused(command("args").arg(bad)).find("argv[2]") != std::string::npos);
  CHECK(refused(spawnpipe::command(bad)).find("program") != std::string::npos);
  CHECK(refused(command("args").cwd(bad)).find("cwd") != std::string::npos);
  CHECK(refused(command("args").env("SPAWNPIPE_TEST_BAD", bad)).find("SPAWNPIPE_TEST_BAD") != std::string::npos);
}

// ---- which program

TEST_CASE("[P2] a program in a current directory is not found, whichever it is") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  copy_helper(folder / "only-here.exe");
  CHECK(finish(spawnpipe::command(folder / "only-here.exe", {"exit", "5"})).status.code() == 5U);
  const auto path = [&](const std::string& value) {
    return spawnpipe::command("only-here", {"exit"}).cwd(folder.text()).env("PATH", value);
  };
  for (const char* value : {"", ".", ";", ".;;\\", "only-here.exe", "..;C:"}) {
    CAPTURE(std::string(value));
    const auto made = spawnpipe::spawn(path(value));
    REQUIRE_FALSE(made);
    CHECK(made.failed_with(std::errc::no_such_file_or_directory));
    CHECK(made.error().where == stage::exec);
    CHECK(made.error().subject == "only-here");
  }
  CHECK(finish(path(folder.text())).success());
  CHECK(finish(path("C:\\no such folder;\"" + folder.text() + "\"")).success());
  // A name with a separator is a path, and starts at the child's directory.
  CHECK(finish(spawnpipe::command(".\\only-here.exe", {"exit"}).cwd(folder.text())).success());
  CHECK(finish(spawnpipe::command("./only-here", {"exit"}).cwd(folder.text())).success());
}

TEST_CASE("[P2] a path with a space runs that program, and not the one that its first word names") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  std::filesystem::create_directory(folder.path() / "sp ace");
  copy_helper(folder / "sp.exe");
  copy_helper(folder / "sp ace/real.exe");
  for (const char* name : {"sp ace/real.exe", "sp ace\\real.exe", "sp ace/real"}) {
    CAPTURE(std::string(name));
    const auto done = finish(spawnpipe::command(folder / name, {"argv0"}));
    CHECK(done.success());
    CHECK(done.out.find("real") != std::string::npos);
  }
  const auto cut = spawnpipe::spawn(spawnpipe::command(folder / "sp ace/missing.exe", {"exit"}));
  CHECK(cut.failed_with(std::errc::no_such_file_or_directory));
}

TEST_CASE("[P2] dots and spaces behind a name are none of it, as Windows sees it") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  copy_helper(folder / "tool.exe");
  for (const char* name : {"tool.exe", "tool.exe.", "tool.exe . .", "tool"}) {
    CAPTURE(std::string(name));
    CHECK(finish(spawnpipe::command(folder / name, {"exit", "6"})).status.code() == 6U);
  }
}

// ---- environments

TEST_CASE("[P2] an environment of 32 K, a long variable, and names in any case") {
  harness::leak_check nothing_left;
  const std::string longest(32'000, 'v');
  auto what = command("env", "SPAWNPIPE_TEST_LONG", "spawnpipe_test_case").env("SPAWNPIPE_TEST_LONG", longest);
  for (int count = 0; count < 500; ++count) {
    what.env("SPAWNPIPE_TEST_" + std::to_string(count), std::string(60, 'x'));
  }
  what.env("Spawnpipe_Test_Case", "one");
  const auto done = finish(what);
  CHECK(done.success());
  CHECK(done.out == "SPAWNPIPE_TEST_LONG=" + longest + '\0' + "spawnpipe_test_case=one" + '\0');
}

// ---- batch files

TEST_CASE("[P2] a batch file gets its arguments, and nothing in them is run") {
  harness::bound_case(std::chrono::seconds(120));
  harness::leak_check nothing_left;
  const temp_dir folder;
  const std::string marker = folder / "marker";
  // The helper prints what cmd.exe passes on.
  harness::write_file(folder / "show.bat", "@echo off\r\n\"" + harness::child_program() + "\" args %*\r\n");
  const std::string inject = "echo x>\"" + marker + "\"";
  const strings hostile = {"\"&" + inject + "&\"", "&" + inject,         "|" + inject,           "a\" & " + inject,
                           "^&" + inject,          "&&" + inject + "&&", "\"|" + inject + "|\"", ")&" + inject,
                           "\\\"&" + inject,       "^\"&" + inject,      "`" + inject + "`",     "!a!&" + inject,
                           ">\"" + marker + "\"",  "\n" + inject};
  for (const char* name : {"show.bat", "show.BAT", "show.bat.", "show.bat . ", "show"}) {
    for (const std::string& each : hostile) {
      CAPTURE(std::string(name));
      CAPTURE(each);
      const auto done = spawnpipe::run(spawnpipe::command(folder / name, {each}), {.until = patience()});
      if (each.front() == '\n') {
        REQUIRE_FALSE(done);
        CHECK(done.failed_with(errc::invalid_argument));
      } else {
        CHECK_OK(done);
      }
      CHECK_FALSE(std::filesystem::exists(folder.path() / "marker"));
    }
  }
  for (const std::string& each : strings{"", "plain", "two words", "a&b", "a|b", "<a>", "^", "^^", "(a)", "!a!",
                                         "a,b;c=d", "@", "tail\\", "a b\\", "'a'", "*", "\u00e9"}) {
    CAPTURE(each);
    CHECK(finish(spawnpipe::command(folder / "show.bat", {each, "last"})).out == each_with_nul({each, "last"}));
  }
}

}  // namespace
