// Bytes that say where they belong: byte i of the pattern depends on i alone, and no stretch of it repeats, so that a reader
// sees at once what was lost, doubled or moved. The helper program writes and checks them, and so do the cases.
#ifndef SPAWNPIPE_TESTS_PATTERN_HPP
#define SPAWNPIPE_TESTS_PATTERN_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// Bytes `from` to `from + size` of the pattern. By words where it can: the cases are compiled without an optimizer.
inline void fill(char* into, std::size_t size, std::uint64_t from) noexcept {
  std::size_t i = 0;
  const auto bytewise = [&](std::size_t end) {
    for (; i < end; ++i) into[i] = byte_at(from + i);
  };
  if constexpr (std::endian::native == std::endian::little) {
    bytewise(std::min<std::size_t>(size, (8 - from % 8) % 8));
    for (std::uint64_t index = (from + i) / 8; i + 8 <= size; i += 8, ++index) {
      const std::uint64_t bytes = word(index);
      std::memcpy(into + i, &bytes, 8);
    }
  }
  bytewise(size);
}

[[nodiscard]] inline std::string make(std::size_t size, std::uint64_t from = 0) {
  std::string bytes(size, '\0');
  fill(bytes.data(), size, from);
  return bytes;
}

// Where `bytes`, which should be the pattern from `from` on, first differs from it.
[[nodiscard]] inline std::optional<std::uint64_t> first_difference(std::string_view bytes,
                                                                   std::uint64_t from = 0) noexcept {
  std::array<char, 4096> right;  // NOLINT(*-member-init): filled as far as it is looked at
  for (std::size_t i = 0; i < bytes.size();) {
    const std::string_view part = bytes.substr(i, right.size());
    fill(right.data(), part.size(), from + i);
    if (std::memcmp(part.data(), right.data(), part.size()) != 0) {
      while (bytes[i] == byte_at(from + i)) ++i;
      return from + i;
    }
    i += part.size();
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
