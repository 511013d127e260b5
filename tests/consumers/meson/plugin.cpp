// A plug-in that uses the library inside, and has one function for others.
#include <spawnpipe/spawnpipe.hpp>

extern "C" int plugin_run(const char* line) {
  const auto done = spawnpipe::run(spawnpipe::command::shell(line), {.until = std::chrono::seconds(30)});
  return done && done->success() ? 0 : 1;
}
