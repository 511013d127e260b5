// What the cases of run and communicate share.
#ifndef SPAWNPIPE_TESTS_SIMULATED_RUNS_HPP
#define SPAWNPIPE_TESTS_SIMULATED_RUNS_HPP

#include "simulation.hpp"

#include <memory>

namespace simulation {

// run() works on the default loop of its thread: each case has a thread of its own, whose loop ends with it.
class on_a_thread : public audit {
 public:
  template <class Body>
  void within(Body body) {
    on_own_thread(std::move(body));
  }
};

// A child that writes back what it is fed: `piece` bytes for each chance it gets, until its in is closed.
inline void behave_as_cat(simulated::script& sim, scripted_child& script, std::size_t piece) {
  struct cat {
    simulated::script& sim;
    scripted_child& script;
    std::size_t piece;
    std::size_t done = 0;

    static void step(const std::shared_ptr<cat>& self) {
      const std::string got = self->script.in.received();
      bool idle = false;
      if (got.size() > self->done) {
        const std::string part = got.substr(self->done, self->piece);
        self->script.out.feed(part);
        self->script.err.feed(part.substr(0, 1));
        self->done += part.size();
      } else if (self->script.in.closed()) {
        self->script.exit();
        return;
      } else {
        idle = true;
      }
      if (got.size() - self->done < self->piece) self->script.in.room(self->piece);
      // What it waits for may take time to come.
      if (idle) {
        self->sim.after(std::chrono::milliseconds(1), [self] { step(self); });
      } else {
        self->sim.when_idle([self] { step(self); });
      }
    }
  };
  const auto self = std::make_shared<cat>(cat{.sim = sim, .script = script, .piece = piece});
  sim.when_idle([self] { cat::step(self); });
}

}  // namespace simulation

#endif
