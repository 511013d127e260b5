#include "scenario.hpp"

#include "host_os.hpp"

#include <cstdio>
#include <string_view>

namespace harness {

namespace {

constexpr std::string_view option = "--scenario";
constexpr int skipped_code = 77;
constexpr std::string_view skip_mark = "skipped: ";

scenario* first = nullptr;
int expected = 0;
int failed = 0;
bool skipped = false;

}  // namespace

scenario::scenario(const char* name, void (*act)()) noexcept : name_(name), act_(act), next_(first) { first = this; }

std::optional<int> scenario::main(int argc, char** argv) {
  if (argc != 3 || argv[1] != option) return std::nullopt;
  for (const scenario* each = first; each != nullptr; each = each->next_) {
    if (each->name_ != std::string_view(argv[2])) continue;
    each->act_();
    if (skipped && failed == 0) return skipped_code;
    if (!skipped && expected == 0) std::fprintf(stderr, "the scenario expected nothing\n");
    return failed > 0 || (!skipped && expected == 0) ? 1 : 0;
  }
  std::fprintf(stderr, "there is no scenario \"%s\"\n", argv[2]);
  return 1;
}

void scenario::expect(bool holds, const char* what, const char* file, int line) {
  ++expected;
  if (holds) return;
  ++failed;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
}

void scenario::skip(const char* reason) {
  skipped = true;
  std::printf("%s%s\n", skip_mark.data(), reason);
  std::fflush(stdout);
}

std::optional<std::string> play(const std::string& name) {
  const host_os::ended host = host_os::run_self({std::string(option), name});
  if (host.code == skipped_code) {
    const std::size_t at = host.output.rfind(skip_mark);
    if (at == std::string::npos) return "no reason given";
    const std::string reason = host.output.substr(at + skip_mark.size());
    return reason.substr(0, reason.find('\n'));
  }
  CHECK_MESSAGE(host.code == 0, "the host of the scenario \"", name, "\" ended with ", host.code, ":\n", host.output);
  return std::nullopt;
}

}  // namespace harness
