// Long random histories of several children, jobs and their streams on one loop: users that do anything at any time, also
// inside callbacks, and a system that answers as it likes. The same seeds each time.
#include "simulation.hpp"

#include <cstdint>
#include <memory>

namespace {

using namespace simulation;

class soak : public audit {
 public:
  void run(std::uint64_t seed, bool with_host, int steps) {
    seed_ = seed;
    count_ = 0;
    simulated::host host;
    host_ = with_host ? &host : nullptr;
    loop_ = std::make_unique<event_loop>(must(with_host ? simulated::adopt(host) : event_loop::create()));
    for (steps_ = 0; steps_ < steps; ++steps_) {
      step(0);
      if (dice(4) == 0) pass();
      check();
    }
    finish();
    actors_.clear();
    jobs_.clear();
    loop_.reset();
    for (int i = 0; with_host && i < 50 && sim.objects().loops > 0; ++i) host.turn();
    const auto left = sim.objects();
    CHECK_MESSAGE(left.streams + left.processes + left.loops + left.wakers == 0, "seed " << seed);
    sim.forget_ended();
    sim.forget_waits();
  }

  [[nodiscard]] bool sound() const { return sound_ && sim.misuse().empty() && sim.deadlocks() == 0; }

 private:
  struct actor {
    scripted_child* script = nullptr;
    std::unique_ptr<child> running;
    std::string fed;       // into its out
    std::string got;       // by the user
    std::string accepted;  // by its writer
    bool fed_end = false;
    bool held = false;     // its pipes, by somebody else
    int exits = 0;         // calls of on_exit
    bool lossless = true;  // nothing was closed or dropped by the user
  };

  struct task {
    scripted_child* script = nullptr;
    job work;
    int calls = 0;
  };

  std::uint64_t dice(std::uint64_t sides) { return pattern::word(seed_ * 1'000'003 + count_++) % sides; }

  void expect(bool holds, std::string_view what) {
    if (holds || !sound_) return;
    sound_ = false;
    FAIL_CHECK("seed " << seed_ << ", step " << steps_ << ": " << std::string(what));
  }

  void pass() {
    if (!loop_) return;
    if (host_ != nullptr) {
      host_->turn_now();
      return;
    }
    static_cast<void>(loop_->run(dice(2) == 0 ? deadline::now() : deadline(1ms)));
  }

  actor* any() { return actors_.empty() ? nullptr : actors_[dice(actors_.size())].get(); }

  // True where its pipes are held.
  bool prepare(scripted_child& script) {
    script.out.eager(dice(2) == 0);
    script.in.eager(dice(2) == 0);
    script.in.lent_only(dice(2) == 0);
    const bool held = dice(3) == 0;
    script.pipes_held(held);
    if (dice(3) == 0) script.ignore_terminate();
    if (dice(4) == 0) script.on_in_closed([&script] { script.exit(); });
    return held;
  }

  void start() {
    auto made = std::make_unique<actor>();
    auto& script = sim.next_child();
    made->script = &script;
    made->held = prepare(script);
    command what("program");
    what.in(stdio::pipe{1 + dice(20)}).out(stdio::pipe{1 + dice(20)}).err(stdio::pipe{1 + dice(20)});
    what.on_destroy({.terminate = dice(2) == 0 ? std::optional(5ms) : std::nullopt});
    made->running = std::make_unique<child>(must(spawn(*loop_, what)));
    actors_.push_back(std::move(made));
  }

  void begin_job() {
    auto made = std::make_unique<task>();
    auto& script = sim.next_child();
    made->script = &script;
    static_cast<void>(prepare(script));
    const std::string input = pattern::make(dice(40));
    run_options options{.input = input};
    if (dice(3) == 0) options.until = 3ms;
    if (dice(3) == 0) options.capture = {.bytes = 5, .on_overflow = static_cast<overflow>(dice(3))};
    options.drain_limit = 2ms;
    task* const raw = made.get();
    made->work = must(run_async(*loop_, command("program").out(stdio::pipe{8}), options, [this, raw](completed) {
      ++raw->calls;
      nested();
    }));
    jobs_.push_back(std::move(made));
  }

  void nested() {
    if (dice(2) == 0) step(1);
  }

  void listen(actor& who) {
    actor* const raw = &who;
    who.running->out().on_readable([this, raw](pipe_reader& out) {
      const std::size_t part = std::min<std::size_t>(out.available().size(), dice(12));
      raw->got += out.available_text().substr(0, part);
      out.consume(part);
      nested();
    });
    who.running->on_exit([this, raw](child&, const exit_status&) {
      ++raw->exits;
      nested();
    });
    who.running->in().on_written([this](pipe_writer&) { nested(); });
  }

  void feed(actor& who, std::size_t size, std::error_code error = {}) {
    const std::string piece = pattern::make(size, who.fed.size());
    const bool over = who.fed_end || (who.script->exited() && !who.held);
    if (!over) who.fed += piece;
    who.script->out.feed({.bytes = piece, .error = error});
  }

  void step(int depth) {
    const auto what = dice(40);
    if (what == 0 && actors_.size() < 5 && loop_) return start();
    if (what == 1 && jobs_.size() < 4 && loop_) return begin_job();
    if (what == 2 && !jobs_.empty()) return jobs_[dice(jobs_.size())]->work = job(), void();
    if (what == 3 && !jobs_.empty()) {
      auto& script = *jobs_[dice(jobs_.size())]->script;
      script.in.room(dice(30));
      script.out.feed(pattern::make(dice(12)));
      if (dice(2) == 0) script.exit();
      return;
    }
    if (what == 4 && loop_) return loop_->wake();
    actor* const who = any();
    if (who == nullptr) return;
    auto& script = *who->script;
    switch (what) {
      case 5:
      case 6:
      case 7: return feed(*who, dice(15));
      case 8: return script.out.empty_completion();
      case 9: return feed(*who, dice(3), make_error_code(std::errc::operation_canceled));
      case 10: return dice(2) == 0 ? script.out.hold() : script.out.release();
      case 11: return dice(2) == 0 ? script.in.hold() : script.in.release();
      case 12:
      case 13: return script.in.room(dice(15));
      case 14:
        if (dice(3) != 0) return;
        return script.exit();
      case 15:
        if (dice(4) != 0) return;
        feed(*who, dice(3), system_code(5));
        who->fed_end = true;
        return;
      default: break;
    }
    if (!who->running) return;
    child& running = *who->running;
    const deadline until = depth > 0 || host_ != nullptr ? deadline::now() : deadline(1ms);
    switch (what) {
      case 16:
      case 17:
      case 18: {
        const std::string piece = pattern::make(dice(15), who->accepted.size());
        who->accepted += piece.substr(0, running.in().write(piece).value_or(0));
        return;
      }
      case 19: {
        std::string piece = pattern::make(dice(15), who->accepted.size());
        const std::string copy = piece;
        if (running.in().write_owned(piece).value_or(false)) who->accepted += copy;
        return;
      }
      case 20: return static_cast<void>(running.in().flush(until));
      case 21: return dice(3) == 0 ? static_cast<void>(running.in().close()) : void();
      case 22: return dice(5) == 0 ? static_cast<void>(running.in().stop()) : void();
      case 23: return static_cast<void>(running.out().stop());
      case 24:
      case 25: return static_cast<void>(running.out().resume());
      case 26:
      case 27: {
        const auto more = read_text(running.out(), 1 + dice(20), until);
        if (more) who->got += *more;
        return;
      }
      case 28: return static_cast<void>(running.out().drain(who->got, dice(20)));
      case 29: {
        const std::size_t part = std::min<std::size_t>(running.out().available().size(), dice(10));
        who->got += running.out().available_text().substr(0, part);
        return running.out().consume(part);
      }
      case 30: return static_cast<void>(running.wait(until));
      case 31: return listen(*who);
      case 32: return running.out().on_readable({});
      case 33: return dice(3) == 0 ? static_cast<void>(running.begin_stop({.terminate = 2ms})) : void();
      case 34: return dice(3) == 0 ? static_cast<void>(running.terminate()) : void();
      case 35:
        if (dice(3) == 0) who->running.reset();
        return;
      case 36: {
        if (dice(5) != 0) return;
        who->lossless = false;
        return static_cast<void>(running.out().close());
      }
      case 37: {
        child moved = std::move(running);
        *who->running = std::move(moved);
        return;
      }
      default: return;
    }
  }

  void check() {
    for (const auto& each : actors_) {
      expect(each->fed.starts_with(each->got), "what was read is not what was fed");
      expect(each->accepted.starts_with(each->script->in.received()), "what was written is not what was accepted");
      expect(each->exits <= 1, "on_exit was called twice");
      if (!each->running) continue;
      const auto books = each->running->in().books();
      expect(balanced(books), "the books do not balance");
      expect(books.accepted == each->accepted.size(), "accepted");
      expect(books.delivered == each->script->in.received().size(), "delivered");
      const std::string seen = each->got + std::string(each->running->out().available_text());
      if (each->lossless) expect(each->fed.starts_with(seen), "what is buffered does not follow what was read");
    }
    for (const auto& each : jobs_) expect(each->calls <= 1, "a job called back twice");
  }

  // What is still open is read to its end: nothing may be missing then.
  void finish() {
    for (const auto& each : actors_) {
      auto& script = *each->script;
      script.out.release();
      script.in.release();
      script.in.room_for_all();
      if (!each->running || !each->lossless || host_ != nullptr) continue;
      static_cast<void>(each->running->out().resume());
      std::string rest;
      const auto outcome = each->running->out().read_all(rest, 1 << 20, 1s);
      each->got += rest;
      expect(each->got == each->fed, "a byte is missing");
      expect(outcome.has_value() || outcome.failed_with(errc::timed_out) || outcome.error().code == system_code(5),
             "an unexpected end");
    }
    check();
    for (const auto& each : jobs_) each->script->in.room_for_all();
  }

  std::uint64_t seed_ = 0;
  std::uint64_t count_ = 0;
  int steps_ = 0;
  bool sound_ = true;
  simulated::host* host_ = nullptr;
  std::vector<std::unique_ptr<actor>> actors_;
  std::vector<std::unique_ptr<task>> jobs_;
  std::unique_ptr<event_loop> loop_;
};

TEST_CASE_FIXTURE(soak, "[R4][W8][C2][C3] anything, at any time, on one loop") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    run(seed, false, 200);
    REQUIRE_MESSAGE(sound(), "seed " << seed);
  }
}

TEST_CASE_FIXTURE(soak, "[R4][W8][C3][C4] anything, at any time, on a loop that the host runs") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    run(seed, true, 200);
    REQUIRE_MESSAGE(sound(), "seed " << seed);
  }
}

}  // namespace
