// Starting a child: its arguments, its name, its directory, the shell; and learning how it ended.
#include "children.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using harness::command;
using harness::patience;
using harness::scaled;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// What a verb wrote as pieces, each followed by a NUL.
std::vector<std::string> pieces(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\0', from), text.size());
    all.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return all;
}

spawnpipe::completed finish(const spawnpipe::command& what) {
  return harness::must(spawnpipe::run(what, {.until = patience()}));
}

// A copy of the helper program in a folder of its own.
std::string copy_of_child(const harness::temp_dir& folder, const std::string& name) {
  const std::filesystem::path original = harness::path_of(harness::child_program());
  const std::string copy = folder / (name + original.extension().string());
  std::filesystem::copy_file(original, harness::path_of(copy));
  return copy;
}

// ---- what the child is given

TEST_CASE("arguments arrive as they were given, whatever is in them") {
  harness::leak_check nothing_left;
  const std::vector<const char*> quoting = {"",     " ",     "a b",         "tail ", "\t",   "\n",
                                            "\r\n", "\"",    "\\",          "\\\\",  "\\\"", "\\\\\"",
                                            "a\\",  "a b\\", "\"a\" \"b\"", "'",     "''"};
  const std::vector<const char*> shells = {"$HOME", "${x}",    "`x`", "$(x)", "%PATH%", "%%",    "!x!", "^",  "&", "|",
                                           "a&b|c", "<in>out", "(x)", "*",    "?",      "[a-z]", "~",   "#x", ";"};
  const std::vector<const char*> others = {
      "-",     "--",    "--help",         "/?",           "a=b",        "=",       "\x01\x7f", "\x1a",
      "@file", "{a,b}", "\u017elu\u0165", "\u6f22\u5b57", "\U0001F600", "e\u0301", "\u00a0",   "a\vb\fc"};
  std::vector<std::string> hostile = {std::string(20'000, 'x')};
  for (const auto& list : {quoting, shells, others}) hostile.insert(hostile.end(), list.begin(), list.end());
  auto echo = command("args").args(hostile);
  const auto done = finish(echo);
  CHECK(done.success());
  const auto seen = pieces(done.out);
  REQUIRE(seen.size() == hostile.size());
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    CAPTURE(i);
    CHECK(seen[i] == hostile[i]);
  }
}

TEST_CASE("many arguments, and none") {
  harness::leak_check nothing_left;
  CHECK(finish(command("args")).out.empty());
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) many.push_back("argument " + std::to_string(i));
  CHECK(pieces(finish(command("args").args(many)).out) == many);
}

TEST_CASE("argv0 is the name that the child sees, and not what is started") {
  harness::leak_check nothing_left;
  CHECK(finish(command("argv0")).out == harness::child_program());
  for (const std::string name : {"another name", "-sh", "/no/such/program", "\u6f22"}) {
    CAPTURE(name);
    CHECK(finish(command("argv0").argv0(name)).out == name);
  }
}

TEST_CASE("cwd is where the child starts, and the host stays where it is") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const auto before = std::filesystem::current_path();
  const auto started_in = [](const spawnpipe::command& what) { return harness::path_of(finish(what).out); };
  CHECK(std::filesystem::equivalent(started_in(command("cwd").cwd(folder.text())), folder.path()));
  CHECK(std::filesystem::equivalent(started_in(command("cwd")), before));
  CHECK(std::filesystem::current_path() == before);
}

TEST_CASE("cwd takes a name with blanks and other letters, and a relative one") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const std::string name = "a b \u6f22 'x'";
  const auto odd = folder.path() / harness::path_of(name);
  std::filesystem::create_directory(odd);
  const auto started_in = [](const std::string& directory) {
    return harness::path_of(finish(command("cwd").cwd(directory)).out);
  };
  CHECK(std::filesystem::equivalent(started_in(harness::text_of(odd)), odd));
  const harness::working_directory here(folder.path());
  CHECK(std::filesystem::equivalent(started_in(name), odd));
  CHECK(std::filesystem::equivalent(started_in("./" + name + "/.."), folder.path()));
}

TEST_CASE("a relative program with a slash is seen from the child's directory") {
  harness::leak_check nothing_left;
  const harness::temp_dir folder;
  const auto copy = harness::path_of(copy_of_child(folder, "prog ram"));
  const std::string relative = "./" + copy.filename().string();
  const auto done = finish(spawnpipe::command(relative, {"exit", "9"}).cwd(folder.text()));
  CHECK(done.status.code() == 9U);
}

TEST_CASE("a program without a slash is searched for in the PATH of the child") {
  harness::leak_check nothing_left;
  const harness::temp_dir here;
  const harness::temp_dir elsewhere;
  const std::string name = harness::path_of(copy_of_child(here, "spawnpipe-test-prog")).filename().string();
  const auto started = [&](const std::string& path) {
    return spawnpipe::run(spawnpipe::command(name, {"exit", "8"}).env("PATH", path), {.until = patience()});
  };
  CHECK(harness::must(started(here.text())).status.code() == 8U);

  const auto missing = started(elsewhere.text());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().where == spawnpipe::stage::exec);
  CHECK(missing.error() == std::errc::no_such_file_or_directory);
  CHECK(missing.error().subject == name);
}

TEST_CASE("the shell form hands its line to the shell") {
  harness::leak_check nothing_left;
  CHECK(finish(spawnpipe::command::shell("exit 3")).status.code() == 3U);
  const auto done = finish(spawnpipe::command::shell("echo one two"));
  CHECK(done.success());
  CHECK(done.out.starts_with("one two"));
  // Two commands in one line: only a shell makes two of it.
  CHECK(finish(spawnpipe::command::shell("echo one&& exit 4")).status.code() == 4U);
}

TEST_CASE("a command is a value: spawned often, copied and changed") {
  harness::leak_check nothing_left;
  const auto original = command("args", "a");
  auto changed = original;
  changed.arg("b");
  for (int round = 0; round < 3; ++round) {
    CHECK(pieces(finish(original).out) == std::vector<std::string>{"a"});
    CHECK(pieces(finish(changed).out) == std::vector<std::string>{"a", "b"});
  }
}

TEST_CASE("the list form is program and arguments") {
  harness::leak_check nothing_left;
  const auto done = finish({harness::child_program(), "args", "x", "y z"});
  CHECK(pieces(done.out) == std::vector<std::string>{"x", "y z"});
}

// ---- how it ended

TEST_CASE("[P4] every exit code of eight bits comes through") {
  harness::bound_case(60s);
  harness::leak_check nothing_left;
  const std::uint32_t step = host_os::small_pieces_are_slow() ? 5 : 1;  // a start takes a tenth of a second there
  for (std::uint32_t code = 0; code < 256; code += step) {
    CAPTURE(code);
    const auto done = finish(command("exit", code));
    CHECK(done.status == spawnpipe::exit_status::exited(code));
    CHECK(done.why == spawnpipe::ended_by::itself);
    CHECK(done.success() == (code == 0));
  }
}

TEST_CASE("[P4] why it was ended is told apart from how it ended") {
  harness::leak_check nothing_left;
  SUBCASE("the deadline") {
    const auto done = harness::must(spawnpipe::run(command("hang"), {.until = 30ms}));
    CHECK(done.why == spawnpipe::ended_by::deadline);
    CHECK(done.status.known());
    CHECK_FALSE(done.success());
    CHECK(done.phase == spawnpipe::stop_phase::kill);
  }
  SUBCASE("the output limit") {
    const auto done =
        harness::must(spawnpipe::run(command("yes"), {.until = patience(), .capture = {.bytes = 10'000}}));
    CHECK(done.why == spawnpipe::ended_by::output_limit);
    CHECK(done.out.size() == 10'000);
    CHECK_FALSE(done.success());
  }
}

TEST_CASE("[P4] a child that is cancelled, and ends with a code of its own") {
  if (const auto why = host_os::no_polite_end()) SKIP_CASE(*why);
  harness::leak_check nothing_left;
  spawnpipe::interrupter interrupted;
  auto policy = spawnpipe::stop_policy::graceful(scaled(10s));
  policy.close_stdin.reset();
  auto running = harness::must(
      spawnpipe::spawn(command("exit-on-terminate", 7).in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{})));
  CHECK(harness::must(running.out().read_line(patience())) == "ready");
  interrupted.interrupt();
  const auto done =
      harness::must(spawnpipe::communicate(running, {.until = patience(), .cancel = interrupted, .policy = policy}));
  CHECK(done.why == spawnpipe::ended_by::cancelled);
  CHECK(done.status.code() == 7U);
  CHECK(done.phase == spawnpipe::stop_phase::terminate);
  CHECK(done.out == "terminated\n");
  CHECK_FALSE(done.success());
}

TEST_CASE("[P2] the status is told as often as asked, by every way of asking") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("exit", 21)));
  CHECK(running.id() > 0);
  const auto id = running.id();
  const auto expected = spawnpipe::exit_status::exited(21);
  for (int round = 0; round < 3; ++round) {
    CHECK(harness::must(running.wait(patience())) == expected);
    CHECK(harness::must(running.wait(spawnpipe::deadline::now())) == expected);
    CHECK(running.status() == expected);
    CHECK(harness::must(running.stop()).status == expected);
  }
  CHECK(running.id() == id);
}

TEST_CASE("[P2] a wait that timed out or was cancelled has taken nothing, and is made again") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(command("until-eof", 5).in(spawnpipe::stdio::pipe{})));
  CHECK(running.wait(spawnpipe::deadline::now()).failed_with(spawnpipe::errc::timed_out));
  const auto began = clock::now();
  CHECK(running.wait(30ms).failed_with(spawnpipe::errc::timed_out));
  CHECK(clock::now() - began >= 30ms);
  spawnpipe::interrupter interrupted;
  interrupted.interrupt();
  CHECK(running.wait(patience(), interrupted).failed_with(spawnpipe::errc::cancelled));
  CHECK_FALSE(running.status());
  REQUIRE_OK(running.in().close());
  CHECK(harness::must(running.wait(patience())).code() == 5U);
}

TEST_CASE("[P2] a grandchild that holds the pipe does not delay the wait") {
  harness::leak_check nothing_left;
  auto running = harness::must(
      spawnpipe::spawn(command("grandchild", "hang").in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{})));
  const std::int64_t grandchild = std::stoll(std::string(harness::must(running.out().read_line(patience()))));
  const harness::end_at_exit ended(grandchild);
  CHECK(harness::must(running.wait(patience())).success());
  CHECK(host_os::running(grandchild));
  CHECK_FALSE(running.out().at_end());
  std::string rest;
  CHECK(harness::must(running.out().drain(rest)) == 0);
  CHECK(running.out().read_line(spawnpipe::deadline::now()).failed_with(spawnpipe::errc::timed_out));
}

TEST_CASE("[P2] a stream that is full and not consumed is named by the wait, and the wait recovers") {
  harness::leak_check nothing_left;
  constexpr std::size_t size = 600'000;
  for (const std::string name : {"out", "err"}) {
    CAPTURE(name);
    auto running = harness::must(spawnpipe::spawn(command("write", size, 65536, name)
                                                      .in(spawnpipe::stdio::null{})
                                                      .out(spawnpipe::stdio::pipe{})
                                                      .err(spawnpipe::stdio::pipe{})));
    for (int round = 0; round < 2; ++round) {
      const auto stalled = running.wait(patience());
      REQUIRE_FALSE(stalled);
      CHECK(stalled.error() == spawnpipe::errc::output_stalled);
      CHECK(stalled.error().subject == name);
      CHECK(stalled.error().where == spawnpipe::stage::wait);
    }
    std::string text;
    auto& stream = name == "out" ? running.out() : running.err();
    REQUIRE_OK(stream.read_all(text, size, patience()));
    CHECK(text.size() == size);
    CHECK_FALSE(pattern::first_difference(text));
    CHECK(harness::must(running.wait(patience())).success());
  }
}

TEST_CASE("[P2] a child that ends with its buffer full is not called stalled") {
  harness::leak_check nothing_left;
  auto running = harness::must(spawnpipe::spawn(
      command("write", 40'000).in(spawnpipe::stdio::null{}).out(spawnpipe::stdio::pipe{.capacity = 1000})));
  CHECK(harness::must(running.wait(patience())).success());
  std::string text;
  REQUIRE_OK(running.out().read_all(text, 40'000, patience()));
  CHECK_FALSE(pattern::first_difference(text));
}

TEST_CASE("[P2] on_exit and wait tell the same, on a loop") {
  harness::leak_check nothing_left;
  auto loop = harness::must(spawnpipe::event_loop::create());
  auto running = harness::must(spawnpipe::spawn(loop, command("exit", 11)));
  std::vector<spawnpipe::exit_status> told;
  running.on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& status) { told.push_back(status); });
  REQUIRE_OK(loop.run(patience()));
  CHECK(told == std::vector{spawnpipe::exit_status::exited(11)});
  CHECK(harness::must(running.wait(spawnpipe::deadline::now())).code() == 11U);
  REQUIRE_OK(loop.run(spawnpipe::deadline::now()));
  CHECK(told.size() == 1);
}

TEST_CASE("[P2] many children side by side, each with its own status") {
  harness::leak_check nothing_left;
  std::vector<spawnpipe::child> all;
  for (int i = 0; i < 40; ++i) all.push_back(harness::must(spawnpipe::spawn(command("exit", i))));
  for (std::size_t i = all.size(); i-- > 0;) {
    CHECK(harness::must(all[i].wait(patience())).code() == static_cast<std::uint32_t>(i));
  }
}

TEST_CASE("[P2] a child that was never spawned, or was let go, answers with closed") {
  harness::leak_check nothing_left;
  const auto children = host_os::children();
  const auto descriptors = host_os::open_descriptors();
  spawnpipe::child none;
  CHECK(none.id() == 0);
  CHECK_FALSE(none.status());
  CHECK(none.wait(patience()).failed_with(spawnpipe::errc::closed));
  CHECK(none.stop().failed_with(spawnpipe::errc::closed));
  CHECK(none.begin_stop().failed_with(spawnpipe::errc::closed));
  CHECK(none.terminate().failed_with(spawnpipe::errc::closed));
  CHECK(none.kill().failed_with(spawnpipe::errc::closed));
  CHECK(none.in().write("x").failed_with(spawnpipe::errc::closed));
  CHECK(none.out().read_line(patience()).failed_with(spawnpipe::errc::closed));
  auto let_go = harness::must(spawnpipe::spawn(command("exit")));
  REQUIRE_OK(let_go.detach());
  CHECK(let_go.wait(patience()).failed_with(spawnpipe::errc::closed));
  CHECK(let_go.kill().failed_with(spawnpipe::errc::closed));
  CHECK_OK(let_go.detach());
  // A pass of its loop reaps the one that was let go; that has ended may be known of it before.
  const auto as_before = [&] { return host_os::children() == children && host_os::open_descriptors() == descriptors; };
  for (const auto limit = patience(); !as_before() && !limit.passed();) {
    REQUIRE_OK(spawnpipe::run(command("exit"), {.until = patience()}));
  }
}

TEST_CASE("[P6] a child in the foreground, where there is no terminal to give") {
  harness::leak_check nothing_left;
  const auto done =
      spawnpipe::run(harness::command("exit", 3).group(spawnpipe::process_group::foreground), {.until = patience()});
  if (!done) CHECK(done.error() == spawnpipe::errc::not_supported);
  RULE_HOLDS_OR_BROKEN("P6/foreground", done.has_value());
  if (done) CHECK(done->status.code() == 3U);
}

}  // namespace
