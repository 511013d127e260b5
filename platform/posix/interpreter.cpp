#include "interpreter.hpp"

#include "system.hpp"
#include "unique_fd.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace spawnpipe::platform {
namespace {

// So much of a first line Linux looks at (BINPRM_BUF_SIZE); others take more.
constexpr std::size_t looked_at = 256;
// Headers of programs, and the table in them that names the loader, are in the first page or two.
constexpr std::size_t most_of_header = 4096;

// What has been read of a file.
struct beginning {
  std::array<unsigned char, most_of_header> bytes{};
  std::size_t size = 0;

  template <class Number>
  [[nodiscard]] std::optional<Number> at(std::uint64_t place) const noexcept {
    if (place > size || sizeof(Number) > size - place) return std::nullopt;
    Number number;  // in the order of this machine's bytes, as is everything that it can run
    std::memcpy(&number, bytes.data() + place, sizeof number);
    return number;
  }
  [[nodiscard]] std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), size}; }
};

void read_beginning(const char* path, beginning& into) noexcept {
  const unique_fd file(sys::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0));
  if (!file) return;
  while (into.size < into.bytes.size()) {
    const ssize_t got = sys::read(file.get(), into.bytes.data() + into.size, into.bytes.size() - into.size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    into.size += static_cast<std::size_t>(got);
  }
}

// The word behind "#!". A line that is cut off, or names nothing, makes the file one of no format, which a shell runs.
std::string_view script_interpreter(std::string_view text) noexcept {
  text = text.substr(2, looked_at - 2);
  text = text.substr(0, text.find('\n'));
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start);
  return text.substr(0, text.find_first_of(std::string_view(" \t\0", 3)));
}

// Whether a machine of that number in a program's header is this one.
bool is_this_machine([[maybe_unused]] std::uint16_t machine) noexcept {
#if defined(__x86_64__)
  return machine == 62 || machine == 3;
#elif defined(__i386__)
  return machine == 3;
#elif defined(__aarch64__)
  return machine == 183 || machine == 40;
#elif defined(__arm__)
  return machine == 40;
#elif defined(__riscv)
  return machine == 243;
#else
  return false;
#endif
}

// "Tool Interface Standard (TIS) Executable and Linking Format": the header, and the table of what to load.
std::string_view elf_loader(const beginning& file) noexcept {
  constexpr std::uint32_t names_loader = 3;  // PT_INTERP
  const bool wide = file.bytes[4] == 2;
  const auto machine = file.at<std::uint16_t>(18);
  if (!machine || !is_this_machine(*machine)) return {};
  const std::optional<std::uint64_t> table =
      wide ? file.at<std::uint64_t>(32) : std::optional<std::uint64_t>(file.at<std::uint32_t>(28));
  const auto entry_size = file.at<std::uint16_t>(wide ? 54 : 42);
  const auto entries = file.at<std::uint16_t>(wide ? 56 : 44);
  if (!table || !entry_size || !entries) return {};
  for (std::uint64_t index = 0; index < *entries; ++index) {
    const std::uint64_t entry = *table + index * *entry_size;
    if (file.at<std::uint32_t>(entry) != names_loader) continue;
    const std::optional<std::uint64_t> place =
        wide ? file.at<std::uint64_t>(entry + 8) : std::optional<std::uint64_t>(file.at<std::uint32_t>(entry + 4));
    if (!place || *place >= file.size) return {};
    const std::string_view name = file.text().substr(static_cast<std::size_t>(*place));
    const std::size_t end = name.find('\0');
    return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
  }
  return {};
}

}  // namespace

interpreter_kind interpreter_of(const char* path, path_text& interpreter) noexcept {
  beginning file;
  read_beginning(path, file);
  interpreter.clear();
  interpreter_kind kind = interpreter_kind::none;
  if (file.text().starts_with("#!")) {
    interpreter += script_interpreter(file.text());
    kind = interpreter_kind::script;
  } else if (file.text().starts_with("\x7F"
                                     "ELF") &&
             file.size > 64) {
    interpreter += elf_loader(file);
    kind = interpreter_kind::loader;
  }
  return interpreter.empty() ? interpreter_kind::none : kind;
}

}  // namespace spawnpipe::platform
