// Asks one library for one case. The argument is the number of the case, or "version"; one line is printed: "pass",
// "by hand: WHAT", "fail: WHY" or "cannot: WHY". Whoever runs it (run_list.py) bounds it in time.
#include "../host_os.hpp"
#include "case_list.hpp"
#include "library.hpp"

#include <link.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace switch_list {
namespace {

int count_object(struct dl_phdr_info* /*which*/, std::size_t /*size*/, void* count) {
  ++*static_cast<int*>(count);
  return 0;
}

int answer(const std::string& asked) {
  if (asked == "version") {
    int objects = -2;  // the program itself, and the kernel's
    ::dl_iterate_phdr(count_object, &objects);
    std::printf("%s, %d shared objects\n", this_library.version().c_str(), objects);
    return 0;
  }
  if (asked == "dies") {
    std::printf("%d\n", static_cast<int>(this_library.end_with_host.act()));
    std::fflush(stdout);
    ::kill(::getpid(), SIGKILL);
  }
  const std::size_t number = std::strtoul(asked.c_str(), nullptr, 10);
  const auto list = the_list();
  if (number < 1 || number > list.size()) return 2;
  const list_entry& which = list[number - 1];
  if (!which.expressed) {
    std::printf("cannot: %s\n", which.why_not);
    return 0;
  }
  try {
    const word by_hand = which.act();
    std::printf(*by_hand == '\0' ? "pass\n" : "by hand: %s\n", by_hand);
  } catch (const std::exception& said) {
    std::printf("fail: %s\n", said.what());
  }
  return 0;
}

}  // namespace
}  // namespace switch_list

int main(int count, char** given) {
  using switch_list::at_the_beginning;
  at_the_beginning = {.threads = host_os::thread_count().value_or(0),
                      .descriptors = host_os::open_descriptors().size(),
                      .signals = host_os::signal_state()};
  return count == 2 ? switch_list::answer(given[1]) : 2;
}
