// Text of a bounded length, without the heap: for what is put together when something has failed, memory above all.
#ifndef SPAWNPIPE_LIB_BOUNDED_TEXT_HPP
#define SPAWNPIPE_LIB_BOUNDED_TEXT_HPP

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace spawnpipe::detail {

/// Calls `put` with the pieces of `text` as a person can read it, whatever is in it: control characters are escapes (`\r`, `\x1B`).
template <class Put>
void put_readably(std::string_view text, Put put) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && static_cast<unsigned char>(text[plain]) >= ' ' && text[plain] != '\x7F') ++plain;
    if (plain > 0) put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto code = static_cast<unsigned char>(text.front());
    const std::array<char, 4> escape = {'\\', 'x', digits[code >> 4U], digits[code & 15U]};
    switch (text.front()) {
      case '\n': put(std::string_view("\\n")); break;
      case '\r': put(std::string_view("\\r")); break;
      case '\t': put(std::string_view("\\t")); break;
      default: put(std::string_view(escape.data(), escape.size()));
    }
    text.remove_prefix(1);
  }
}

/// The same in double quotes.
template <class Put>
void put_in_quotes(std::string_view text, Put put) {
  put(std::string_view("\""));
  put_readably(text, put);
  put(std::string_view("\""));
}

class bounded_text {
 public:
  static constexpr std::size_t capacity = 1024;

  /// What does not fit is cut off, between two characters of UTF-8, and "..." stands at the end.
  bounded_text& operator+=(std::string_view more) noexcept {
    if (cut_) return *this;
    std::size_t fits = more.size();
    if (fits > room - size_) {
      fits = room - size_;
      while (fits > 0 && (static_cast<unsigned char>(more[fits]) & 0xC0U) == 0x80U) --fits;
      cut_ = true;
    }
    append(more.substr(0, fits));
    if (cut_) append(end);
    return *this;
  }
  bounded_text& operator+=(std::integral auto number) noexcept {
    std::array<char, 24> digits{};
    const auto end_of = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this += std::string_view(digits.data(), static_cast<std::size_t>(end_of - digits.data()));
  }
  /// In quotes, and readable.
  bounded_text& quote(std::string_view name) noexcept {
    put_in_quotes(name, [this](std::string_view piece) { *this += piece; });
    return *this;
  }

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  static constexpr std::string_view end = "...";
  static constexpr std::size_t room = capacity - end.size();

  void append(std::string_view piece) noexcept {
    piece.copy(bytes_.data() + size_, piece.size());
    size_ += piece.size();
  }

  std::array<char, capacity> bytes_{};
  std::size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace spawnpipe::detail

#endif
