// Which file is run, and with which command line.
#ifndef SPAWNPIPE_PLATFORM_WINDOWS_PROGRAM_HPP
#define SPAWNPIPE_PLATFORM_WINDOWS_PROGRAM_HPP

#include <spawnpipe/result.hpp>

#include "platform.hpp"
#include "system.hpp"

#include <optional>
#include <string>

namespace spawnpipe::platform {

// For CreateProcess.
struct program_start {
  std::wstring program;                     // the full path
  std::wstring line;                        // what the program reads its arguments from
  std::optional<std::wstring> environment;  // a block; none: the host's
  std::optional<std::wstring> directory;    // the full path; none: the host's
};

// Looks the program up and puts its command line together, or says what cannot be done. The look-up is ours, and CreateProcess
// gets the full path: its own looks into the current directory, and takes `C:\sp.exe` for an unquoted `C:\sp ace\real.exe`.
[[nodiscard]] result<program_start> prepare_program(const spawn_plan& plan);

// Why a directory cannot be a child's: CreateProcess says the same of all, so it has to be asked for.
[[nodiscard]] error directory_error(DWORD code, const std::string& cwd, const std::wstring& full);

}  // namespace spawnpipe::platform

#endif
