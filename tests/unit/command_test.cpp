// command and environment: values that say what was asked for, unchecked and unexpanded.
#include "harness.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace {

using spawnpipe::command;
using spawnpipe::environment;
namespace stdio = spawnpipe::stdio;
using strings = std::vector<std::string>;

static_assert(std::is_copy_constructible_v<command> && std::is_move_constructible_v<command>);
static_assert(std::is_copy_assignable_v<command> && std::is_nothrow_move_constructible_v<stdio::input>);

TEST_CASE("a program with arguments, in every form") {
  CHECK(command("git").argv() == strings{"git"});
  CHECK(command("git", {"log", "-1"}).argv() == strings{"git", "log", "-1"});
  CHECK(command{"git", "log", "-1"}.argv() == strings{"git", "log", "-1"});
  CHECK(command("git").arg("log").args({"-1", "--stat"}).argv() == strings{"git", "log", "-1", "--stat"});
  CHECK(command({"git", "log"}).program() == "git");
}

TEST_CASE("an empty list makes an empty command, which is refused by spawn and not here") {
  const command nothing(std::initializer_list<std::string_view>{});
  CHECK(nothing.argv().empty());
  CHECK(nothing.program().empty());
}

TEST_CASE("argv0 changes the name and not the program") {
  const command renamed = command("/bin/program", {"a"}).argv0("other");
  CHECK(renamed.program() == "/bin/program");
  CHECK(renamed.argv() == strings{"other", "a"});
  const command nameless = command(std::initializer_list<std::string_view>{}).argv0("name");
  CHECK(nameless.program().empty());
  CHECK(nameless.argv() == strings{"name"});
}

TEST_CASE("arguments are kept as they are") {
  const std::string hostile("a\0b \"'\\$`*\n\xff", 13);
  CHECK(command("x", {hostile, ""}).argv() == strings{"x", hostile, ""});
}

TEST_CASE("a line for the shell is one argument") {
  const command line = command::shell("echo $HOME | cat");
  CHECK(line.argv().size() >= 2);
  CHECK(line.argv().back() == "echo $HOME | cat");
  CHECK(line.program() == line.argv().front());
}

TEST_CASE("a command is a value") {
  const command first = command("x").cwd("/a").env("A", "1").out(stdio::pipe{});
  command second = first;
  second.arg("more").cwd("/b").env("A", "2").out(stdio::null{}).group(spawnpipe::process_group::host);
  CHECK(first.argv() == strings{"x"});
  CHECK(first.cwd() == "/a");
  CHECK(first.env().changes().at("A") == "1");
  CHECK(first.out() == stdio::output(stdio::pipe{}));
  CHECK(first.group() == spawnpipe::process_group::automatic);
  CHECK(second.cwd() == "/b");
  CHECK(second.env().changes().at("A") == "2");
  CHECK(second.out() == stdio::output(stdio::null{}));
}

TEST_CASE("what is not mentioned is not there") {
  const command plain("x");
  CHECK_FALSE(plain.cwd());
  CHECK_FALSE(plain.in());
  CHECK_FALSE(plain.out());
  CHECK_FALSE(plain.err());
  CHECK(plain.descriptors().empty());
  CHECK(plain.env() == environment());
  CHECK(plain.group() == spawnpipe::process_group::automatic);
  CHECK(plain.on_destroy() == spawnpipe::stop_policy::immediate());
}

TEST_CASE("streams and descriptors: the last word counts") {
  command what("x");
  what.in(stdio::from_file{"a"}).in(stdio::null{});
  what.err(stdio::pipe{.capacity = 10}).err(stdio::merge{});
  what.descriptor(7, {3}).descriptor(7, {4}).descriptor(8, {5});
  CHECK(what.in() == stdio::input(stdio::null{}));
  CHECK(what.err() == stdio::error_output(stdio::merge{}));
  CHECK(what.descriptors().size() == 2);
  CHECK(what.descriptors().at(7) == spawnpipe::native_handle{4});
  what.on_destroy(spawnpipe::stop_policy::graceful(std::chrono::seconds(1)));
  CHECK(what.on_destroy().close_stdin == std::chrono::seconds(1));
  CHECK(what.on_destroy().terminate == std::chrono::seconds(1));
}

TEST_CASE("streams are equal where they say the same") {
  CHECK(stdio::pipe{.capacity = 10} == stdio::pipe{.capacity = 10});
  CHECK(stdio::pipe{.capacity = 10} != stdio::pipe{.capacity = 11});
  CHECK(stdio::from_file{"a"} == stdio::from_file{"a"});
  CHECK(stdio::from_file{"a"} != stdio::from_file{"b"});
  const stdio::to_file file{"a", stdio::file_mode::append};
  CHECK(file == stdio::to_file{"a", stdio::file_mode::append});
  CHECK(file != stdio::to_file{"a", stdio::file_mode::truncate});
  CHECK(file != stdio::to_file{"b", stdio::file_mode::append});
  CHECK(stdio::handle{{3}} == stdio::handle{{3}});
  CHECK(stdio::handle{{3}} != stdio::handle{{4}});
  CHECK(stdio::output(stdio::inherit{}) == stdio::output(stdio::inherit{}));
  CHECK(stdio::output(stdio::inherit{}) != stdio::output(stdio::null{}));
}

TEST_CASE("an environment keeps the last word on each name") {
  environment changes;
  changes.set("A", "1").set("A", "2").set("B", "").unset("C").set("C", "3").set("D", "4").unset("D");
  CHECK_FALSE(changes.cleared());
  CHECK(changes.changes().size() == 4);
  CHECK(changes.changes().at("A") == "2");
  CHECK(changes.changes().at("B") == "");
  CHECK(changes.changes().at("C") == "3");
  CHECK_FALSE(changes.changes().at("D").has_value());
}

TEST_CASE("clear forgets what was set before, and not what is set after") {
  environment changes;
  changes.set("A", "1").clear().set("B", "2");
  CHECK(changes.cleared());
  CHECK(changes.changes().size() == 1);
  CHECK(changes.changes().at("B") == "2");
  CHECK(changes != environment().set("B", "2"));
}

TEST_CASE("stop policies as data") {
  constexpr spawnpipe::stop_policy usual;
  static_assert(!usual.close_stdin && usual.terminate && usual.kill);
  constexpr auto immediate = spawnpipe::stop_policy::immediate();
  static_assert(!immediate.close_stdin && !immediate.terminate && immediate.kill);
  constexpr auto graceful = spawnpipe::stop_policy::graceful();
  static_assert(graceful.close_stdin && graceful.terminate && graceful.kill);
  CHECK(usual != immediate);
  CHECK(graceful == spawnpipe::stop_policy::graceful(std::chrono::milliseconds(2000)));
}

}  // namespace
