// What cannot be done is said at once, with stage and subject, and leaves nothing behind.
#include "children.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using spawnpipe::errc;
using spawnpipe::stage;
using spawnpipe::stop_policy;
using spawnpipe::stdio::file_mode;
using spawnpipe::stdio::from_file;
using spawnpipe::stdio::handle;
using spawnpipe::stdio::pipe;
using spawnpipe::stdio::to_file;
using namespace std::chrono_literals;
using namespace std::string_literals;
using clock = std::chrono::steady_clock;

// What spawn says; run, run_async and a spawn on a loop must say the same.
spawnpipe::error refused(const spawnpipe::command& what) {
  harness::leak_check nothing_left;
  const auto began = clock::now();
  const auto plain = spawnpipe::spawn(what);
  REQUIRE_FALSE(plain);
  const spawnpipe::error said = plain.error();
  CHECK(said.code);
  CHECK_FALSE(said.message().empty());
  CHECK(said.message().find('\0') == std::string::npos);
  const std::string sentence = to_string(said);
  CHECK(sentence.starts_with("cannot "));
  CHECK(std::none_of(sentence.begin(), sentence.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  const auto same = [&](const auto& other) {
    REQUIRE_FALSE(other);
    CHECK(other.error().code == said.code);
    CHECK(other.error().where == said.where);
    CHECK(other.error().subject == said.subject);
  };
  same(spawnpipe::run(what, {.until = patience()}));
  {
    auto loop = harness::must(spawnpipe::event_loop::create());
    same(spawnpipe::spawn(loop, what));
    bool called = false;
    same(spawnpipe::run_async(loop, what, {}, [&](spawnpipe::completed) { called = true; }));
    CHECK(loop.run(patience()).has_value());
    CHECK_FALSE(called);
  }
  CHECK(clock::now() - began < scaled(5s));
  CHECK(harness::must(spawnpipe::run(command("exit", 1), {.until = patience()})).status.code() == 1U);
  return said;
}

bool speaks_of(const spawnpipe::error& said, std::string_view what) {
  return said.subject.find(what) != std::string::npos;
}

void check_impossible(const spawnpipe::command& what, std::string_view subject) {
  CAPTURE(std::string(subject));
  const auto said = refused(what);
  CHECK(said == errc::invalid_argument);
  CHECK(said == std::errc::invalid_argument);
  CHECK(said.where == stage::command);
  CHECK_MESSAGE(speaks_of(said, subject), said.subject);
}

TEST_CASE("[P1] no program and no argv") {
  check_impossible(spawnpipe::command(std::initializer_list<std::string_view>{}), "argv");
  check_impossible(spawnpipe::command(""), "program");
  check_impossible(spawnpipe::command("", {"a"}), "program");
}

TEST_CASE("[P1] a NUL in any string is named, not cut off") {
  const std::string nul = "be\0fore"s;
  check_impossible(spawnpipe::command(nul), "program");
  check_impossible(spawnpipe::command(harness::child_program() + "\0"s, {"exit"}), "program");
  check_impossible(command("args", "x", nul), "argv[3]");
  check_impossible(command("args", "\0"s), "argv[2]");
  check_impossible(command("argv0").argv0(nul), "argv[0]");
  check_impossible(command("cwd").cwd(nul), "cwd");
  check_impossible(command("env").env(nul, "x"), "environment");
  check_impossible(command("env").env("NAME", nul), "NAME");
  check_impossible(command("cat").in(from_file{nul}), "in");
  check_impossible(command("cat").out(to_file{nul}), "out");
  check_impossible(command("cat").err(to_file{nul}), "err");
  check_impossible(spawnpipe::command::shell("exit 0\0"s), "argv");
  auto unset = command("env");
  unset.env().unset(nul);
  check_impossible(unset, "environment");
}

TEST_CASE("[P1] a variable's name that is empty or holds =") {
  check_impossible(command("env").env("", "x"), "name");
  check_impossible(command("env").env("A=B", "x"), "A=B");
  check_impossible(command("env").env("=", ""), "=");
  check_impossible(command("env").env("=A", "x"), "=A");
  auto unset = command("env");
  unset.env().unset("A=B");
  check_impossible(unset, "A=B");
  unset.env().clear().unset("");
  check_impossible(unset, "name");
}

TEST_CASE("[P1] absurd capacities") {
  for (const std::size_t capacity : {std::size_t{0}, pipe::max_capacity + 1, std::numeric_limits<std::size_t>::max()}) {
    check_impossible(command("cat").in(pipe{capacity}), "in");
    check_impossible(command("cat").out(pipe{capacity}), "out");
    check_impossible(command("cat").err(pipe{capacity}), "err");
  }
}

TEST_CASE("the smallest and the largest capacity work") {
  harness::leak_check nothing_left;
  for (const std::size_t capacity : {std::size_t{1}, pipe::max_capacity}) {
    CAPTURE(capacity);
    auto running = harness::must(spawnpipe::spawn(command("cat").in(pipe{capacity}).out(pipe{capacity})));
    const auto done = harness::must(spawnpipe::communicate(running, {.input = "some text", .until = patience()}));
    CHECK(done.success());
    CHECK(done.out == "some text");
  }
}

TEST_CASE("[P1] descriptor numbers outside their range") {
  const spawnpipe::native_handle any{0};
  for (const int number : {0, 1, 2, -1, 1024, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    check_impossible(command("cat").descriptor(number, any), std::to_string(number));
  }
}

TEST_CASE("[P1] one file in two modes") {
  const harness::temp_dir folder;
  const std::string path = folder / "both";
  check_impossible(command("cat").out(to_file{path, file_mode::append}).err(to_file{path, file_mode::truncate}), path);
  CHECK_FALSE(std::filesystem::exists(harness::path_of(path)));
}

TEST_CASE("[P1] negative graces in the policy of destruction") {
  check_impossible(command("cat").on_destroy({.close_stdin = -1ms}), "close_stdin");
  check_impossible(command("cat").on_destroy({.terminate = -1ms}), "terminate");
  check_impossible(command("cat").on_destroy({.reap_limit = stop_policy::duration::min()}), "reap_limit");
}

TEST_CASE("[P1] a program that is not there") {
  const harness::temp_dir folder;
  for (const auto& program : {folder / "missing", "spawnpipe-no-such-program"s, folder / "no folder/missing"}) {
    CAPTURE(program);
    const auto said = refused(spawnpipe::command(program, {"a"}));
    CHECK(said == std::errc::no_such_file_or_directory);
    CHECK(said.where == stage::exec);
    CHECK(said.subject == program);
  }
}

TEST_CASE("[P1] a program that is a directory") {
  const harness::temp_dir folder;
  const auto said = refused(spawnpipe::command(folder.text()));
  CHECK(said == std::errc::permission_denied);
  CHECK(said.where == stage::exec);
  CHECK(said.subject == folder.text());
}

TEST_CASE("[P1] arguments that are longer than the system takes") {
  const auto said = refused(command("args").arg(std::string(std::size_t{8} << 20U, 'x')));
  CHECK(said == std::errc::argument_list_too_long);
  CHECK(said.where == stage::exec);
  CHECK(said.subject == harness::child_program());
  // The limit, and by how much.
  CHECK(to_string(said).find(" more than the ") != std::string::npos);
}

TEST_CASE("[P1] a cwd that is missing, or a file") {
  const harness::temp_dir folder;
  harness::write_file(folder / "file", "");
  for (const auto& directory : {folder / "missing", ""s}) {
    CAPTURE(directory);
    const auto missing = refused(command("cwd").cwd(directory));
    CHECK(missing == std::errc::no_such_file_or_directory);
    CHECK(missing.where == stage::cwd);
    CHECK(missing.subject == directory);
  }
  const std::pair<std::string, std::errc> files[] = {{folder / "file", std::errc::not_a_directory},
                                                     {folder / "file/below", host_os::below_a_file()}};
  for (const auto& each : files) {
    const auto& directory = each.first;  // a structured binding cannot be captured
    CAPTURE(directory);
    const auto file = refused(command("cwd").cwd(directory));
    CHECK(file == each.second);
    CHECK(file.where == stage::cwd);
    CHECK(file.subject == directory);
  }
}

TEST_CASE("[P1] a directory that is fine does not take the blame for a program that is not there") {
  const harness::temp_dir folder;
  const auto said = refused(spawnpipe::command("./missing").cwd(folder.text()));
  CHECK(said == std::errc::no_such_file_or_directory);
  CHECK(said.where == stage::exec);
  CHECK(said.subject == "./missing");
}

void check_redirect(const spawnpipe::command& what, std::errc expected, const std::string& path) {
  CAPTURE(path);
  const auto said = refused(what);
  CHECK(said == expected);
  CHECK(said.where == stage::redirect);
  CHECK(said.subject == path);
}

TEST_CASE("[P1] redirects that cannot be opened") {
  const harness::temp_dir folder;
  const std::string missing = folder / "missing";
  const std::string below = folder / "no folder/file";
  const std::string there = folder / "there";
  harness::write_file(there, "kept");
  check_redirect(command("cat").in(from_file{missing}), std::errc::no_such_file_or_directory, missing);
  check_redirect(command("cat").in(from_file{""}), std::errc::no_such_file_or_directory, "");
  check_redirect(command("cat").out(to_file{below}), std::errc::no_such_file_or_directory, below);
  check_redirect(command("cat").err(to_file{below, file_mode::append}), std::errc::no_such_file_or_directory, below);
  check_redirect(command("cat").err(to_file{there, file_mode::create_new}), std::errc::file_exists, there);
  check_redirect(command("cat").out(to_file{there + "/x"}), host_os::below_a_file(), there + "/x");
  CHECK_FALSE(std::filesystem::exists(missing));
  CHECK(harness::read_file(there) == "kept");
}

TEST_CASE("[P1] a directory as redirect") {
  const harness::temp_dir folder;
  const std::string path = folder.text();
  check_redirect(command("cat").in(from_file{path}), std::errc::is_a_directory, path);
  check_redirect(command("cat").out(to_file{path}), std::errc::is_a_directory, path);
  check_redirect(command("cat").err(to_file{path, file_mode::append}), std::errc::is_a_directory, path);
}

TEST_CASE("[P1] a handle that is none") {
  const handle none{};
  check_redirect(command("cat").in(none), std::errc::bad_file_descriptor, "in");
  check_redirect(command("cat").out(none), std::errc::bad_file_descriptor, "out");
  check_redirect(command("cat").err(none), std::errc::bad_file_descriptor, "err");
}

TEST_CASE("[P1] a failure behind an opened redirect leaves neither descriptor nor child") {
  const harness::temp_dir folder;
  const auto said = refused(spawnpipe::command(folder / "missing").in(pipe{}).out(to_file{folder / "out"}).err(pipe{}));
  CHECK(said.where == stage::exec);
}

// ---- limits and durations of the calls

TEST_CASE("[P1] absurd options of a run are refused before anything is started") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const auto trace = to_file{folder / "trace"};
  using options = spawnpipe::run_options;
  const std::vector<std::pair<options, std::string>> all = {
      {{.capture = {.bytes = spawnpipe::capture_limit::max_bytes + 1}}, "capture"},
      {{.capture = {.bytes = std::numeric_limits<std::size_t>::max()}}, "capture"},
      {{.drain_limit = -1ms}, "drain_limit"},
      {{.drain_limit = std::chrono::milliseconds::min()}, "drain_limit"},
      {{.policy = {.terminate = -1ms}}, "terminate"},
      {{.policy = {.reap_limit = -1ms}}, "reap_limit"},
  };
  for (const auto& each : all) {
    const auto& wrong = each.first;
    const auto& subject = each.second;  // no structured binding: clang 14 lets no lambda, such as CAPTURE's, have one
    CAPTURE(subject);
    const auto done = spawnpipe::run(command("exit").err(trace), wrong);
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::invalid_argument);
    CHECK(done.error().where == stage::command);
    CHECK(speaks_of(done.error(), subject));
    auto running = harness::must(spawnpipe::spawn(command("until-eof", 3).in(pipe{})));
    CHECK(spawnpipe::communicate(running, wrong).failed_with(errc::invalid_argument));
    REQUIRE_OK(running.in().close());
    CHECK(harness::must(running.wait(patience())).code() == 3U);
  }
  const auto no_pipe =
      spawnpipe::run(command("cat").in(spawnpipe::stdio::null{}).err(trace), {.input = "x", .until = patience()});
  REQUIRE_FALSE(no_pipe);
  CHECK(no_pipe.error() == errc::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(trace.path));
}

TEST_CASE("[P1][T6] a run whose time is over, or that is cancelled, before it begins starts nothing") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const auto what = command("exit").out(to_file{folder / "trace"});
  for (const auto until : {spawnpipe::deadline::now(), spawnpipe::deadline(-1s),
                           spawnpipe::deadline(std::chrono::hours::min()), spawnpipe::deadline(clock::now() - 1s)}) {
    CHECK(spawnpipe::run(what, {.until = until}).failed_with(errc::timed_out));
  }
  spawnpipe::interrupter interrupted;
  interrupted.interrupt();
  CHECK(spawnpipe::run(what, {.until = patience(), .cancel = interrupted}).failed_with(errc::cancelled));
  CHECK_FALSE(std::filesystem::exists(folder / "trace"));
}

TEST_CASE("[P2][T2] negative durations are now, enormous ones are never") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("until-eof", 3).in(pipe{})));
  const auto began = clock::now();
  CHECK(running.wait(-1s).failed_with(errc::timed_out));
  CHECK(running.wait(0s).failed_with(errc::timed_out));
  CHECK(running.wait(std::chrono::hours::min()).failed_with(errc::timed_out));
  CHECK(running.wait(std::chrono::duration<double>(-1e300)).failed_with(errc::timed_out));
  CHECK(clock::now() - began < scaled(2s));
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(std::chrono::hours::max())).code() == 3U);
  for (const spawnpipe::deadline until :
       {spawnpipe::deadline(std::chrono::milliseconds::max()),
        spawnpipe::deadline(std::chrono::duration<double>(1e300)), spawnpipe::deadline(std::chrono::years(300)),
        spawnpipe::deadline(clock::time_point::max() - 1ns)}) {
    const auto done = harness::must(
        spawnpipe::run(command("exit", 4), {.until = until, .drain_limit = std::chrono::milliseconds::max()}));
    CHECK(done.status.code() == 4U);
    CHECK(done.why == spawnpipe::ended_by::itself);
  }
}

TEST_CASE("[P10] a capture of nothing keeps nothing") {
  harness::leak_check nothing_left;
  CHECK(harness::must(spawnpipe::run(command("exit"), {.until = patience(), .capture = {.bytes = 0}})).success());
  const auto done =
      harness::must(spawnpipe::run(command("write", 100'000), {.until = patience(), .capture = {.bytes = 0}}));
  CHECK(done.why == spawnpipe::ended_by::output_limit);
  CHECK(done.out.empty());
  const auto dropped = harness::must(spawnpipe::run(
      command("write", 100'000),
      {.until = patience(), .capture = {.bytes = 0, .on_overflow = spawnpipe::overflow::keep_head_and_tail}}));
  CHECK(dropped.status.success());
  CHECK(dropped.out.empty());
  CHECK(dropped.out_dropped == 100'000);
}

TEST_CASE("[P1] calls on nothing") {
  harness::leak_check nothing_left;
  spawnpipe::child none;
  CHECK(spawnpipe::communicate(none, {.until = patience()}).failed_with(errc::closed));
  spawnpipe::event_loop no_loop;
  CHECK_FALSE(spawnpipe::spawn(no_loop, command("exit")));
  CHECK_FALSE(spawnpipe::run_async(no_loop, command("exit"), {}, [](spawnpipe::completed) {}));
}

TEST_CASE("[P1] failing over and over leaves nothing") {
  harness::leak_check nothing_left;
  const auto missing = spawnpipe::command("./spawnpipe-no-such-program").in(pipe{}).out(pipe{}).err(pipe{});
  for (int round = 0; round < 200; ++round) CHECK_FALSE(spawnpipe::spawn(missing));
}

}  // namespace
