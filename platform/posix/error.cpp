// Errors of the system, with stage and subject.
#include "error.hpp"

#include "hint.hpp"

#include <utility>

namespace spawnpipe::platform {

error system_error(int number, stage where, std::string subject) {
  return {system_code(number), where, std::move(subject), limit_hint(number, where)};
}

error uv_error(int code, stage where, std::string subject) { return system_error(-code, where, std::move(subject)); }

}  // namespace spawnpipe::platform
