// The child's environment: the host's, and what the command changes of it.
#include "children.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using harness::command;
using harness::patience;

std::string name_in(const std::string& line) { return line.substr(0, line.find('=', 1)); }

// The child's variables, less those that the system wants to be set whatever is said.
std::vector<std::string> lines_of(const spawnpipe::command& what) {
  const auto done = harness::must(spawnpipe::run(what, {.until = patience()}));
  CHECK(done.success());
  std::vector<std::string> all;
  for (std::size_t from = 0; from < done.out.size();) {
    const std::size_t end = std::min(done.out.find('\0', from), done.out.size());
    all.push_back(done.out.substr(from, end - from));
    from = end + 1;
  }
  std::erase_if(all, [](const std::string& line) { return host_os::always_set(name_in(line)); });
  std::sort(all.begin(), all.end());
  return all;
}

// How the child sees one variable: "NAME=value", or "NAME" where it has none.
std::string seen(spawnpipe::command what, const std::string& name) {
  const auto all = lines_of(what.arg(name));
  REQUIRE(all.size() == 1);
  return all.front();
}

bool holds(const std::vector<std::string>& all, const std::string& line) {
  return std::binary_search(all.begin(), all.end(), line);
}

// PATH, by the name that the host has it under: systems that do not care for case have it as Path.
std::string spelled_here() {
  const auto all = lines_of(command("env"));
  for (const char* name : {"PATH", "Path", "path"}) {
    const std::string start = std::string(name) + "=";
    if (std::any_of(all.begin(), all.end(), [&](const auto& line) { return line.starts_with(start); })) return name;
  }
  FAIL("the host has no PATH");
  return {};
}

TEST_CASE("the child has the host's environment, where nothing is said") {
  harness::leak_check nothing_left;
  const auto all = lines_of(command("env"));
  CHECK(all.size() > 1);
  const char* const path = std::getenv("PATH");
  REQUIRE(path != nullptr);
  const std::string name = spelled_here();
  CHECK(holds(all, name + "=" + path));
}

TEST_CASE("set adds a variable and leaves the others as they are") {
  harness::leak_check nothing_left;
  auto expected = lines_of(command("env"));
  const auto changed = lines_of(command("env").env("SPAWNPIPE_TEST_NEW", "value"));
  CHECK(holds(changed, "SPAWNPIPE_TEST_NEW=value"));
  expected.emplace_back("SPAWNPIPE_TEST_NEW=value");
  std::sort(expected.begin(), expected.end());
  CHECK(changed == expected);
}

TEST_CASE("set replaces the host's value, once") {
  harness::leak_check nothing_left;
  const std::string path = spelled_here();
  const auto all = lines_of(command("env").env(path, "/nowhere"));
  CHECK(std::count_if(all.begin(), all.end(), [&](const auto& line) { return line.starts_with(path + "="); }) == 1);
  CHECK(holds(all, path + "=/nowhere"));
}

TEST_CASE("unset takes a variable away, and one that is not there") {
  harness::leak_check nothing_left;
  auto what = command("env");
  what.env().unset("PATH").unset("SPAWNPIPE_TEST_NEVER_SET");
  CHECK(seen(what, "PATH") == "PATH");
  CHECK(seen(command("env"), "PATH").starts_with("PATH="));
}

TEST_CASE("the last word on a name counts") {
  harness::leak_check nothing_left;
  auto what = command("env").env("SPAWNPIPE_TEST_X", "1").env("SPAWNPIPE_TEST_X", "2");
  CHECK(seen(what, "SPAWNPIPE_TEST_X") == "SPAWNPIPE_TEST_X=2");
  what.env().unset("SPAWNPIPE_TEST_X");
  CHECK(seen(what, "SPAWNPIPE_TEST_X") == "SPAWNPIPE_TEST_X");
  what.env("SPAWNPIPE_TEST_X", "3");
  CHECK(seen(what, "SPAWNPIPE_TEST_X") == "SPAWNPIPE_TEST_X=3");
}

TEST_CASE("clear starts from nothing") {
  harness::leak_check nothing_left;
  auto what = command("env").env("SPAWNPIPE_TEST_BEFORE", "x");
  what.env().clear().set("SPAWNPIPE_TEST_A", "1").set("SPAWNPIPE_TEST_B", "2");
  const auto all = lines_of(what);
  CHECK(all == std::vector<std::string>{"SPAWNPIPE_TEST_A=1", "SPAWNPIPE_TEST_B=2"});
}

TEST_CASE("clear alone leaves an empty environment") {
  harness::leak_check nothing_left;
  auto what = command("env");
  what.env().clear();
  CHECK(lines_of(what).empty());
}

TEST_CASE("values arrive as they were given, whatever is in them") {
  harness::leak_check nothing_left;
  std::vector<std::string> hostile = {std::string(20'000, 'v')};
  for (const char* each : {"", " ", "a=b", "=", "==x", "\"q\"", "a\nb", "$X", "%PATH%", "a;b", "\\", "\u017elu\u0165",
                           "\U0001F600", "\x01\x7f", "tail ", "() { :; }; x"}) {
    hostile.emplace_back(each);
  }
  auto what = command("env");
  what.env().clear();
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    const std::string name = "V" + std::to_string(i);
    what.env(name, hostile[i]);
    expected.push_back(name + "=" + hostile[i]);
  }
  std::sort(expected.begin(), expected.end());
  CHECK(lines_of(what) == expected);
}

TEST_CASE("names need not be letters") {
  harness::leak_check nothing_left;
  auto what = command("env");
  what.env().clear().set("a b", "1").set("\u6f22", "2").set("X-Y.Z", "3").set("lower", "4");
  auto expected = std::vector<std::string>{"X-Y.Z=3", "a b=1", "lower=4", "\u6f22=2"};
  std::sort(expected.begin(), expected.end());
  CHECK(lines_of(what) == expected);
}

TEST_CASE("one command's environment is not another's, nor the host's") {
  harness::leak_check nothing_left;
  const auto before = lines_of(command("env"));
  auto first = command("env").env("SPAWNPIPE_TEST_MINE", "1");
  auto second = first;
  second.env().unset("SPAWNPIPE_TEST_MINE").set("SPAWNPIPE_TEST_OTHER", "2");
  CHECK(seen(first, "SPAWNPIPE_TEST_MINE") == "SPAWNPIPE_TEST_MINE=1");
  CHECK(seen(first, "SPAWNPIPE_TEST_OTHER") == "SPAWNPIPE_TEST_OTHER");
  CHECK(seen(second, "SPAWNPIPE_TEST_MINE") == "SPAWNPIPE_TEST_MINE");
  CHECK(seen(second, "SPAWNPIPE_TEST_OTHER") == "SPAWNPIPE_TEST_OTHER=2");
  CHECK(lines_of(command("env")) == before);
}

TEST_CASE("a snapshot is the environment as it was, whatever the host's is at the spawn") {
  harness::leak_check nothing_left;
  const auto before = lines_of(command("env"));
  auto what = command("env");
  {
    const harness::host_variable early("SPAWNPIPE_TEST_EARLY", "1");
    what.env() = spawnpipe::environment::snapshot();
  }
  const harness::host_variable late("SPAWNPIPE_TEST_LATE", "1");
  CHECK(what.env().cleared());
  auto expected = before;
  expected.push_back("SPAWNPIPE_TEST_EARLY=1");
  std::sort(expected.begin(), expected.end());
  CHECK(lines_of(what) == expected);
  CHECK(seen(command("env").env("X", "1"), "SPAWNPIPE_TEST_LATE") == "SPAWNPIPE_TEST_LATE=1");
  what.env().unset("SPAWNPIPE_TEST_EARLY");
  CHECK(lines_of(what) == before);
}

}  // namespace
