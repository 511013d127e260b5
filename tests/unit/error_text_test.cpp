// The sentences of errors and exit statuses, as far as they are the same on each system.
#include "bounded_text.hpp"
#include "harness.hpp"
#include "windows_exit_code.hpp"

#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

using spawnpipe::errc;
using spawnpipe::error;
using spawnpipe::exit_status;
using spawnpipe::hint_text;
using spawnpipe::stage;
using spawnpipe::to_string;

// In the words of the library, which are the same everywhere.
error of(errc code, stage where, std::string subject, std::string_view hint = {}) {
  return {code, where, subject, hint_text(hint)};
}

TEST_CASE("an error as a sentence") {
  const std::pair<error, std::string_view> all[] = {
      {of(errc::not_supported, stage::exec, "gti", "looked for in PATH: \"/bin\""),
       "cannot start \"gti\": not supported by this back end; looked for in PATH: \"/bin\""},
      {of(errc::invalid_argument, stage::command, "argv is empty"),
       "cannot do what was asked: argv is empty: invalid argument"},
      {of(errc::timed_out, stage::loop, ""), "the event loop cannot go on: the deadline came first"},
      {of(errc::closed, stage::pipe, "in"), "cannot make a pipe for \"in\": closed, or not a pipe"},
      {of(errc::closed, stage::redirect, "a b"),
       "cannot redirect the child's streams to \"a b\": closed, or not a pipe"},
      {of(errc::closed, stage::cwd, ""), "cannot enter the directory \"\": closed, or not a pipe"},
      {of(errc::not_supported, stage::attributes, "end_with_host: uv_spawn cannot"),
       "cannot make the process as it was asked for: end_with_host: uv_spawn cannot: not supported by this back end"},
      {of(errc::wrong_thread, stage::process, "x"),
       "cannot make a process for \"x\": the object belongs to another thread or process"},
      {of(errc::end_of_stream, stage::read, "out"), "cannot read from \"out\": end of stream"},
      {of(errc::closed, stage::write, ""), "cannot write: closed, or not a pipe"},
      {of(errc::output_stalled, stage::wait, "err"),
       "cannot wait for the process: err: the child waits for its output to be consumed"},
      {of(errc::already_exited, stage::signal, ""), "cannot signal the process: the process has already ended"},
  };
  for (const auto& each : all) CHECK(to_string(each.first) == each.second);
}

TEST_CASE("an error as a sentence is one line, and hides no character of a name") {
  const std::string text = to_string(of(errc::not_supported, stage::exec, "a\r\n\t\x1B[31m\x7F", ""));
  CHECK(text.starts_with("cannot start \"a\\r\\n\\t\\x1B[31m\\x7F\": "));
  const std::string words = to_string(of(errc::invalid_argument, stage::command, "argv[1]\n"));
  CHECK(words.find('\n') == std::string::npos);
}

TEST_CASE("some codes say by themselves what to look at") {
  const auto said = [](std::errc code, stage where, std::string_view hint = {}) {
    return to_string(error{std::make_error_code(code), where, "x", hint_text(hint)});
  };
  CHECK(said(std::errc::executable_format_error, stage::exec).ends_with("; it is not a program for this system"));
  CHECK(said(std::errc::text_file_busy, stage::exec).ends_with("; another process has the file open to write to it"));
  CHECK(said(std::errc::broken_pipe, stage::write).ends_with("; whoever reads it has closed it, or has ended"));
  CHECK(said(std::errc::broken_pipe, stage::read).find(';') == std::string::npos);
  CHECK(said(std::errc::executable_format_error, stage::exec, "seen").ends_with("; seen"));
}

TEST_CASE("the parts of an error are the same with a hint and without") {
  const error with = of(errc::closed, stage::write, "in", "a hint");
  CHECK(with.message() == of(errc::closed, stage::write, "in").message());
  CHECK(with.message() == "write: \"in\": closed, or not a pipe");
}

TEST_CASE("a hint is copied, moved and bounded") {
  hint_text one("text");
  CHECK(one.view() == "text");
  const hint_text copy = one;
  CHECK(copy.view().data() == one.view().data());
  hint_text moved = std::move(one);
  CHECK(one.empty());  // NOLINT(bugprone-use-after-move): that is what is asked
  CHECK(one.view().empty());
  CHECK(moved.view() == "text");
  moved = hint_text("other");
  CHECK(copy.view() == "text");
  CHECK(moved.view() == "other");
  const hint_text& itself = moved;
  moved = itself;
  CHECK(moved.view() == "other");
  CHECK(hint_text("").empty());

  const std::string longer(5000, 'x');
  const hint_text cut{std::string_view(longer)};
  CHECK(cut.view().size() == 1024);
  CHECK(cut.view().ends_with("x..."));
}

TEST_CASE("text that is cut is cut between characters") {
  for (std::size_t before = 1010; before < 1024; ++before) {
    spawnpipe::detail::bounded_text text;
    text += std::string(before, 'x');
    text += "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80";
    const std::string_view view = text.view();
    CAPTURE(before);
    CHECK(view.size() <= 1024);
    REQUIRE(view.ends_with("..."));
    const std::string_view kept = view.substr(0, view.size() - 3);
    CHECK((kept.ends_with('x') || kept.ends_with("\x98\x80")));
    text += "more";
    CHECK(text.view().ends_with("..."));
  }
  spawnpipe::detail::bounded_text text;
  text += 18446744073709551615U;
  text += -5;
  CHECK(text.view() == "18446744073709551615-5");
}

TEST_CASE("[P4] the exit codes of Windows have names") {
  CHECK(
      to_string(exit_status::exited(0xC0000135U)) ==
      "exited with code 0xC0000135 (STATUS_DLL_NOT_FOUND: a DLL that the program needs was not found, beside it or in "
      "the folders of PATH)");
  for (const auto& [code, name] : {std::pair{0xC0000005U, "STATUS_ACCESS_VIOLATION"},
                                   {0xC0000139U, "STATUS_ENTRYPOINT_NOT_FOUND"},
                                   {0xC000013AU, "STATUS_CONTROL_C_EXIT"},
                                   {0xC0000142U, "STATUS_DLL_INIT_FAILED"},
                                   {0xC000007BU, "STATUS_INVALID_IMAGE_FORMAT"},
                                   {0xC00000FDU, "STATUS_STACK_OVERFLOW"},
                                   {0xC0000409U, "STATUS_STACK_BUFFER_OVERRUN"},
                                   {0xC0000374U, "STATUS_HEAP_CORRUPTION"}}) {
    CHECK(to_string(exit_status::exited(code)).find(name) != std::string::npos);
  }
  CHECK(to_string(exit_status::exited(0xC0001234U)) == "exited with code 0xC0001234");
  CHECK(to_string(exit_status::exited(1)) == "exited with code 1");
}

}  // namespace
