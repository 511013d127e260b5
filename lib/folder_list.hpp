// Folders in a sentence: those that a person will read, and how many more there are.
#ifndef SPAWNPIPE_LIB_FOLDER_LIST_HPP
#define SPAWNPIPE_LIB_FOLDER_LIST_HPP

#include "bounded_text.hpp"

#include <cstddef>
#include <string_view>

namespace spawnpipe::detail {

class folder_list {
 public:
  explicit folder_list(bounded_text& into) noexcept : into_(into), start_(into.view().size()) {}

  /// An empty one is the directory that the child starts in.
  void add(std::string_view folder) noexcept {
    if (shown_ == most || into_.view().size() - start_ + folder.size() > most_bytes) {
      ++more_;
      return;
    }
    if (shown_++ > 0) into_ += ", ";
    if (folder.empty()) {
      into_ += "the child's directory";
    } else {
      into_.quote(folder);
    }
  }

  void end() noexcept {
    if (shown_ + more_ == 0) into_ += "no folder";
    if (more_ == 0) return;
    into_ += shown_ > 0 ? " and " : "";
    into_ += more_;
    into_ += " more";
  }

 private:
  // What comes behind the list has room left.
  static constexpr std::size_t most_bytes = 600;
  static constexpr int most = 16;

  bounded_text& into_;
  std::size_t start_;
  int shown_ = 0;
  int more_ = 0;
};

}  // namespace spawnpipe::detail

#endif
