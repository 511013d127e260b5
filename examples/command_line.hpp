// How the build tool gets its own arguments, runs the command line of an entry, and shows one to a person: each system
// has a convention of its own. One of posix/command_line.cpp and windows/command_line.cpp is behind it.
#ifndef EXAMPLES_COMMAND_LINE_HPP
#define EXAMPLES_COMMAND_LINE_HPP

#include <spawnpipe/command.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace command_line {

/// The arguments of this program without its name. Windows: in UTF-8.
[[nodiscard]] std::vector<std::string> arguments(int argc, char** argv);

/// What the "command" of an entry means. POSIX: a line for the shell. Windows: a program with its arguments, split by
/// the rules of CommandLineToArgvW, as ninja has CreateProcess run it; no shell sees it.
[[nodiscard]] spawnpipe::command parse(const std::string& line);

/// The same in words, for the help.
extern const std::string_view convention;

/// An argument as a person would type it into the system's shell.
[[nodiscard]] std::string quoted(std::string_view argument);

}  // namespace command_line

#endif
