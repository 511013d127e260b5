// For tests of the simulated back end itself.
#ifndef SPAWNPIPE_TESTS_SIMULATED_BARE_SEAM_HPP
#define SPAWNPIPE_TESTS_SIMULATED_BARE_SEAM_HPP

#include "simulation.hpp"

namespace simulation {

// Speaks to the seam in the library's place.
class bare_seam {
 public:
  bare_seam() {
    sim.reset();
    client_.completions = &inbox;
    loop = *platform::loop_open(client_, nullptr);
  }
  bare_seam(const bare_seam&) = delete;
  bare_seam& operator=(const bare_seam&) = delete;
  ~bare_seam() { sim.reset(); }

  simulated::script& sim = simulated::script::get();
  platform::inbox inbox;
  platform::loop* loop = nullptr;
  platform::completion exited;
  platform::completion done;
  std::string program = "program";
  std::vector<std::string> argv{"program"};
  std::optional<std::string> cwd;
  std::optional<std::vector<std::string>> environment;

  platform::spawned spawn() {
    exited.handle = done.handle = [](void*) {};
    return *platform::spawn(loop, plan(), exited);
  }

  // Of strings of its own, which may be made wrong.
  platform::spawn_plan plan() const {
    return {.program = program,
            .argv = argv,
            .cwd = cwd,
            .environment = environment,
            .in = stdio::pipe{},
            .out = stdio::pipe{},
            .err = stdio::null{},
            .descriptors = {},
            .group = process_group::automatic,
            .tree = process_tree::group,
            .end_with_host = false,
            .shell_line = false};
  }

  // The misuse that was noted since the last call.
  std::string noted() {
    const auto all = sim.misuse();
    std::string text;
    for (; seen_ < all.size(); ++seen_) text += all[seen_] + "; ";
    return text;
  }

 private:
  platform::loop_client client_;
  std::size_t seen_ = 0;
};

}  // namespace simulation

#endif
