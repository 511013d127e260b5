// A compilation database (compile_commands.json, as CMake, Meson and ninja write it) as a list of commands to run.
// https://clang.llvm.org/docs/JSONCompilationDatabase.html
#ifndef EXAMPLES_COMPILATION_DATABASE_HPP
#define EXAMPLES_COMPILATION_DATABASE_HPP

#include <spawnpipe/command.hpp>

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// A database that cannot be read, or does not hold what it should. The message is one line for a person.
class bad_database : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One entry: how to make one output.
struct compilation {
  spawnpipe::command command;                   ///< In the entry's directory, stdin null, both outputs in one pipe.
  std::string line;                             ///< The command as a person would type it.
  std::string label;                            ///< A short name: the output as it was declared, or the source file.
  std::optional<std::filesystem::path> output;  ///< Where it was declared, with the directory in front.
};

/// Reads the database at `path`, or the compile_commands.json in the folder `path`.
/// A relative `directory` of an entry starts at the database's own folder. Throws `bad_database`.
[[nodiscard]] std::vector<compilation> read_compilation_database(const std::filesystem::path& path);

/// The same of a stream, as if it were the file `path`.
[[nodiscard]] std::vector<compilation> read_compilation_database(std::istream& stream,
                                                                 const std::filesystem::path& path);

#endif
