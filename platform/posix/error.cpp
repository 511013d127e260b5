// Errors of the system, with stage and subject.
#include "error.hpp"

#include "hint.hpp"

namespace spawnpipe::platform {

error system_error(int number, stage where, std::string_view subject) {
  return {system_code(number), where, subject, limit_hint(number, where)};
}

error uv_error(int code, stage where, std::string_view subject) { return system_error(-code, where, subject); }

}  // namespace spawnpipe::platform
