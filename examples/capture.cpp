// Runs commands to their end: feeds them input, captures both outputs, and shows why and how each of them ended.
// How a child ended is a fact and no error: the second command fails on purpose, the third is killed at its deadline.
#include <spawnpipe/spawnpipe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

namespace {

// Runs it, shows what came of it, and says whether it ended as expected.
bool show(const spawnpipe::command& what, spawnpipe::ended_by expected_why, bool expected_success) {
  const auto done = spawnpipe::run(what, {.input = "pear\nfig\napple\n", .until = 2s});
  if (!done) {
    std::cerr << what.program() << " could not be run: " << done.error().message() << '\n';
    return false;
  }
  std::cout << what.program() << ' ' << to_string(*done) << "\n  why: " << to_string(done->why)
            << "\n  how: " << to_string(done->status) << "\n  input left: " << done->unread_input << " bytes\n--- out\n"
            << done->out << "--- err\n"
            << done->err << "---\n\n";
  return done->why == expected_why && done->success() == expected_success;
}

}  // namespace

int main() {
  bool good = show({"sort", "-r"}, spawnpipe::ended_by::itself, true);
  good = show({"sort", "no-such-file"}, spawnpipe::ended_by::itself, false) && good;
  good = show({"sleep", "60"}, spawnpipe::ended_by::deadline, false) && good;
  return good ? 0 : 1;
}
