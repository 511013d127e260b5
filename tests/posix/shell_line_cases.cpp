// Lines for a shell, read back by /bin/sh: what runs is what the command would have run.
#include "../children.hpp"
#include "../unit/random_text.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::temp_dir;
using spawnpipe::stdio::file_mode;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::to_file;
using strings = std::vector<std::string>;

namespace fs = std::filesystem;

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

// What the shell makes of the line.
spawnpipe::completed pasted(const spawnpipe::command& what) {
  return finish(spawnpipe::command::shell(to_string(what)));
}

std::string each_with_nul(const strings& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\0';
  return text;
}

TEST_CASE("[P2] hostile arguments come back from a shell as they were") {
  harness::leak_check nothing_left;
  strings all = {"",
                 "a b",
                 "'",
                 "''",
                 "it's",
                 "\"",
                 "\\",
                 "\\\\",
                 "a\\",
                 "$HOME",
                 "${HOME}",
                 "$(id)",
                 "`id`",
                 "!",
                 "!!",
                 "*",
                 "?",
                 "[a]",
                 "~",
                 "~root",
                 "a=~/b",
                 "-",
                 "--",
                 "-n",
                 "#",
                 "a#b",
                 "a;b",
                 "a&b",
                 "a|b",
                 "<a",
                 ">a",
                 "(a)",
                 "{a,b}",
                 "\n",
                 "a\n",
                 "\n\na",
                 "a\n\n",
                 "\t",
                 "\r",
                 "\r\n",
                 "\x1B",
                 "\x7F",
                 "\x01",
                 "\xFF",
                 "\xC3",
                 "\xC2\x9B",
                 "\xE6\xBC\xA2",
                 "\xF0\x9F\x98\x80",
                 "%s%n",
                 "\\033",
                 "=a",
                 "a=b",
                 "^",
                 "@",
                 "%1"};
  CHECK(pasted(command("args").args(all)).out == each_with_nul(all));
  for (const std::string& each : all) {
    CAPTURE(each);
    CHECK(pasted(command("args", each)).out == each_with_nul({each}));
  }
  std::string every_byte;
  for (int code = 1; code < 256; ++code) every_byte += static_cast<char>(code);
  CHECK(pasted(command("args", every_byte)).out == each_with_nul({every_byte}));
}

TEST_CASE("[P2] random arguments come back from a shell as they were") {
  harness::bound_case(std::chrono::seconds(60));
  harness::leak_check nothing_left;
  CAPTURE_SEED();
  unit::random_text any;
  const strings pieces = {"'", "\"", "\\", "$", "`", "!", "\n", "\r", "\t", "*",    "~",    "-",    "=",
                          "#", "a",  " ",  "(", ")", ";", "%",  "{",  "}",  "\xFF", "\x80", "\x1B", "\xC3\xA9"};
  for (int round = 0; round < 100; ++round) {
    const strings given = any.list(pieces, 6, 8);
    CHECK(pasted(command("args").args(given)).out == each_with_nul(given));
  }
}

TEST_CASE("[P2] a program of any name is run by the line of a shell") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  const harness::host_variable path("PATH", folder.text() + ":/usr/bin:/bin");
  for (const std::string name :
       {"plain", "two words", "it's", "-x", "a=b", "%1", "if", "echo", "test", "[", "!", "~", "\xFF"}) {
    CAPTURE(name);
    fs::copy_file(harness::child_program(), folder / name);
    const spawnpipe::command what(name, {"exit", "6"});
    CHECK(finish(what).status.code() == 6U);
    CHECK(pasted(what).status.code() == 6U);
    spawnpipe::command with_variable = what;
    with_variable.env().unset("SPAWNPIPE_TEST_NONE").set("PATH", "not shown");
    CHECK(pasted(with_variable).status.code() == 6U);
    CHECK(pasted(spawnpipe::command(folder / name, {"exit", "7"})).status.code() == 7U);
    // It is the word for env that names like these need.
    if (name == "echo") CHECK(finish(spawnpipe::command::shell("echo exit 6")).status.code() == 0U);
  }
}

TEST_CASE("[P2] directory and redirections are in the line of a shell") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  const harness::working_directory here(folder.path());
  for (const std::string name : {"sub", "a b", "it's", "-", "-P", "~", ".hidden"}) {
    CAPTURE(name);
    fs::create_directory(folder.path() / name);
    CHECK(fs::equivalent(pasted(command("cwd").cwd(name)).out, folder.path() / name));
  }
  CHECK(fs::equivalent(pasted(command("cwd").cwd("sub/..")).out, folder.path()));

  harness::write_file(folder / "in put", "some text");
  const auto copies = [&] { return command("cat").cwd("sub").in(from_file{"in put"}); };
  pasted(copies().out(to_file{"out"}));
  CHECK(harness::read_file(folder / "out") == "some text");
  pasted(copies().out(to_file{"out", file_mode::append}));
  CHECK(harness::read_file(folder / "out") == "some textsome text");
  pasted(copies().out(to_file{"out"}));
  CHECK(harness::read_file(folder / "out") == "some text");
  CHECK_FALSE(pasted(command("write", 5).cwd("sub").out(to_file{"out", file_mode::create_new})).success());
  CHECK(harness::read_file(folder / "out") == "some text");
  CHECK(
      pasted(command("write", 5).cwd("sub").out(to_file{"new", file_mode::create_new}).err(to_file{"out"})).success());
  CHECK(harness::read_file(folder / "new").size() == 5);
  CHECK(harness::read_file(folder / "out").empty());

  const std::string both = "out 0\nerr 0\nout 1\nerr 1\n";
  pasted(command("out-err-order", 2).out(to_file{"both"}).err(merge{}));
  CHECK(harness::read_file(folder / "both") == both);
  pasted(command("out-err-order", 2).out(to_file{"both"}).err(to_file{"both"}));
  CHECK(harness::read_file(folder / "both") == both);
  const auto one = pasted(command("out-err-order", 1).out(null{}));
  CHECK(one.out.empty());
  CHECK(one.err == "err 0\n");
  CHECK(pasted(command("cat").in(null{})).out.empty());
}

TEST_CASE("[P2] the line of a shell takes the shell's own values, and says which is missing") {
  harness::leak_check nothing_left;
  auto what = command("env", "SPAWNPIPE_TEST_ONE", "SPAWNPIPE_TEST_TWO").env("SPAWNPIPE_TEST_ONE", "s3cret");
  what.env().unset("SPAWNPIPE_TEST_TWO");
  CHECK(to_string(what).find("s3cret") == std::string::npos);
  const auto missing = pasted(what);
  CHECK_FALSE(missing.success());
  CHECK(missing.err.find("SPAWNPIPE_TEST_ONE") != std::string::npos);
  const harness::host_variable one("SPAWNPIPE_TEST_ONE", "of the shell");
  const harness::host_variable two("SPAWNPIPE_TEST_TWO", "gone");
  CHECK(pasted(what).out == each_with_nul({"SPAWNPIPE_TEST_ONE=of the shell", "SPAWNPIPE_TEST_TWO"}));
  what.env().clear().set("SPAWNPIPE_TEST_ONE", "s3cret");
  CHECK(pasted(what).out == each_with_nul({"SPAWNPIPE_TEST_ONE=of the shell", "SPAWNPIPE_TEST_TWO"}));
}

TEST_CASE("[P2] a line of a shell in a line for a shell") {
  harness::leak_check nothing_left;
  CHECK(pasted(spawnpipe::command::shell("echo 'a  b' && exit 4")).status.code() == 4U);
  CHECK(pasted(spawnpipe::command::shell("printf %s \"$1\"").args({"zero", "a  'b'"})).out == "a  'b'");
}

}  // namespace
