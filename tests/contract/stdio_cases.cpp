// What a child's streams can be connected to: the null device, pipes, files, each other.
#include "children.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::read_file;
using harness::write_file;
using spawnpipe::stdio::file_mode;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::merge;
using spawnpipe::stdio::null;
using spawnpipe::stdio::pipe;
using spawnpipe::stdio::to_file;

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

// What out-err-order writes when both streams go to one place.
std::string in_turn(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "out " + std::to_string(i) + "\nerr " + std::to_string(i) + "\n";
  return text;
}

TEST_CASE("null as in ends at once, null as out and err swallow") {
  harness::leak_check nothing_left;
  const auto read = finish(command("checksum").in(null{}));
  CHECK(read.out.starts_with("0 "));
  const auto written = finish(command("write", 200'000, 1000, "both").out(null{}).err(null{}));
  CHECK(written.success());
  CHECK(written.out.empty());
  CHECK(written.err.empty());
}

TEST_CASE("run gives null as in where there is no input") {
  harness::leak_check nothing_left;
  CHECK(finish(command("checksum")).out.starts_with("0 "));
}

TEST_CASE("out and err are pipes of their own") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("out-err-order", 3).in(null{}).out(pipe{}).err(pipe{})));
  std::string out;
  std::string err;
  REQUIRE_OK(running.out().read_all(out, 1000, patience()));
  REQUIRE_OK(running.err().read_all(err, 1000, patience()));
  CHECK(out == "out 0\nout 1\nout 2\n");
  CHECK(err == "err 0\nerr 1\nerr 2\n");
  CHECK(harness::must(running.wait(patience())).success());
}

TEST_CASE("the host's ends exist where the command has pipes, and only there") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("until-eof").in(pipe{}).out(null{}).err(pipe{})));
  CHECK(running.in().is_open());
  CHECK_FALSE(running.out().is_open());
  CHECK(running.err().is_open());
  CHECK(running.out().read_line(patience()).failed_with(spawnpipe::errc::closed));
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).success());
}

TEST_CASE("from_file is read from its start, as it is") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string text = pattern::make(100'000);
  write_file(folder / "in put", text);
  for (int round = 0; round < 2; ++round) {
    const auto done = finish(command("cat").in(from_file{folder / "in put"}));
    CHECK(done.success());
    CHECK(done.out == text);
  }
  write_file(folder / "empty", "");
  CHECK(finish(command("cat").in(from_file{folder / "empty"})).out.empty());
}

TEST_CASE("to_file truncates by default, and creates") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "out", std::string(5000, 'x'));
  const std::string text = pattern::make(1000);
  CHECK(finish(command("write", 1000).out(to_file{folder / "out"})).success());
  CHECK(read_file(folder / "out") == text);
  CHECK(finish(command("write", 1000, 100, "err").err(to_file{folder / "err"})).success());
  CHECK(read_file(folder / "err") == text);
}

TEST_CASE("append writes at the end, whoever else writes") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  write_file(folder / "log", "before\n");
  const to_file log{folder / "log", file_mode::append};
  CHECK(finish(command("pieces", "one\n").out(log)).success());
  // Two children have it open at once: each piece goes behind what is there by then.
  auto first = harness::must(spawnpipe::spawn(command("pieces-on-request", "two\n", "four\n").in(pipe{}).out(log)));
  auto second = harness::must(spawnpipe::spawn(command("pieces-on-request", "three\n", "five\n").in(pipe{}).out(log)));
  std::string expected = "before\none\n";
  for (const std::string piece : {"two\n", "three\n", "four\n", "five\n"}) {
    auto& child = piece == "two\n" || piece == "four\n" ? first : second;
    (void)harness::must(child.in().write("\n"));
    expected += piece;
    const auto until = std::chrono::steady_clock::now() + harness::scaled(std::chrono::seconds(10));
    while (read_file(folder / "log").size() < expected.size() && std::chrono::steady_clock::now() < until) {
      (void)child.wait(std::chrono::milliseconds(1));
    }
    CHECK(read_file(folder / "log") == expected);
  }
  CHECK(harness::must(first.wait(patience())).success());
  CHECK(harness::must(second.wait(patience())).success());
  CHECK(finish(command("pieces", "new\n").out(to_file{folder / "created", file_mode::append})).success());
  CHECK(read_file(folder / "created") == "new\n");
}

TEST_CASE("create_new creates, and refuses what is there") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const to_file fresh{folder / "fresh", file_mode::create_new};
  CHECK(finish(command("pieces", "first").out(fresh)).success());
  const auto again = spawnpipe::run(command("pieces", "second").out(fresh), {.until = patience()});
  REQUIRE_FALSE(again);
  CHECK(again.error() == std::errc::file_exists);
  CHECK(again.error().where == spawnpipe::stage::redirect);
  CHECK(again.error().subject == fresh.path);
  CHECK(read_file(fresh.path) == "first");
}

TEST_CASE("one file for out and err is opened once: both share its position") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  for (const file_mode mode : {file_mode::truncate, file_mode::append, file_mode::create_new}) {
    CAPTURE(static_cast<int>(mode));
    const to_file both{folder / ("both " + std::to_string(static_cast<int>(mode))), mode};
    CHECK(finish(command("out-err-order", 50).out(both).err(both)).success());
    CHECK(read_file(both.path) == in_turn(50));
  }
}

TEST_CASE("merge puts err into out, in the order of the writes") {
  harness::leak_check nothing_left;
  SUBCASE("a pipe, captured") {
    const auto done = finish(command("out-err-order", 200).err(merge{}));
    CHECK(done.out == in_turn(200));
    CHECK(done.err.empty());
  }
  SUBCASE("a pipe, read by the user") {
    auto running = harness::must(spawnpipe::spawn(command("out-err-order", 20).in(null{}).out(pipe{}).err(merge{})));
    CHECK_FALSE(running.err().is_open());
    std::string text;
    REQUIRE_OK(running.out().read_all(text, 10'000, patience()));
    CHECK(text == in_turn(20));
    CHECK(harness::must(running.wait(patience())).success());
  }
  SUBCASE("a file") {
    const harness::temp_dir folder;
    CHECK(finish(command("out-err-order", 20).out(to_file{folder / "both"}).err(merge{})).success());
    CHECK(read_file(folder / "both") == in_turn(20));
  }
  SUBCASE("the null device") {
    const auto done = finish(command("out-err-order", 20).out(null{}).err(merge{}));
    CHECK(done.success());
    CHECK(done.out.empty());
    CHECK(done.err.empty());
  }
}

TEST_CASE("relative paths of redirects start at the host's directory, not at the child's") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const harness::temp_dir elsewhere;
  write_file(folder / "in", "text");
  {
    const harness::working_directory here(folder.path());
    CHECK(finish(command("cat").in(from_file{"in"}).out(to_file{"./out"}).cwd(elsewhere.text())).success());
  }
  CHECK(read_file(folder / "out") == "text");
}

TEST_CASE("names of redirects may hold anything that a file name may") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string path = folder / "a b \u6f22 'q' $x;&";
  CHECK(finish(command("pieces", "x").out(to_file{path})).success());
  CHECK(finish(command("cat").in(from_file{path})).out == "x");
}

TEST_CASE("a stream that is no terminal is none in the child") {
  harness::leak_check nothing_left;
  const auto done = finish(command("tty").in(null{}).err(null{}));
  CHECK(done.out == "in no\nout no\nerr no\n");
}

TEST_CASE("the bytes of a file go from child to child through pipes of this library") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string text = pattern::make(300'000);
  write_file(folder / "in", text);
  const auto first = finish(command("cat").in(from_file{folder / "in"}));
  const auto second = harness::must(
      spawnpipe::run(command("cat").out(to_file{folder / "out"}), {.input = first.out, .until = patience()}));
  CHECK(second.success());
  CHECK(read_file(folder / "out") == text);
}

}  // namespace
