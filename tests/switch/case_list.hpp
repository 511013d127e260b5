// The list of cases, and what the program was when main began, which the last of them looks at.
#ifndef SPAWNPIPE_TESTS_SWITCH_CASE_LIST_HPP
#define SPAWNPIPE_TESTS_SWITCH_CASE_LIST_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace switch_list {

// What the user has to do himself where a case passed; empty where nothing.
using word = const char*;

struct list_entry {
  word (*act)();  // throws where the case does not hold
  bool expressed;
  const char* why_not;
};

// In the order of their numbers, from 1 on.
[[nodiscard]] std::vector<list_entry> the_list();

struct beginnings {
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  std::string signals;
};
inline beginnings at_the_beginning;

}  // namespace switch_list

#endif
