// Talks with a child line by line: here with this very program, run again to square numbers. One deadline bounds the
// whole conversation. Nothing has to be read or written in the right order to avoid a deadlock: while one call waits,
// the bytes of all pipes of this thread go on moving.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>
#include <string_view>

using namespace std::chrono_literals;

namespace {

int fail(const char* what, const spawnpipe::error& why) {
  std::cerr << what << ": " << to_string(why) << '\n';
  return 1;
}

// The child: answers each number with its square, until its input ends.
int square() {
  for (long number = 0; std::cin >> number;) std::cout << number * number << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return square();
  const spawnpipe::deadline until = 10s;
  auto what = spawnpipe::command(argv[0], {"square"});
  auto child = spawnpipe::spawn(what.in(spawnpipe::stdio::pipe{}).out(spawnpipe::stdio::pipe{}));
  if (!child) return fail("spawn", child.error());

  for (const std::string_view number : {"6\n", "42\n", "1000\n"}) {
    std::string_view rest = number;
    if (auto asked = child->in().write_all(rest, until); !asked) return fail("ask", asked.error());
    auto answer = child->out().read_line(until);
    if (!answer) return fail("answer", answer.error());
    if (answer->ends_with('\r')) answer->remove_suffix(1);  // on Windows children end their lines with CR LF
    std::cout << *answer << " is the square of " << number;
  }

  // The child reads the end of its input, and ends.
  if (auto closed = child->in().close(); !closed) return fail("close", closed.error());
  const auto status = child->wait(until);
  if (!status) return fail("wait", status.error());
  std::cout << "the child " << to_string(*status) << '\n';
  return status->success() ? 0 : 1;
}
