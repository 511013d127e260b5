// Talks with a child line by line: here with a shell that works out sums. One deadline bounds the whole conversation.
// Nothing has to be read or written in the right order to avoid a deadlock: while one call waits, the bytes of all
// pipes of this thread go on moving.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace {

int fail(const char* what, const spawnpipe::error& why) {
  std::cerr << what << ": " << why.message() << '\n';
  return 1;
}

}  // namespace

int main() {
  const spawnpipe::deadline until = 10s;
  auto what = spawnpipe::command::shell("while read -r sum; do echo $(($sum)); done");
  auto shell = spawnpipe::spawn(what.in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{}));
  if (!shell) return fail("spawn", shell.error());

  for (const std::string_view sum : {"6 * 7\n", "1 + 2 + 3\n", "1000 / 8\n"}) {
    std::string_view rest = sum;
    if (auto asked = shell->in().write_all(rest, until); !asked) return fail("ask", asked.error());
    const auto answer = shell->out().read_line(until);
    if (!answer) return fail("answer", answer.error());
    std::cout << *answer << " = " << sum;
  }

  // The shell reads the end of its input, and ends.
  if (auto closed = shell->in().close(); !closed) return fail("close", closed.error());
  const auto status = shell->wait(until);
  if (!status) return fail("wait", status.error());
  std::cout << "the shell " << to_string(*status) << '\n';
  return status->success() ? 0 : 1;
}
