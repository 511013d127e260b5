// What a build shows of itself: on a terminal one line that is rewritten in place, elsewhere a plain line for each
// command that ended; and blocks of text that are printed whole, above the line.
#ifndef EXAMPLES_PROGRESS_HPP
#define EXAMPLES_PROGRESS_HPP

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

/// "1.25 s", for people.
[[nodiscard]] std::string seconds(std::chrono::nanoseconds length);

class progress {
 public:
  using clock = std::chrono::steady_clock;

  /// What the line tells.
  struct state {
    std::size_t ended = 0;
    std::size_t running = 0;
    std::string_view oldest;  ///< The label of the command that runs the longest.
  };

  explicit progress(std::size_t total);
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() { clear(); }

  /// Rewrites the line. Does nothing where there is no terminal.
  void show(const state& now);

  /// A command ended: a plain line, where there is no terminal.
  void ended(std::size_t count, std::string_view label, std::chrono::nanoseconds took);

  /// Prints whole lines in one go, without colours where there is no terminal. The progress line is back at the next
  /// `show`.
  void print(std::string_view text);

  /// Takes the line away.
  void clear();

  /// "[3/45] ", to put before a line that belongs to the third command that ended.
  [[nodiscard]] std::string prefix(std::size_t count) const;

  /// Since this object was made.
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return clock::now() - start_; }

 private:
  std::size_t total_;
  clock::time_point start_ = clock::now();
  bool on_terminal_;
  bool shown_ = false;
};

#endif
