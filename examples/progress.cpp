// Writes by stdio, one call and one flush for a line or block, so that nothing of another process comes in between.
#include "progress.hpp"

#include "terminal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace {

// Back to the first column, and clear to the end of the line (ECMA-48: CR, EL).
constexpr std::string_view wipe = "\r\x1b[K";

void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// `text` without its colours (ECMA-48: control sequences), which compilers are often told to use in any case.
std::string without_colours(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t escape = text.find("\x1b[");
    result += text.substr(0, escape);
    if (escape == std::string_view::npos) break;
    text.remove_prefix(escape + 2);
    while (!text.empty() && text.front() >= 0x20 && text.front() <= 0x3F) text.remove_prefix(1);
    if (!text.empty() && text.front() >= 0x40 && text.front() <= 0x7E) text.remove_prefix(1);
  }
  return result;
}

// How many bytes the character at the front of `text` has in UTF-8; 0 where that is none, or one that moves the cursor.
std::size_t character_size(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
  const std::size_t size = byte(0) < 0xC2 || byte(0) > 0xF4 ? 0 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (size > text.size()) return 0;
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xC0U) != 0x80U) return 0;
  }
  return byte(0) == 0xC2 && byte(1) < 0xA0 ? 0 : size;
}

// As much of `text` as surely fits in so many columns: characters of three bytes and more may be wide, and count twice.
std::string fit(std::string_view text, std::size_t columns) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::size_t width = size >= 3 ? 2 : 1;
    if (width > columns) break;
    columns -= width;
    result += size > 0 ? text.substr(0, size) : "?";
    text.remove_prefix(std::max(size, std::size_t{1}));
  }
  return result;
}

}  // namespace

std::string seconds(std::chrono::nanoseconds length) {
  std::array<char, 32> text = {};
  std::snprintf(text.data(), text.size(), "%.2f s", std::chrono::duration<double>(length).count());
  return text.data();
}

progress::progress(std::size_t total) : total_(total), on_terminal_(terminal::is_output()) {}

std::string progress::prefix(std::size_t count) const {
  return '[' + std::to_string(count) + '/' + std::to_string(total_) + "] ";
}

void progress::show(const state& now) {
  if (!on_terminal_) return;
  const std::size_t percent = total_ == 0 ? 100 : now.ended * 100 / total_;
  std::array<char, 32> elapsed_text = {};
  std::snprintf(elapsed_text.data(), elapsed_text.size(), "%.1f s", std::chrono::duration<double>(elapsed()).count());
  std::string line = prefix(now.ended) + std::to_string(percent) + "%, " + std::to_string(now.running) + " running, " +
                     elapsed_text.data();
  if (!now.oldest.empty()) (line += "  ") += now.oldest;
  // One column stays free: many terminals hold the cursor back in the last one, and would then clear what is in it.
  write_out(std::string(wipe) + fit(line, terminal::width() - 1));
  shown_ = true;
}

void progress::ended(std::size_t count, std::string_view label, std::chrono::nanoseconds took) {
  if (!on_terminal_) print(prefix(count) + std::string(label) + " (" + seconds(took) + ")\n");
}

void progress::print(std::string_view text) {
  clear();
  write_out(on_terminal_ ? std::string(text) : without_colours(text));
}

void progress::clear() {
  if (shown_) write_out(wipe);
  shown_ = false;
}
