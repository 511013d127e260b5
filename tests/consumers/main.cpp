// What a project does first with the library, however it came to it. Compiled with more warnings than the library itself, and with
// the features of its headers that make code in the consumer: results, callbacks, comparisons, options.
#include <spawnpipe/spawnpipe.hpp>

#include <cstdio>
#include <string>
#include <system_error>

using namespace std::chrono_literals;

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  ++failures;
}

void run_and_capture() {
  const auto done = spawnpipe::run(spawnpipe::command::shell("echo hello"), {.until = 30s});
  expect(done.has_value(), "a shell line runs");
  if (!done) return std::fprintf(stderr, "%s\n", done.error().message().c_str()), void();
  expect(done->success(), "it succeeds");
  expect(done->out == "hello\n" || done->out == "hello\r\n", "its output is captured");
  expect(to_string(*done).find("0") != std::string::npos, "its result can be printed");
}

void report_what_is_missing() {
  const auto missing = spawnpipe::spawn(spawnpipe::command("no-such-program-anywhere"));
  expect(!missing, "a program that is not there does not start");
  expect(missing.failed_with(std::errc::no_such_file_or_directory), "the error says why");
  expect(missing.error().where == spawnpipe::stage::exec, "and at which stage");
  try {
    static_cast<void>(spawnpipe::spawn(spawnpipe::command("no-such-program-anywhere")).value());
    expect(false, "value() throws");
  } catch (const std::system_error& thrown) {
    expect(thrown.code() == missing.error().code, "value() throws the error");
  }
}

// What talk_and_listen talks with: this program again.
int answer() {
  char line[100];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return 1;
  return std::printf("you said %s", line) > 0 ? 0 : 1;
}

void talk_and_listen(const char* self) {
  auto loop = spawnpipe::event_loop::create();
  expect(loop.has_value(), "a loop opens");
  if (!loop) return;
  std::string heard;
  bool ended = false;
  auto child = spawnpipe::spawn(
      *loop, spawnpipe::command(self, {"answer"}).in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{}));
  expect(child.has_value(), "a child on the loop starts");
  if (!child) return;
  child->out().on_readable([&](spawnpipe::pipe_reader& out) {
    heard += out.available_text();
    out.consume(heard.size());
  });
  child->on_exit([&](spawnpipe::child&, const spawnpipe::exit_status& status) { ended = status.success(); });
  expect(child->in().write("hello\n").has_value(), "text goes to it");
  expect(child->in().close().has_value(), "and its end");
  expect(loop->run(30s).has_value(), "the loop runs until nothing is left");
  expect(ended, "the child has ended well");
  expect(heard.starts_with("you said hello"), "callbacks heard what it said");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return answer();
  run_and_capture();
  report_what_is_missing();
  talk_and_listen(argv[0]);
  return failures == 0 ? 0 : 1;
}
