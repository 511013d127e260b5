// Bytes that say where they belong: byte i of the pattern depends on i alone, and no stretch of it repeats, so that a reader
// sees at once what was lost, doubled or moved. The helper program writes and checks them, and so do the cases.
#ifndef SPAWNPIPE_TESTS_PATTERN_HPP
#define SPAWNPIPE_TESTS_PATTERN_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pattern {

// The eight bytes at 8 * index, the lowest first.
[[nodiscard]] constexpr std::uint64_t word(std::uint64_t index) noexcept {
  std::uint64_t x = (index + 1) * 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

[[nodiscard]] constexpr char byte_at(std::uint64_t position) noexcept {
  return static_cast<char>((word(position / 8) >> (position % 8 * 8)) & 0xFFU);
}

// Bytes `from` to `from + size` of the pattern.
inline void fill(char* into, std::size_t size, std::uint64_t from) noexcept {
  for (std::size_t i = 0; i < size;) {
    std::uint64_t rest = word((from + i) / 8) >> ((from + i) % 8 * 8);
    for (std::size_t left = 8 - (from + i) % 8; left > 0 && i < size; --left, ++i, rest >>= 8U) {
      into[i] = static_cast<char>(rest & 0xFFU);
    }
  }
}

[[nodiscard]] inline std::string make(std::size_t size, std::uint64_t from = 0) {
  std::string bytes(size, '\0');
  fill(bytes.data(), size, from);
  return bytes;
}

// Where `bytes`, which should be the pattern from `from` on, first differs from it.
[[nodiscard]] inline std::optional<std::uint64_t> first_difference(std::string_view bytes,
                                                                   std::uint64_t from = 0) noexcept {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != byte_at(from + i)) return from + i;
  }
  return std::nullopt;
}

// FNV-1a, for bytes that are no pattern.
constexpr std::uint64_t checksum_start = 0xCBF29CE484222325U;
[[nodiscard]] constexpr std::uint64_t checksum(std::string_view bytes, std::uint64_t so_far = checksum_start) noexcept {
  for (const char byte : bytes) so_far = (so_far ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  return so_far;
}

}  // namespace pattern

#endif
