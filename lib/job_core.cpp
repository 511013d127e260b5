// The course of a run.
#include "job_core.hpp"

#include "reader_core.hpp"
#include "refuse.hpp"
#include "writer_core.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace spawnpipe::detail {
namespace {

// Linux lets a process without rights make a pipe as large as this; elsewhere they are smaller.
constexpr std::size_t most_in_a_pipe = std::size_t{1} << 20;

// What has no memory now may have some a moment later.
constexpr std::chrono::milliseconds memory_pause{10};

}  // namespace

std::optional<error> impossible(const run_options& options) {
  if (options.capture.bytes > capture_limit::max_bytes) return refuse("run_options: capture.bytes");
  if (options.capture.on_overflow == overflow::spill) {
    const std::string& name = options.capture.spill_to;
    if (name.empty() || name.find('\0') != std::string::npos) return refuse("run_options: capture.spill_to");
  }
  if (options.drain_limit.count() < 0) return refuse("run_options: drain_limit");
  return impossible(options.policy);
}

job_core::job_core(loop_core& loop, core_ref<child_core> child, const run_options& options, bool own_input,
                   platform::time_point began)
    : object(loop),
      child_(std::move(child)),
      own_input_(own_input ? options.input : std::string_view()),
      input_(own_input ? std::string_view(own_input_) : options.input),
      rest_(input_),
      out_(options.capture, "out"),
      err_(options.capture, "err"),
      until_(options.until),
      cancel_(options.cancel),
      policy_(options.policy),
      on_overflow_(options.capture.on_overflow),
      drain_limit_(std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::min<std::chrono::milliseconds>(options.drain_limit, std::chrono::hours(24 * 365)))),
      began_(began),
      deadline_timer_(
          loop.timers(), [](void* self) { static_cast<job_core*>(self)->deadline_came(); }, this),
      drain_timer_(
          loop.timers(), [](void* self) { static_cast<job_core*>(self)->drained(); }, this),
      feed_timer_(
          loop.timers(), [](void* self) { static_cast<job_core*>(self)->progress(); }, this) {}

job_core::~job_core() {
  if (!ended_) let_go();
}

void job_core::begin() noexcept {
  child_->progress_to(this);
  child_->suspend_host_along(true);
  if (child_->in() != nullptr) child_->in()->progress_to(this);
  const auto connect = [this](output& to, reader_core* reader) {
    if (reader == nullptr || !reader->open()) return;
    to.reader = reader;
    reader->progress_to(this);
    static_cast<void>(reader->resume());  // a reader that the user had stopped
  };
  connect(out_, child_->out());
  connect(err_, child_->err());
  if (!until_.is_never()) deadline_timer_.arm(until_);
  progress();
}

// ---- what moves

void job_core::progress() noexcept {
  look_again_ = true;
  if (looking_) return;
  const core_ref<job_core> kept(this);
  looking_ = true;
  while (std::exchange(look_again_, false) && !ended_) {
    feed();
    collect(out_);
    collect(err_);
    look_at_end();
  }
  looking_ = false;
}

void job_core::feed() noexcept {
  writer_core* const in = child_->in();
  if (in == nullptr || !in->open()) return;
  while (!rest_.empty()) {
    const auto taken = in->write(std::as_bytes(std::span(rest_)));
    if (!taken) {
      // The child closed its stdin, which is its own affair. Or what its pipe does not take now cannot be queued.
      if (taken.failed_with(std::errc::not_enough_memory) && in->open()) feed_timer_.arm(memory_pause);
      return;
    }
    if (*taken == 0) return;
    rest_.remove_prefix(*taken);
  }
  in->close();
}

void job_core::collect(output& from) noexcept {
  if (from.reader == nullptr || from.reader->buffered() == 0) return;
  const std::span<const std::byte> bytes = from.reader->available();
  keep(from, bytes);
  from.reader->consume(bytes.size());
  if (from.kept.overflowed() && on_overflow_ == overflow::error) end_early(ended_by::output_limit, policy_);
}

void job_core::keep(output& to, std::span<const std::byte> bytes) noexcept {
  // The file begins with what was kept so far, so that it has all. Where there is no memory to keep more, that is a limit, too.
  if (to.file && !to.file->begun() && !to.kept.fits(bytes.size())) {
    to.file->write(std::as_bytes(std::span(to.kept.head())));
  }
  const bool filed = to.file && to.file->begun();
  if (filed) to.file->write(bytes);
  to.kept.append(bytes);
  if (filed || !to.file || !to.kept.out_of_memory()) return;
  to.file->write(std::as_bytes(std::span(to.kept.head())));
  to.file->write(bytes);
}

bool job_core::output_ended() const noexcept {
  return (out_.reader == nullptr || out_.reader->finished()) && (err_.reader == nullptr || err_.reader->finished());
}

void job_core::look_at_end() noexcept {
  if (ended_ || !process_over()) return;
  if (output_ended() || child_->gave_up()) {
    finish();
  } else if (!drain_timer_.armed()) {
    const deadline limit = drain_limit_.count() > 0 ? deadline(drain_limit_) : deadline::now();
    // Past the deadline nothing is awaited, but what the pipe holds is taken.
    drain_timer_.arm(std::min(limit, std::max(until_, deadline(platform::clock_now()))));
  }
}

// ---- bounds

void job_core::end_early(ended_by why, const stop_policy& policy) noexcept {
  if (ended_ || (early_ && why != ended_by::stopped)) return;
  if (!early_) result_.why = why;
  early_ = true;
  if (process_over()) {
    drain_timer_.arm(deadline::now());  // only its output was awaited
  } else {
    child_->begin_stop(policy);
  }
}

void job_core::deadline_came() noexcept {
  if (ended_ || process_over()) return;  // where only output is awaited, the drain timer knows the deadline
  if (!early_) {
    early_ = true;
    result_.why = ended_by::deadline;
    stop_policy at_once = policy_;
    at_once.close_stdin.reset();
    at_once.terminate.reset();
    child_->begin_stop(at_once);
  } else {
    child_->hurry();
  }
}

void job_core::woken() {
  if (cancel_.requested()) end_early(ended_by::cancelled, policy_);
}

void job_core::drained() noexcept {
  if (ended_) return;
  const core_ref<job_core> kept(this);
  looking_ = true;  // what is taken now is the last; nothing is looked at again
  for (output* from : {&out_, &err_}) {
    if (from->reader == nullptr) continue;
    collect(*from);
    // As much as a pipe holds, however small the buffer is, and no more: its other end may be written to for ever.
    for (std::size_t swept = 0; swept < most_in_a_pipe && from->reader->try_once();) {
      swept += std::max<std::size_t>(from->reader->buffered(), 1);
      collect(*from);
    }
    collect(*from);
  }
  looking_ = false;
  if (!output_ended()) {
    result_.drain_limited = true;
    if (until_.passed() && result_.why == ended_by::itself) result_.why = ended_by::deadline;
  }
  finish();
}

// ---- the end

void job_core::let_go() noexcept {
  deadline_timer_.disarm();
  drain_timer_.disarm();
  feed_timer_.disarm();
  watch_.reset();
  child_->progress_to(nullptr);
  child_->suspend_host_along(false);
  if (child_->in() != nullptr) child_->in()->progress_to(nullptr);
  if (out_.reader != nullptr) out_.reader->progress_to(nullptr);
  if (err_.reader != nullptr) err_.reader->progress_to(nullptr);
}

void job_core::report(output& from, std::string& text, std::uint64_t& dropped, std::string& file) noexcept {
  text = from.kept.take();
  dropped = from.kept.dropped();
  if (from.file && from.file->begun()) {
    dropped = from.file->lost();
    if (auto failed = from.file->end()) result_.output_error = std::move(failed);
    file = from.file->take_path();
  } else if (from.kept.out_of_memory()) {
    result_.output_error = error{std::make_error_code(std::errc::not_enough_memory), stage::read, from.name};
  }
  if (from.reader != nullptr && from.reader->failure()) result_.output_error = from.reader->failure();
}

void job_core::finish() noexcept {
  ended_ = true;
  let_go();
  result_.status = child_->status().value_or(exit_status());
  result_.phase = child_->phase();
  result_.last_signal = child_->last_signal();
  if (early_) result_.tree = child_->look_at_tree();
  result_.used = child_->used();
  report(out_, result_.out, result_.out_dropped, result_.out_file);
  report(err_, result_.err, result_.err_dropped, result_.err_file);
  if (child_->in() != nullptr && !input_.empty()) {
    const write_books books = child_->in()->books();
    const std::uint64_t unread = rest_.size() + books.unsent + books.dropped + books.unknown;
    result_.unread_input = static_cast<std::size_t>(std::min<std::uint64_t>(unread, input_.size()));
  }
  // Nobody reads the rest of the input; a grandchild may hold that pipe for ever.
  if (child_->in() != nullptr && child_->status()) child_->in()->stop();
  result_.elapsed = platform::clock_now() - began_;
  if (callback_) loop().want_dispatch(*this);
}

// ---- as an object of the loop

void job_core::give(core_ref<job_core> core, job& handle) noexcept {
  core->loop().add_user();
  core->has_handle_ = true;
  handle.core_ = core.leak();
}

void job_core::on_done(std::function<void(completed)> callback) {
  callback_.set(std::move(callback));
  set_active(true);
  if (ended_) loop().want_dispatch(*this);
}

void job_core::dispatch() {
  if (!ended_ || !callback_ || !has_handle_ || told_) return;
  told_ = true;
  set_active(false);
  // Left alive by the policy, or killed and unable to die: the loop reaps it when it does.
  if (!own_child_.status()) static_cast<void>(own_child_.detach());
  own_child_ = child();  // its pipes are closed before the user hears of the end
  callback_.call(take_result());
  callback_.clear();
}

void job_core::dispose() noexcept {
  has_handle_ = false;
  callback_.clear();
  shutdown();
  own_child_ = child();
}

void job_core::shutdown() noexcept {
  if (!ended_) let_go();
  ended_ = true;
  set_active(false);
}

}  // namespace spawnpipe::detail
