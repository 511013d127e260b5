// What a project does first with its new subproject.
#include <spawnpipe/spawnpipe.hpp>

#include <cstdio>

int main() {
  using namespace std::chrono_literals;
  const auto done = spawnpipe::run(spawnpipe::command::shell("echo from a subproject"), {.until = 10s});
  if (!done) {
    std::fprintf(stderr, "%s\n", to_string(done.error()).c_str());
    return 1;
  }
  std::fputs(done->out.c_str(), stdout);
  return done->success() && done->out == "from a subproject\n" ? 0 : 1;
}
