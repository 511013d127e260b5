// The main of the test programs: doctest, with the totals of results.cpp. doctest's options work (--help lists them; for one
// case: --test-case='*[W5]*').
//
// doctest's signal handlers are left out: the cases look at the dispositions of a host that has none.
#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#include "harness.hpp"
#include "host_os.hpp"
#include "results.hpp"
#include "scenario.hpp"

int main(int argc, char** argv) {
  if (const auto code = harness::scenario::main(argc, argv)) return *code;
  host_os::shield_descriptors();
  host_os::heed_interrupts();
  doctest::Context context;
  context.setOption("no-intro", true);
  context.setOption("minimal", true);
  context.applyCommandLine(argc, argv);
  if (!harness::cases_can_show_something()) return harness::finish();
  const int code = context.run();
  if (context.shouldExit()) return code;  // it was asked for a list or its version
  return harness::finish();
}
