// What a file needs beside itself to be run: the interpreter that its first line names, or the loader that its header names. Where that
// is missing, exec says that the file is.
#ifndef SPAWNPIPE_PLATFORM_POSIX_INTERPRETER_HPP
#define SPAWNPIPE_PLATFORM_POSIX_INTERPRETER_HPP

#include "path_text.hpp"

namespace spawnpipe::platform {

enum class interpreter_kind {
  none,    // it needs nothing, or nobody can tell
  script,  // "#!"
  loader,  // of a program that is linked dynamically (ELF)
};

// Reads the beginning of the file.
[[nodiscard]] interpreter_kind interpreter_of(const char* path, path_text& interpreter) noexcept;

}  // namespace spawnpipe::platform

#endif
