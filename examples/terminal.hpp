// What a build tool wants to know from the system about its terminal, and the signals that a person stops it with.
// One of posix/terminal.cpp and windows/terminal.cpp is behind it.
#ifndef EXAMPLES_TERMINAL_HPP
#define EXAMPLES_TERMINAL_HPP

#include <spawnpipe/cancellation.hpp>

#include <cstddef>

namespace terminal {

/// True when standard output is a terminal on which a line can be rewritten.
[[nodiscard]] bool is_output() noexcept;

/// Columns of the terminal on standard output, now; 80 where it does not say.
[[nodiscard]] std::size_t width() noexcept;

/// From now on Ctrl-C, a polite request to end, and the loss of the terminal or of the reader of our output interrupt
/// `target`, and do nothing else. `target` must live until the program ends.
void interrupt_on_signals(spawnpipe::interrupter& target) noexcept;

}  // namespace terminal

#endif
