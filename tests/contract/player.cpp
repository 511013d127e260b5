#include "player.hpp"

#include <utility>

namespace cases {

using spawnpipe::stop_policy;

namespace {

// So that pipes and queues are now and then full: every third is no matter how large, the others rather small.
std::size_t some_size(dice& any, std::size_t most) { return any(3) == 0 ? 1 + any(most) : any.size(most); }

// At once, or a moment.
deadline some_time(dice& any) { return std::chrono::microseconds(any(3) == 0 ? 0 : any(400)); }

}  // namespace

player::player(event_loop& loop, std::uint64_t seed, spawnpipe::interrupter& cancel, tally& all, neighbours others)
    : player(loop, dice(seed), cancel, all, std::move(others), dice(seed)(4) == 0 ? part::counts : part::copies,
             [seed] {
               dice any(seed + 1);
               return sizes{some_size(any, 100'000), some_size(any, 100'000), some_size(any, 70'000)};
             }()) {}

player::player(event_loop& loop, dice mine, spawnpipe::interrupter& cancel, tally& all, neighbours others, part plays,
               sizes of)
    : mine_(mine),
      cancel_(cancel),
      all_(all),
      others_(std::move(others)),
      plays_(plays),
      running_(
          must(spawnpipe::spawn(loop, plays == part::counts ? piped({.in = of.in, .out = of.out}, "checksum")
                                                            : piped({.in = of.in, .out = of.out}, "cat", of.block)))),
      most_(std::min<std::size_t>(200'000, 100 * std::min({of.in, of.out, of.block}))) {
  all_.count(deed::spawn);
}

bool player::step(dice& any) {
  if (!running_) return false;  // a callback has destroyed it
  constexpr unsigned stretch = 24;
  if (steps_++ % stretch == 0) mood_ = static_cast<mood>(any(4));
  constexpr std::size_t writes = 4;
  constexpr std::size_t reads = 11;
  std::size_t what = any(19);
  if (mood_ == mood::feeds && what >= writes && what < reads) what %= writes;
  if (mood_ == mood::eats && what < writes) what += writes;
  switch (what) {
    case 0:
    case 1: write(any, false); break;
    case 2: write_all(any); break;
    case 3: flush(any); break;
    case 4:
    case 5: read_some(any, some_time(any)); break;
    case 6: read_until(any); break;
    case 7: read_all(any); break;
    case 8: drain(any); break;
    case 9: consume(any(1U << any(17))); break;
    case 10: stop_or_resume(any); break;
    case 11: all_.count(deed::wait, note(running_->wait(some_time(any), cancel_))); break;
    case 12: move_about(any); break;
    case 13:
      callbacks_on_ = !callbacks_on_;
      set_callbacks();
      break;
    case 14:
      if (any(20) == 0) end_input(any);
      break;
    case 15:
      if (any(20) == 0) ask_to_end(any);
      break;
    case 16:
      if (any(50) == 0) {
        CHECK_OK(running_->out().close());
        output_closed_ = true;
        all_.count(deed::close_output);
      }
      break;
    default:
      if (any(asked_to_end_ || output_closed_ ? 2 : 30) == 0) return end(any);
  }
  check();
  return true;
}

void player::finish() {
  if (!running_) return;
  const auto status = [&] { return must(running_->wait(patience())); };
  CHECK_OK(running_->in().close());
  if (!output_closed_) {
    CHECK_OK(running_->out().resume());
    std::string all;
    const auto rest = running_->out().read_all(all, std::size_t{1} << 30, patience());
    CHECK_OK(rest);
    take(all);
  }
  const auto books = running_->in().books();
  if (output_closed_ || asked_to_end_) {
    check();
    static_cast<void>(status());
  } else if (plays_ == part::counts) {
    CHECK(books.unsent == 0);
    check_account(answer_);
    CHECK(status().success());
  } else {
    check();
    CHECK(books.unsent == 0);
    CHECK(read_ >= books.delivered);
    CHECK(read_ <= books.delivered + books.unknown);
    if (!input_stopped_) CHECK(read_ == accepted_);
    CHECK(status().success());
  }
  all_.count(deed::finish);
}

// Only the answers that a healthy child may give, or one that was asked to end. Whether it was the one that was hoped for.
template <class T>
bool player::note(const spawnpipe::result<T>& said) {
  if (said) return true;
  all_.count(deed::timed_out, said.failed_with(errc::timed_out));
  all_.count(deed::cancelled, said.failed_with(errc::cancelled));
  const bool over = input_over_ || asked_to_end_ || output_closed_;
  const bool expected = said.failed_with(errc::timed_out) || said.failed_with(errc::cancelled) ||
                        said.failed_with(errc::output_stalled) || said.failed_with(errc::line_too_long) ||
                        said.failed_with(errc::limit_reached) ||
                        (said.failed_with(errc::stopped) && (reader_stopped_ || input_stopped_)) ||
                        (said.failed_with(errc::closed) && (input_over_ || output_closed_)) ||
                        (said.failed_with(errc::end_of_stream) && over) ||
                        (said.failed_with(std::errc::broken_pipe) && (asked_to_end_ || output_closed_)) ||
                        (said.failed_with(errc::already_exited) && over);
  CHECK_MESSAGE(expected, said.error().message());
  return false;
}

void player::take(std::string_view bytes) {
  all_.read += bytes.size();
  if (plays_ == part::counts) {
    answer_ += bytes;
  } else {
    REQUIRE_FALSE(pattern::first_difference(bytes, read_));
  }
  read_ += bytes.size();
}

void player::check() {
  const auto books = running_->in().books();
  REQUIRE(balanced(books));
  REQUIRE(books.accepted == accepted_);
  REQUIRE(books.unsent == running_->in().unsent());
  // Of a write in flight the child may have a part already, which is not known before its end (Windows).
  if (plays_ == part::copies) {
    REQUIRE(read_ + running_->out().available().size() <= books.delivered + books.unknown + books.unsent);
  }
}

// What the child says it got against the writer's books.
void player::check_account(std::string_view answer) {
  const sum got = checksum_of(answer);
  const auto books = running_->in().books();
  REQUIRE(balanced(books));
  CHECK(got.good);
  CHECK(got.count >= books.delivered);
  CHECK(got.count <= books.delivered + books.unknown);
  if (!input_stopped_) CHECK(got.count == accepted_);
}

void player::write(dice& any, bool in_callback) {
  std::string piece = pattern::make(mood_ == mood::feeds ? 1 + any(most_) : some_size(any, most_), accepted_);
  const std::size_t size = piece.size();
  std::size_t taken = 0;
  if (any(2) == 0) {
    const auto said = running_->in().write(piece);
    note(said);
    taken = said.value_or(0);
    all_.count(deed::write, taken > 0);
  } else {
    const auto said = running_->in().write_owned(piece);
    note(said);
    taken = said.value_or(false) ? size : 0;
    all_.count(deed::write_owned, taken > 0);
  }
  all_.count(deed::write_in_callback, in_callback && taken > 0);
  accepted_ += taken;
  all_.written += taken;
}

void player::write_all(dice& any) {
  const std::string piece = pattern::make(mood_ == mood::feeds ? 1 + any(most_) : some_size(any, most_), accepted_);
  std::string_view rest = piece;
  note(running_->in().write_all(rest, some_time(any), cancel_));
  const std::size_t taken = piece.size() - rest.size();
  all_.count(deed::write_all, taken > 0);
  accepted_ += taken;
  all_.written += taken;
}

void player::flush(dice& any) {
  const std::size_t before = running_->in().unsent();
  const bool helps = before > 0 && any(4) != 0;  // else the child may be stuck
  if (helps) consume(running_->out().available().size());
  note(running_->in().flush(helps ? 10ms : some_time(any), cancel_));
  all_.count(deed::flush, running_->in().unsent() < before);
}

void player::read_some(dice& any, deadline until) {
  std::vector<std::byte> some(some_size(any, 60'000));
  const auto got = running_->out().read_some(some, until, cancel_);
  all_.count(deed::read_some, note(got));
  if (got) take({reinterpret_cast<const char*>(some.data()), *got});
}

void player::read_until(dice& any) {
  // Of an answer nothing is to be cut out: so one that is not in it.
  const char delimiter = static_cast<char>(plays_ == part::counts ? 0x80U + any(128) : any(256));
  const auto line = running_->out().read_until(delimiter, some_time(any), cancel_);
  all_.count(deed::read_until, note(line));
  if (!line) return;
  take(*line);
  if (plays_ == part::counts) return;
  if (!running_->out().at_end() || pattern::byte_at(read_) == delimiter) {
    const auto books = running_->in().books();
    if (!asked_to_end_) CHECK(pattern::byte_at(read_) == delimiter);
    if (read_ < books.delivered + books.unknown + books.unsent && pattern::byte_at(read_) == delimiter) ++read_;
  }
}

void player::read_all(dice& any) {
  std::string all;
  note(running_->out().read_all(all, some_size(any, 60'000), some_time(any), cancel_));
  all_.count(deed::read_all, !all.empty());
  take(all);
}

void player::drain(dice& any) {
  std::string all;
  note(running_->out().drain(all, some_size(any, 60'000)));
  all_.count(deed::drain, !all.empty());
  take(all);
}

void player::consume(std::size_t most) {
  const std::string_view all = running_->out().available_text();
  const std::size_t part = std::min(most, all.size());
  all_.count(deed::consume, part > 0);
  take(all.substr(0, part));
  running_->out().consume(part);
}

void player::stop_or_resume(dice& any) {
  CHECK_OK(running_->out().stop());
  all_.count(deed::stop_reading);
  reader_stopped_ = any(2) == 0;
  if (!reader_stopped_ && note(running_->out().resume())) all_.count(deed::resume_reading);
}

void player::move_about(dice& any) {
  if (any(2) == 0) {
    pipe_writer in = std::move(running_->in());
    pipe_reader out = std::move(running_->out());
    running_->in() = std::move(in);
    running_->out() = std::move(out);
  } else {
    child other = std::move(*running_);
    *running_ = std::move(other);
  }
  all_.count(deed::move);
}

void player::end_input(dice& any) {
  if (any(2) == 0) {
    CHECK_OK(running_->in().close());
    all_.count(deed::close_input, !std::exchange(input_over_, true));
    return;
  }
  input_stopped_ = input_stopped_ || !input_over_ || running_->in().unsent() > 0;
  CHECK_OK(running_->in().stop());
  all_.count(deed::stop_input, !std::exchange(input_over_, true));
}

// It goes on until it ends; what it still says is read meanwhile.
void player::ask_to_end(dice& any) {
  asked_to_end_ = true;
  switch (any(3)) {
    case 0: {
      const auto said = running_->terminate();
      if (!host_os::no_polite_end()) all_.count(deed::terminate, note(said));
      break;
    }
    case 1: all_.count(deed::kill, note(running_->kill())); break;
    default:
      input_stopped_ = input_over_ = true;  // by the phases that are to come
      all_.count(deed::begin_stop, note(running_->begin_stop(stop_policy::graceful(1ms))));
      break;
  }
}

// Ends the child in one of the ways there are.
bool player::end(dice& any) {
  switch (any(4)) {
    case 0: finish(); break;
    case 1:
      CHECK_OK(running_->stop(stop_policy::immediate(), patience()));
      all_.count(deed::stop);
      break;
    case 2:
      CHECK_OK(running_->stop(stop_policy::graceful(1ms), patience()));
      all_.count(deed::stop);
      break;
    default: all_.count(deed::destroy); break;  // the destructor does it
  }
  return false;
}

void player::set_callbacks() {
  all_.count(deed::set_callbacks);
  if (!callbacks_on_) {
    running_->out().on_readable({});
    running_->in().on_written({});
    running_->on_exit({});
    return;
  }
  running_->out().on_readable([this](pipe_reader& out) {
    CHECK_FALSE(reader_stopped_);
    CHECK(&out == &running_->out());
    in_callback();
  });
  running_->in().on_written([this](pipe_writer& in) {
    CHECK(&in == &running_->in());
    CHECK(balanced(in.books()));
    in_callback();
  });
  running_->on_exit([this](child& ended, const spawnpipe::exit_status&) {
    CHECK(&ended == &*running_);
    in_callback();
  });
}

// Something with this child, or with another whose news may have come and not been told yet.
void player::in_callback() {
  player* const whom = mine_(2) == 0 ? this : others_(mine_);
  if (whom != nullptr) whom->act(mine_);
}

// Anything that does not wait.
void player::act(dice& any) {
  if (!running_) return;
  switch (any(24)) {
    case 0: write(any, true); break;
    case 1:
      read_some(any, deadline::now());
      all_.count(deed::read_in_callback);
      break;
    case 2:
      drain(any);
      all_.count(deed::read_in_callback);
      break;
    case 3:
      stop_or_resume(any);
      all_.count(deed::stop_in_callback);
      break;
    case 4:
      CHECK(running_->wait(patience()).failed_with(errc::would_deadlock) != running_->status().has_value());
      break;
    case 5:
      if (any(4) == 0) {
        ask_to_end(any);
        all_.count(deed::end_in_callback);
      }
      break;
    case 6:
      if (any(4) == 0) {
        running_.reset();
        all_.count(deed::destroy_in_callback);
      }
      break;
    default: consume(any(1U << any(17))); break;
  }
  if (running_) check();
}

}  // namespace cases
