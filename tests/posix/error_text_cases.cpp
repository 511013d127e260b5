// What to_string says of failures that the system makes, each provoked.
#include "../children.hpp"
#include "../scenario.hpp"
#include "own_folder.hpp"
#include "replaced_call.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using harness::patience;
using harness::temp_dir;
using spawnpipe::command;
using spawnpipe::exit_status;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::to_file;

namespace fs = std::filesystem;

std::string words(int number) { return std::error_code(number, std::system_category()).message(); }

std::string said(const command& what) {
  const auto done = spawnpipe::spawn(what);
  return done ? "(started)" : to_string(done.error());
}

// The command and what is said of it, between the name of the program or path and the end.
struct row {
  command what;
  std::string text;
};

TEST_CASE("[P1] a program that is not found: where it was looked for") {
  harness::leak_check nothing_left;
  const temp_dir root;
  fs::create_directory(root.path() / "d");
  const std::string none = ": " + words(ENOENT) + "; ";
  const auto gti = [](const std::string& path) { return command("gti").env("PATH", path); };
  command unset("gti");
  unset.env().unset("PATH");
  std::string many;
  for (int count = 0; count < 40; ++count) many += (count > 0 ? ":/no/" : "/no/") + std::to_string(count);
  const std::string wide(550, 'x');
  const row rows[] = {
      {gti("/no/a:/no/b"), "cannot start \"gti\"" + none + "looked for in PATH: \"/no/a\", \"/no/b\""},
      {gti("/no/a::x"), "cannot start \"gti\"" + none + "looked for in PATH: \"/no/a\", the child's directory, \"x\""},
      {gti(""), "cannot start \"gti\"" + none + "looked for in PATH: the child's directory"},
      {gti("/a/" + wide + ":/b/" + wide),
       "cannot start \"gti\"" + none + "looked for in PATH: \"/a/" + wide + "\" and 1 more"},
      {command("./gti").cwd(root.text()), "cannot start \"./gti\"" + none + "seen from \"" + root.text() + "\""},
      {command("d/e/gti").cwd(root.text()),
       "cannot start \"d/e/gti\"" + none + "\"" + root / "d/e" + "\" is not there, seen from \"" + root.text() + "\""},
      {command("/no/such/gti"), "cannot start \"/no/such/gti\"" + none + "\"/no\" is not there"},
      {command(root / "gti"), "cannot start \"" + root / "gti" + "\": " + words(ENOENT)},
  };
  for (const row& each : rows) CHECK(said(each.what) == each.text);
  CHECK(said(unset).find("; PATH is not set, looked for in \"/") != std::string::npos);
  CHECK(said(gti(many)).ends_with("\"/no/15\" and 24 more"));
}

TEST_CASE("[P1] a program that lies in the child's directory, and not in PATH") {
  harness::leak_check nothing_left;
  const temp_dir root;
  harness::write_file(root / "tool", "exit 0\n");
  const command what = command("tool").env("PATH", "/no/a").cwd(root.text());
  CHECK(said(what).ends_with("looked for in PATH: \"/no/a\""));
  REQUIRE(::chmod((root / "tool").c_str(), 0755) == 0);
  CHECK(said(what).ends_with("looked for in PATH: \"/no/a\"; the one in the child's directory is \"./tool\""));
}

TEST_CASE("[P1] a program that cannot be run: which file, and why") {
  harness::leak_check nothing_left;
  const temp_dir root;
  const auto file = [&](const std::string& name, const std::string& text, unsigned mode) {
    harness::write_file(root / name, text);
    REQUIRE(::chmod((root / name).c_str(), mode) == 0);
    return root / name;
  };
  const std::string user = std::to_string(::geteuid());
  const std::string plain = file("plain", "exit 0\n", 0644);
  const std::string script = file("script", "#!/usr/bin/pyhton3 -u\n", 0755);
  const std::string windows = file("windows", "#!/bin/sh\r\nexit\r\n", 0755);
  const std::string of_plain = file("of plain", "#!" + plain + "\n", 0755);
  fs::create_directory(root.path() / "folder");
  const auto start = [](const std::string& path) { return "cannot start \"" + path + "\": "; };
  const std::string denied = words(EACCES) + "; ";
  const std::string none = words(ENOENT) + "; ";
  const row rows[] = {
      {command(plain), start(plain) + denied + '"' + plain + "\" may not be executed (mode 0644, user " + user + ")"},
      {command("plain").env("PATH", root.text()),
       start("plain") + denied + '"' + plain + "\" may not be executed (mode 0644, user " + user + ")"},
      {command(root / "folder"), start(root / "folder") + denied + '"' + root / "folder" + "\" is a directory"},
      {command("folder").env("PATH", root.text() + ":/no"),
       start("folder") + denied + '"' + root / "folder" + "\" is a directory"},
      {command("/dev/null"), start("/dev/null") + denied + "\"/dev/null\" is no regular file"},
      {command(script), start(script) + none +
                            "its interpreter \"/usr/bin/pyhton3\" is not there, says the first line of \"" + script +
                            '"'},
      {command("script").env("PATH", root.text()),
       start("script") + none + "its interpreter \"/usr/bin/pyhton3\" is not there, says the first line of \"" +
           script + '"'},
      {command(windows), start(windows) + none +
                             "its interpreter \"/bin/sh\\r\" is not there, says the first line of \"" + windows +
                             "\", which ends with CR LF"},
      {command(of_plain), start(of_plain) + denied + "its interpreter \"" + plain +
                              "\" may not be executed, says the first line of \"" + of_plain + '"'},
      {command(plain + "/x"), start(plain + "/x") + words(ENOTDIR) + "; \"" + plain + "\" is no directory"},
  };
  for (const row& each : rows) CHECK(said(each.what) == each.text);

  const harness::replaced_call<&spawnpipe::platform::system_table::mounted_noexec> noexec(
      [](const char*, bool* answer) {
        *answer = true;
        return 0;
      });
  CHECK(said(command(plain)) == start(plain) + denied + '"' + plain + "\" is on a file system that is mounted noexec");
}

TEST_CASE("[P1] a directory and a redirect: which part of the path is the trouble") {
  harness::leak_check nothing_left;
  const temp_dir root;
  harness::write_file(root / "file", "");
  const command what = harness::command("exit");
  const std::string none = ": " + words(ENOENT);
  const auto enter = [&](const std::string& path) { return said(command(what).cwd(path)); };
  CHECK(enter(root / "missing") == "cannot enter the directory \"" + root / "missing" + '"' + none);
  CHECK(enter(root / "a/b/c") ==
        "cannot enter the directory \"" + root / "a/b/c" + '"' + none + "; \"" + root / "a" + "\" is not there");
  CHECK(enter(root / "file/x") == "cannot enter the directory \"" + root / "file/x" + "\": " + words(ENOTDIR) + "; \"" +
                                      root / "file" + "\" is no directory");
  CHECK(enter(root / "file") == "cannot enter the directory \"" + root / "file" + "\": " + words(ENOTDIR));
  const std::string to = "cannot redirect the child's streams to ";
  CHECK(said(command(what).in(from_file{root / "a/b"})) ==
        to + '"' + root / "a/b" + '"' + none + "; \"" + root / "a" + "\" is not there");
  const harness::working_directory here(root.path());
  const std::string seen = "seen from \"" + fs::current_path().string() + '"';
  CHECK(enter("missing") == "cannot enter the directory \"missing\"" + none + "; " + seen);
  CHECK(said(command(what).out(to_file{"a/b"})) == to + "\"a/b\"" + none + "; \"a\" is not there, " + seen);
}

TEST_CASE("[P1] arguments and variables that are too long: by how much") {
  harness::leak_check nothing_left;
  const std::string start = "cannot start \"" + harness::child_program() + "\": " + words(E2BIG) + "; ";
  command many = harness::command("exit");
  for (int count = 0; count < 100; ++count) many.arg(std::string(100'000, 'x'));
  const std::string text = said(many);
  CAPTURE(text);
  CHECK(text.starts_with(start + "arguments and environment have 100"));
  CHECK(text.find(" more than the ") != std::string::npos);
}

HOST_SCENARIO(limits_told, "a host at its limits, which are told") {
  const harness::own_folder folder;
  const command child(folder.program(), {"exit"});
  // A sanitizer looks at each kind of object once, and needs descriptors for that.
  EXPECT(spawnpipe::spawn(command(child).in(spawnpipe::stdio::pipe{})));
  struct rlimit usual {};
  EXPECT(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  struct rlimit few = usual;
  few.rlim_cur = host_os::open_descriptors().size() + 1;
  EXPECT(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const std::string files = said(command(child).in(spawnpipe::stdio::pipe{}));
  EXPECT(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  EXPECT(files == "cannot make a pipe for \"in\": " + words(EMFILE) + "; this process may have " +
                      std::to_string(few.rlim_cur) + " open (RLIMIT_NOFILE)");
  EXPECT(::getrlimit(RLIMIT_NPROC, &usual) == 0);
  struct rlimit none = usual;
  none.rlim_cur = 0;
  EXPECT(::setrlimit(RLIMIT_NPROC, &none) == 0);
  const std::string processes = said(child);
  EXPECT(::setrlimit(RLIMIT_NPROC, &usual) == 0);
  EXPECT(processes.starts_with("cannot make a process for \"" + folder.program() + "\": " + words(EAGAIN) +
                               "; this user may have 0 processes and threads (RLIMIT_NPROC)"));
}
TEST_CASE("[P1] a host at its limits: which limit, and how much it is") {
  PLAY_SCENARIO("a host at its limits, which are told");
}

HOST_SCENARIO(rights_told, "a host without rights, which are told") {
  const harness::own_folder folder;
  const std::string user = std::to_string(::geteuid());
  harness::write_file(folder / "secret", "x");
  fs::create_directory(folder / "closed");
  EXPECT(::chmod((folder / "secret").c_str(), 0) == 0);
  EXPECT(::chmod((folder / "closed").c_str(), 0500) == 0);
  const command child(folder.program(), {"exit"});
  const std::string to = "cannot redirect the child's streams to ";
  EXPECT(said(command(child).in(from_file{folder / "secret"})) ==
         to + '"' + folder / "secret" + "\": " + words(EACCES) + "; \"" + folder / "secret" +
             "\" may not be opened (mode 0000, user " + user + ")");
  EXPECT(said(command(child).out(to_file{folder / "closed/x"})) ==
         to + '"' + folder / "closed/x" + "\": " + words(EACCES) + "; \"" + folder / "closed" +
             "\" may not be written to (mode 0500, user " + user + ")");
  EXPECT(::chmod((folder / "closed").c_str(), 0) == 0);
  EXPECT(said(command(child).cwd(folder / "closed")) == "cannot enter the directory \"" + folder / "closed" +
                                                            "\": " + words(EACCES) + "; \"" + folder / "closed" +
                                                            "\" may not be entered (mode 0000, user " + user + ")");
  EXPECT(said(command(child).cwd(folder / "closed/x")) == "cannot enter the directory \"" + folder / "closed/x" +
                                                              "\": " + words(EACCES) + "; \"" + folder / "closed" +
                                                              "\" may not be searched (mode 0000, user " + user + ")");
  EXPECT(::chmod((folder / "closed").c_str(), 0700) == 0);
}
TEST_CASE("[P1] a host without the right: which file or folder, and whose it is") {
  PLAY_SCENARIO("a host without rights, which are told");
}

TEST_CASE("[P4] signals have names") {
  CHECK(to_string(exit_status::signalled(SIGKILL)) == "ended by signal 9 (SIGKILL)");
  CHECK(to_string(exit_status::signalled(SIGSEGV, true)) == "ended by signal 11 (SIGSEGV), core dumped");
  CHECK(to_string(exit_status::signalled(SIGUSR1)).ends_with(" (SIGUSR1)"));
  CHECK(to_string(exit_status::signalled(SIGRTMIN)).ends_with(" (SIGRTMIN)"));
  CHECK(to_string(exit_status::signalled(SIGRTMIN + 3)).ends_with(" (SIGRTMIN+3)"));
  CHECK(to_string(exit_status::signalled(4000)) == "ended by signal 4000");
  const auto done = harness::must(spawnpipe::run(harness::command("signal", SIGTERM), {.until = patience()}));
  CHECK(to_string(done) == "ended by signal 15 (SIGTERM)");
}

}  // namespace
