// What the helper's verb fds tells, for cases that compare it.
#ifndef SPAWNPIPE_TESTS_POSIX_DESCRIPTORS_HPP
#define SPAWNPIPE_TESTS_POSIX_DESCRIPTORS_HPP

#include <sstream>
#include <string>
#include <vector>

namespace harness {

// Its lines, without the device and inode: "1 pipe w -".
inline std::vector<std::string> descriptors_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream lines(text);
  for (std::string number, kind, access, flags, where; lines >> number >> kind >> access >> flags >> where;) {
    all.push_back(number + " " += kind + " " += access + " " += flags);
  }
  return all;
}

}  // namespace harness

#endif
