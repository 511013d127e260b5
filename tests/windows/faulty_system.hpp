// The table of Win32 calls with a fault in it: one call fails, with one code, when it is made for the k-th time. And the books of
// what was opened and closed through the table meanwhile.
#ifndef SPAWNPIPE_TESTS_WINDOWS_FAULTY_SYSTEM_HPP
#define SPAWNPIPE_TESTS_WINDOWS_FAULTY_SYSTEM_HPP

#include "../../platform/windows/system.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

struct fault {
  std::string_view call;  // empty: none fails
  DWORD code = ERROR_SUCCESS;
  int at = 0;
};

// The table, while this lives; one at a time. Made while nothing of the library is at work on another thread.
class faulty_system {
 public:
  explicit faulty_system(const fault& what);
  faulty_system(const faulty_system&) = delete;
  faulty_system& operator=(const faulty_system&) = delete;
  ~faulty_system();

  // The fault has come.
  [[nodiscard]] static bool happened();
  // How often each call that can fail was made.
  [[nodiscard]] static std::map<std::string_view, int> calls();
  // What was opened through the table and is open still, by the call that opened it: without what a failed release held.
  [[nodiscard]] static std::vector<std::string> left_open();
  // Whether each process that was made has ended, within so long.
  [[nodiscard]] static bool processes_end(std::chrono::milliseconds bound);
};

}  // namespace harness

#endif
