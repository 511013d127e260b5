// What a look-up is asked for, and what becomes of what it says.
#include "allocation.hpp"
#include "simulation.hpp"

namespace {

using namespace simulation;

TEST_CASE("[P1] a look-up has the environment and the directory that a spawn would have") {
  audit books;
  books.sim.host_environment({"PATH=/host", "OTHER=1"});
  CHECK(which("tool").value_or("") == "/found/tool");
  command what("tool");
  CHECK(which(what).value_or("") == "/found/tool");
  CHECK(which(what.cwd("/dir").env("PATH", "/own")).value_or("") == "/found/tool");
  what.env().clear();
  CHECK_OK(which(what));
  const auto asked = books.sim.look_ups();
  REQUIRE(asked.size() == 4);
  for (const auto& each : asked) CHECK(each.program == "tool");
  CHECK_FALSE(asked[0].environment);
  CHECK_FALSE(asked[1].environment);
  CHECK_FALSE(asked[1].cwd);
  CHECK(asked[2].cwd == "/dir");
  CHECK(asked[2].environment == std::vector<std::string>{"OTHER=1", "PATH=/own"});
  CHECK(asked[3].environment == std::vector<std::string>{});
}

TEST_CASE("[P1] what a look-up says is handed on, its hint too") {
  audit books;
  books.sim.fail_find_program({std::make_error_code(std::errc::no_such_file_or_directory), stage::exec, "gti",
                               hint_text("looked for in PATH: \"/bin\"")});
  const auto found = which("gti");
  REQUIRE(found.failed_with(std::errc::no_such_file_or_directory));
  CHECK(to_string(found.error()).ends_with("; looked for in PATH: \"/bin\""));
  CHECK(to_string(found.error()).starts_with("cannot start \"gti\": "));
}

TEST_CASE("[P1] a command that is impossible is not looked up") {
  audit books;
  const auto before = books.sim.look_ups().size();
  CHECK(which("").failed_with(errc::invalid_argument));
  CHECK(which(command("x").env("A=B", "")).failed_with(errc::invalid_argument));
  CHECK(books.sim.look_ups().size() == before);
}

TEST_CASE("[P1] the hint of a failed spawn comes through run and spawn") {
  on_a_loop here;
  const error failure{std::make_error_code(std::errc::too_many_files_open), stage::pipe, "in",
                      hint_text("this process may have 5 open")};
  here.sim.next_child().fail_spawn(failure);
  const auto spawned = spawn(here.loop, on_a_loop::piped());
  REQUIRE_FALSE(spawned);
  CHECK(to_string(spawned.error()).ends_with("; this process may have 5 open"));
  here.sim.next_child().fail_spawn(failure);
  const auto begun = run_async(here.loop, on_a_loop::piped(), {}, [](const completed&) {});
  REQUIRE_FALSE(begun);
  CHECK(to_string(begun.error()).ends_with("; this process may have 5 open"));
}

TEST_CASE("[P1] a hint for which there is no memory is none, and its error is an error all the same") {
  if (!harness::allocations_are_counted()) SKIP_CASE("this program's operator new cannot be replaced");
  const error whole = {errc::closed, stage::pipe, "in", hint_text("a limit")};
  bool made = true;
  bool copied = false;
  {
    const harness::no_memory none;
    made = !hint_text("a limit").empty();
    const hint_text copy = whole.hint;
    copied = copy.view() == "a limit";
  }
  CHECK_FALSE(made);
  CHECK(copied);
  CHECK(hint_text("a limit").view() == "a limit");
}

TEST_CASE("[P4] the name of a signal is the system's") {
  CHECK(to_string(exit_status::signalled(9)) == "ended by signal 9 (SIGKILL)");
  CHECK(to_string(exit_status::signalled(15, true)) == "ended by signal 15 (SIGTERM), core dumped");
  CHECK(to_string(exit_status::signalled(7)) == "ended by signal 7");
}

TEST_CASE("a command is shown as the system's shell would take it") {
  CHECK(to_string(command("make", {"a b"}).env("TOKEN", "s3cret").cwd("src")) ==
        "(cd ./src && env TOKEN=\"${TOKEN?}\" make 'a b')");
}

}  // namespace
