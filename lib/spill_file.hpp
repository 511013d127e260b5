// All of one stream in a file, from the moment at which it is more than is kept in memory.
#ifndef SPAWNPIPE_LIB_SPILL_FILE_HPP
#define SPAWNPIPE_LIB_SPILL_FILE_HPP

#include <spawnpipe/error.hpp>

#include "platform.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace spawnpipe::detail {

class spill_file {
 public:
  /// Nothing is opened before the first write.
  explicit spill_file(std::string path) : path_(std::move(path)) {}
  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;
  ~spill_file() { static_cast<void>(end()); }

  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// Bytes that were to be written after a failure.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

  void write(std::span<const std::byte> bytes) noexcept;
  /// Closes it, and says what failed, if anything did.
  [[nodiscard]] std::optional<error> end() noexcept;
  /// Behind its end. Once.
  [[nodiscard]] std::string take_path() noexcept { return std::move(path_); }

 private:
  void create();

  std::string path_;
  platform::file* file_ = nullptr;
  bool begun_ = false;
  std::uint64_t lost_ = 0;
  std::error_code failed_;
  stage failed_at_ = stage::write;
};

}  // namespace spawnpipe::detail

#endif
