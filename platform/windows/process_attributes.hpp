// What a new process is given beside its command line: the handles it inherits, the job it is born into.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_PROCESS_ATTRIBUTES_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_PROCESS_ATTRIBUTES_HPP

#include "system.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace spawnpipe::platform {

class process_attributes {
 public:
  process_attributes() = default;
  process_attributes(const process_attributes&) = delete;
  process_attributes& operator=(const process_attributes&) = delete;
  ~process_attributes();

  // Room for two; false where the system refuses (GetLastError), as below.
  [[nodiscard]] bool create();
  // Both are borrowed until the process is made. The handles are inheritable, each is there once, and there is one at least.
  [[nodiscard]] bool inherit(std::span<HANDLE> handles) noexcept;
  [[nodiscard]] bool born_into(HANDLE& job) noexcept;

  [[nodiscard]] LPPROC_THREAD_ATTRIBUTE_LIST get() const noexcept { return list_; }

 private:
  std::vector<std::byte> memory_;
  LPPROC_THREAD_ATTRIBUTE_LIST list_ = nullptr;  // null: not initialized
};

}  // namespace spawnpipe::platform

#endif
