// The error category, and the hint that an error may carry.
#include <spawnpipe/error.hpp>

#include "bounded_text.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace spawnpipe {
namespace {

struct errc_entry {
  errc code;
  const char* text;
  std::errc generic;  // 0: none
};

constexpr std::errc no_generic{};

constexpr errc_entry entries[] = {
    {errc::timed_out, "the deadline came first", std::errc::timed_out},
    {errc::cancelled, "cancelled", std::errc::operation_canceled},
    {errc::would_deadlock, "the call would wait inside a callback, or on a loop that the host runs",
     std::errc::resource_deadlock_would_occur},
    {errc::wrong_thread, "the object belongs to another thread or process", std::errc::operation_not_permitted},
    {errc::end_of_stream, "end of stream", no_generic},
    {errc::closed, "closed, or not a pipe", std::errc::bad_file_descriptor},
    {errc::stopped, "stopped", std::errc::operation_canceled},
    {errc::line_too_long, "no delimiter within the limit", std::errc::message_size},
    {errc::limit_reached, "more bytes than the limit allows", std::errc::file_too_large},
    {errc::output_stalled, "the child waits for its output to be consumed", no_generic},
    {errc::status_unavailable, "the process is gone, and its exit status with it", std::errc::no_child_process},
    {errc::already_exited, "the process has already ended", std::errc::no_such_process},
    {errc::not_supported, "not supported by this back end", std::errc::not_supported},
    {errc::invalid_argument, "invalid argument", std::errc::invalid_argument},
    {errc::suspended, "the child was stopped, and waits to be resumed", no_generic},
    {errc::zero_write, "the system took no byte and reported success", std::errc::io_error},
};

const errc_entry* find(int value) noexcept {
  for (const errc_entry& entry : entries) {
    if (static_cast<int>(entry.code) == value) return &entry;
  }
  return nullptr;
}

class spawnpipe_category final : public std::error_category {
 public:
  constexpr spawnpipe_category() noexcept = default;

  [[nodiscard]] const char* name() const noexcept override { return "spawnpipe"; }

  [[nodiscard]] std::string message(int value) const override {
    const errc_entry* const entry = find(value);
    return entry != nullptr ? entry->text : "unknown error";
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    const errc_entry* const entry = find(value);
    if (entry == nullptr || entry->generic == no_generic) return {value, *this};
    return entry->generic;
  }
};

}  // namespace

const std::error_category& category() noexcept {
  // std::error_category has a virtual destructor, and a static of it would have its destructor run at exit, while threads may
  // still hold codes of it. A union member is never destroyed.
  union never_destroyed {
    constexpr never_destroyed() noexcept : value() {}
    ~never_destroyed() {}  // NOLINT(modernize-use-equals-default): not trivial, because of the member
    spawnpipe_category value;
  };
  static never_destroyed instance;
  return instance.value;
}

// The bytes of the text stand behind it.
struct hint_text::text {
  explicit text(std::size_t length) noexcept : size(length) {}

  [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }

  std::atomic<unsigned> owners = 1;
  std::size_t size;
};

hint_text::hint_text(std::string_view given) noexcept {
  detail::bounded_text bounded;
  const std::string_view words = (bounded += given).view();
  if (words.empty()) return;
  void* const memory = ::operator new(sizeof(text) + words.size(), std::nothrow);
  if (memory == nullptr) return;
  kept_ = ::new (memory) text(words.size());
  std::memcpy(kept_->bytes(), words.data(), words.size());
}

std::string_view hint_text::view() const noexcept {
  return kept_ == nullptr ? std::string_view() : std::string_view(kept_->bytes(), kept_->size);
}

void hint_text::retain() noexcept {
  if (kept_ != nullptr) kept_->owners.fetch_add(1, std::memory_order_relaxed);
}

void hint_text::release() noexcept {
  if (kept_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  kept_->~text();
  ::operator delete(static_cast<void*>(kept_));
}

// Out of line: an error is made in a hundred places.
error::error(std::error_code what, stage at, std::string_view on, hint_text seen)
    : code(what), where(at), subject(on), hint(std::move(seen)) {}

error::error(errc what, stage at, std::string_view on, hint_text seen)
    : error(make_error_code(what), at, on, std::move(seen)) {}

}  // namespace spawnpipe
