// Which std::errc a number of Windows compares equal to.
//
// The standard libraries differ in what they map: libstdc++ leaves 233 and 995 alone, and takes 109 for a broken pipe where
// others take 232. What a caller of this library may branch on is the same with each.
#include "error.hpp"

#include <array>
#include <utility>

namespace spawnpipe::platform {
namespace {

struct meaning {
  DWORD number;
  std::errc generic;
};

constexpr std::array meanings = {
    meaning{ERROR_FILE_NOT_FOUND, std::errc::no_such_file_or_directory},
    meaning{ERROR_PATH_NOT_FOUND, std::errc::no_such_file_or_directory},
    meaning{ERROR_TOO_MANY_OPEN_FILES, std::errc::too_many_files_open},
    meaning{ERROR_ACCESS_DENIED, std::errc::permission_denied},
    meaning{ERROR_INVALID_HANDLE, std::errc::bad_file_descriptor},
    meaning{ERROR_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
    meaning{ERROR_OUTOFMEMORY, std::errc::not_enough_memory},
    meaning{ERROR_SHARING_VIOLATION, std::errc::device_or_resource_busy},
    meaning{ERROR_NOT_SUPPORTED, std::errc::not_supported},
    meaning{ERROR_BAD_NETPATH, std::errc::no_such_file_or_directory},
    meaning{ERROR_FILE_EXISTS, std::errc::file_exists},
    meaning{ERROR_INVALID_PARAMETER, std::errc::invalid_argument},
    meaning{ERROR_BROKEN_PIPE, std::errc::broken_pipe},
    meaning{ERROR_DISK_FULL, std::errc::no_space_on_device},
    meaning{ERROR_INVALID_NAME, std::errc::no_such_file_or_directory},
    meaning{ERROR_BUSY, std::errc::device_or_resource_busy},
    meaning{ERROR_ALREADY_EXISTS, std::errc::file_exists},
    meaning{ERROR_BAD_EXE_FORMAT, std::errc::executable_format_error},
    meaning{ERROR_FILENAME_EXCED_RANGE, std::errc::filename_too_long},
    meaning{ERROR_NO_DATA, std::errc::broken_pipe},
    meaning{ERROR_PIPE_NOT_CONNECTED, std::errc::broken_pipe},
    meaning{ERROR_DIRECTORY, std::errc::not_a_directory},
    meaning{ERROR_ELEVATION_REQUIRED, std::errc::operation_not_permitted},
    meaning{ERROR_OPERATION_ABORTED, std::errc::operation_canceled},
    meaning{ERROR_NO_SYSTEM_RESOURCES, std::errc::not_enough_memory},
    meaning{ERROR_COMMITMENT_LIMIT, std::errc::not_enough_memory},
    meaning{ERROR_NOT_ENOUGH_QUOTA, std::errc::not_enough_memory},
};

}  // namespace

std::error_code system_code(DWORD number) noexcept {
  const std::error_code plain(static_cast<int>(number), std::system_category());
  for (const meaning& each : meanings) {
    if (each.number == number) return plain == each.generic ? plain : std::make_error_code(each.generic);
  }
  return plain;
}

error system_error(DWORD number, stage where, std::string_view subject) {
  return {system_code(number), where, subject};
}

error last_error(stage where, std::string_view subject) {
  const DWORD number = ::GetLastError();
  return system_error(number, where, subject);
}

}  // namespace spawnpipe::platform
