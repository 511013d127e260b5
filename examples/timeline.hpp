// A picture of a build as one HTML file: who ran when, in which slot, with what it used. An observer that keeps what it hears, and a page
// around it that needs nothing but a browser.
#ifndef EXAMPLES_TIMELINE_HPP
#define EXAMPLES_TIMELINE_HPP

#include <spawnpipe/observer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

class timeline final : public spawnpipe::observer {
 public:
  /// What a command is called, and how a person would type it.
  struct text {
    std::string label;
    std::string line;
  };
  using naming = std::function<text(const spawnpipe::command& what)>;

  /// Time 0 is now.
  explicit timeline(naming name);
  timeline(const timeline&) = delete;
  timeline& operator=(const timeline&) = delete;
  ~timeline() = default;

  /// Writes the page. False where that failed.
  [[nodiscard]] bool write(const std::filesystem::path& file, const std::string& title) const;

  void spawned(const spawned_event& event) noexcept override;
  void spawn_failed(const spawn_failed_event& event) noexcept override;
  void exited(const exited_event& event) noexcept override;
  void stop_began(const stop_began_event& event) noexcept override;
  void stream_closed(const stream_closed_event& event) noexcept override;

 private:
  struct bar {
    text what;
    const spawnpipe::command* command = nullptr;
    std::size_t slot = 0;
    time_point began;
    std::optional<time_point> ended;
    std::string status = "still running";
    bool failed = false;
    bool stopped = false;
    std::optional<spawnpipe::resource_usage> used;
    std::uint64_t output = 0;
  };

  [[nodiscard]] std::size_t free_slot();
  [[nodiscard]] bar& bar_of(const spawnpipe::command& what);
  [[nodiscard]] std::string data() const;

  naming name_;
  time_point zero_ = std::chrono::steady_clock::now();
  std::vector<bar> bars_;
  std::map<std::uint64_t, std::size_t> by_child_;  // the place of its bar
  std::vector<bool> slots_;                        // taken or not
};

/// The page, in this order, with the title behind the first piece, and the data (JSON without a "<") before the last.
namespace timeline_page {

extern const std::string_view before_title;
extern const std::string_view style;  // behind the title
extern const std::string_view body;   // up to the data
extern const std::string_view script;

}  // namespace timeline_page

#endif
