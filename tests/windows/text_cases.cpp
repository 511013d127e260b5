// What a person reads on Windows: errors and where a program was looked for, exit codes, and lines for the prompt of cmd.exe, which cmd.exe
// itself reads back here.
#include "../children.hpp"
#include "../unit/random_text.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::temp_dir;
using spawnpipe::which;
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

// What cmd.exe makes of the line.
spawnpipe::completed pasted(const spawnpipe::command& what) {
  return finish(spawnpipe::command::shell(to_string(what)));
}

std::string each_with_nul(const strings& all) {
  std::string text;
  for (const std::string& each : all) (text += each) += '\0';
  return text;
}

void copy_helper(const std::string& to) { fs::copy_file(harness::child_program(), to); }

std::string hint(const spawnpipe::command& what) {
  const auto done = spawnpipe::spawn(what);
  return done ? "(started)" : std::string(done.error().hint.view());
}

// ---- which

TEST_CASE("[P1] which names the file with its extension, and a batch file as itself") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  copy_helper(folder / "tool.exe");
  harness::write_file(folder / "batch.cmd", "@exit 3\r\n");
  harness::write_file(folder / "no-extension", "");
  const auto named = [&](const std::string& name) {
    const auto found = which(spawnpipe::command(name).env("PATH", folder.text()));
    return found ? fs::path(*found).filename().string() : std::string();
  };
  CHECK(named("tool") == "tool.exe");
  CHECK(named("tool.exe") == "tool.exe");
  CHECK(named("tool. .") == "tool.exe");
  CHECK(named("batch") == "batch.cmd");
  CHECK(named("no-extension").empty());
  CHECK(which(spawnpipe::command("tool").env("PATH", folder.text()).env("PATHEXT", ".CMD"))
            .failed_with(std::errc::no_such_file_or_directory));
  const auto shell = which(spawnpipe::command::shell("exit 1"));
  REQUIRE_OK(shell);
  CHECK(fs::path(*shell).filename() == "cmd.exe");
}

TEST_CASE("[P1] a directory in a current directory is not what a name without separator means") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  fs::create_directories(folder.path() / "sub" / "inner");
  const harness::working_directory here(folder.path());
  const auto refused = spawnpipe::spawn(spawnpipe::command("sub"));
  CHECK(refused.failed_with(std::errc::no_such_file_or_directory));
  CHECK(which("sub").failed_with(std::errc::no_such_file_or_directory));
  // With one it is a path, and seen from the child's directory.
  CHECK(spawnpipe::spawn(spawnpipe::command(".\\sub")).failed_with(std::errc::permission_denied));
  const auto inner = spawnpipe::command(".\\inner").cwd(folder / "sub");
  CHECK(spawnpipe::spawn(inner).failed_with(std::errc::permission_denied));
  CHECK(which(inner).failed_with(std::errc::permission_denied));
}

// ---- errors

TEST_CASE("[P1] a program that is not found: where it was looked for") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  const auto gti = [](const std::string& path) {
    return spawnpipe::command("gti").env("PATH", path).env("PATHEXT", ".EXE;.CMD");
  };
  CHECK(hint(gti(R"(C:\no\a;;.;relative;"C:\no\b;c")")) ==
        R"(looked for in PATH: "C:\no\a", "C:\no\b;c", with the extensions .EXE;.CMD)");
  CHECK(hint(gti(".")) == "looked for in PATH: no folder, with the extensions .EXE;.CMD");
  copy_helper(folder / "gti.exe");
  CHECK(hint(gti("C:\\no").cwd(folder.text())) ==
        R"(looked for in PATH: "C:\no", with the extensions .EXE;.CMD; the one in the child's directory is ".\gti")");
  const std::string seen = hint(spawnpipe::command(".\\no\\gti").cwd(folder.text()).env("PATHEXT", ".EXE"));
  CHECK(seen == "seen from \"" + folder.text() + "\", with the extensions .EXE");
  const auto failed = spawnpipe::spawn(gti("C:\\no"));
  REQUIRE_FALSE(failed);
  CHECK(to_string(failed.error()).starts_with("cannot start \"gti\": "));
  CHECK(hint(spawnpipe::command(folder.text())) == "it is a directory");
}

TEST_CASE("[P1] a file that is no program, a directory and a redirect, with their full paths") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  harness::write_file(folder / "text.exe", "this is no program");
  const std::string text = hint(spawnpipe::command(folder / "text.exe"));
  CHECK(text.find("text.exe\" is no program, or for another architecture") != std::string::npos);
  const harness::working_directory here(folder.path());
  const std::string full = harness::text_of(fs::current_path() / "missing");
  CHECK(hint(command("exit").cwd("missing")) == "that is \"" + full + '"');
  CHECK(hint(command("exit").in(from_file{"missing"})) == "that is \"" + full + '"');
  CHECK(hint(command("exit").cwd(full)).empty());
}

TEST_CASE("[P4] an exit code of Windows has its name") {
  const auto done = finish(command("exit-code", "3221225781"));  // 0xC0000135
  CHECK(to_string(done).starts_with("exited with code 0xC0000135 (STATUS_DLL_NOT_FOUND: "));
}

// ---- lines for the prompt

TEST_CASE("[P2] hostile arguments come back from the prompt of cmd.exe as they were") {
  harness::bound_case(std::chrono::seconds(60));
  harness::leak_check nothing_left;
  const strings all = {"",          "a b",      "\"",       "\"\"",      "say \"hi\"", "\\",      "a\\",
                       "a b\\",     "\\\"",     "a\\\\\"b", "%no-name%", "100%",       "%%",      "%",
                       "%no:~0,3%", "%no:a=b%", "%^",       "%\"%",      "^",          "^^",      "a^b",
                       "a&b",       "a|b",      "<a",       ">a",        "(a)",        ")",       "\"&exit 9&\"",
                       "&exit 9",   "\"|\"",    "!a!",      "*",         "?",          "a,b;c=d", "@",
                       "'",         "`",        "#",        "-x",        "/?",         "\u00e9",  "\u6f22",
                       "\U0001F600"};
  for (const std::string& each : all) {
    CAPTURE(each);
    CAPTURE(to_string(command("args", each)));
    CHECK(pasted(command("args", each, "last")).out == each_with_nul({each, "last"}));
  }
}

TEST_CASE("[P2] what would be a variable of the prompt comes back as it was") {
  if (host_os::small_pieces_are_slow()) {
    SKIP_CASE("Wine's cmd.exe takes each ^ away before it looks for variables, as that of Windows does not");
  }
  harness::leak_check nothing_left;
  for (const std::string each :
       {"%PATH%", "%PATH:~0,3%", "%PATH:a=b%", "\"%PATH%", "%PATH%\"", "^%PATH%^", "%%PATH%%", "&%PATH%|"}) {
    CAPTURE(each);
    CHECK(pasted(command("args", each, "last")).out == each_with_nul({each, "last"}));
  }
}

TEST_CASE("[P2] random arguments come back from the prompt of cmd.exe as they were") {
  harness::bound_case(std::chrono::seconds(120));
  harness::leak_check nothing_left;
  CAPTURE_SEED();
  unit::random_text any;
  const strings pieces = {"\"", "\\", "%", "%no%", "^", "&", "|", "<", ">", "(", ")", " ", "a", "!", ";", ",", "="};
  for (int round = 0; round < 60; ++round) {
    const strings given = any.list(pieces, 4, 6);
    CAPTURE(to_string(command("args").args(given)));
    CHECK(pasted(command("args").args(given)).out == each_with_nul(given));
  }
}

TEST_CASE("[P2] program, directory and redirections are in the line for the prompt") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  const harness::working_directory here(folder.path());
  fs::create_directory(folder.path() / "a b");
  copy_helper(folder / "a b/50% off.exe");
  CHECK(pasted(spawnpipe::command(folder / "a b/50% off.exe", {"exit", "6"})).status.code() == 6U);
  CHECK(fs::equivalent(harness::path_of(pasted(command("cwd").cwd("a b")).out), folder.path() / "a b"));
  pasted(command("write", 5).out(to_file{"new", file_mode::create_new}));
  CHECK(harness::read_file(folder / "new").size() == 5);
  pasted(command("out-err-order", 2).out(to_file{"both"}).err(merge{}));
  CHECK(harness::read_file(folder / "both") == "out 0\nerr 0\nout 1\nerr 1\n");
  const auto one = pasted(command("out-err-order", 1).out(null{}));
  CHECK(one.out.empty());
  CHECK(one.err == "err 0\n");
  auto changed = command("exit", 4).env("SPAWNPIPE_TEST_SECRET", "s3cret");
  changed.env().unset("A&B|C");
  CHECK(to_string(changed).find("s3cret") == std::string::npos);
  CHECK(pasted(changed).status.code() == 4U);
}

TEST_CASE("[P2] redirections in the line for the prompt are seen from the shell's directory, not from the child's") {
  if (host_os::small_pieces_are_slow()) SKIP_CASE("Wine's cmd.exe does not redirect what is in parentheses");
  harness::leak_check nothing_left;
  const temp_dir folder;
  const harness::working_directory here(folder.path());
  fs::create_directory(folder.path() / "a b");
  harness::write_file(folder / "in put", "some text");
  const auto copies = [&] { return command("cat").cwd("a b").in(from_file{"in put"}); };
  pasted(copies().out(to_file{"out"}));
  CHECK(harness::read_file(folder / "out") == "some text");
  pasted(copies().out(to_file{"out", file_mode::append}));
  CHECK(harness::read_file(folder / "out") == "some textsome text");
  pasted(command("write", 5).out(to_file{"out", file_mode::create_new}));
  CHECK(harness::read_file(folder / "out") == "some textsome text");
}

TEST_CASE("[P2] a batch file and a line of cmd.exe in a line for the prompt") {
  harness::leak_check nothing_left;
  const temp_dir folder;
  harness::write_file(folder / "show.bat", "@echo off\r\n\"" + harness::child_program() + "\" args %*\r\n");
  for (const std::string& each : strings{"", "two words", "a&b", "\"&exit 9&\"", "^", "(a)", "tail\\"}) {
    CAPTURE(each);
    const spawnpipe::command what(folder / "show.bat", {each, "last"});
    CHECK(pasted(what).out == finish(what).out);
  }
  CHECK(pasted(spawnpipe::command::shell("echo a& exit 4")).status.code() == 4U);
  const auto done = pasted(spawnpipe::command::shell("echo \"a\" & echo b"));
  CHECK(done.out.find('b') != std::string::npos);
}

}  // namespace
