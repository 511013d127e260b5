#include "faults.hpp"

#include "../../platform/posix/system.hpp"

#include <mutex>

namespace faults {
namespace {

using spawnpipe::platform::system_calls;
using spawnpipe::platform::system_table;
namespace direct = spawnpipe::platform::direct;

struct {
  std::string_view call;
  int code = 0;
  int at = 0;
  int made = 0;
} fault;

bool counting = false;
std::mutex count_lock;
std::map<std::string_view, int> counts;

SPAWNPIPE_SYSTEM_CALLS(FAULTY_CALL)

// A close that fails has closed.
int close_that_fails(int fd) {
  const bool now = due("close");
  const int answer = direct::close(fd);
  return now ? fails<int>("close") : answer;
}

}  // namespace

bool due(std::string_view call) {
  if (counting) {
    const std::lock_guard hold(count_lock);
    ++counts[call];
  }
  return call == fault.call && ++fault.made == fault.at;
}

int code() noexcept { return fault.code; }

namespace {

void install() {
#define REPLACE(type, name, parameters, arguments) system_calls.name = &faulty_##name;
  SPAWNPIPE_SYSTEM_CALLS(REPLACE)
#undef REPLACE
  system_calls.close = &close_that_fails;
  install_in_engine();
}

void remove() {
  remove_from_engine();
  system_calls = system_table();
}

}  // namespace

injected::injected(std::string_view call, int code, int at) {
  fault = {.call = call, .code = code, .at = at};
  install();
}

injected::~injected() { remove(); }

counted::counted() {
  fault = {};
  counts.clear();
  counting = true;
  install();
}

counted::~counted() {
  remove();
  counting = false;
}

const std::map<std::string_view, int>& counted::calls() noexcept { return counts; }

bool injected::happened() noexcept { return fault.made >= fault.at; }

}  // namespace faults
