// What the stress does, and how often it did.
#ifndef SPAWNPIPE_TESTS_CONTRACT_DEEDS_HPP
#define SPAWNPIPE_TESTS_CONTRACT_DEEDS_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace cases {

// What can be done. Each is counted where it had an effect: bytes went, a state changed, a wait ended as it was meant to.
enum class deed {
  write,
  write_owned,
  write_all,
  flush,
  read_some,
  read_until,
  read_all,
  drain,
  consume,
  stop_reading,
  resume_reading,
  close_input,
  stop_input,
  close_output,
  wait,
  move,
  set_callbacks,
  terminate,
  kill,
  begin_stop,
  stop,
  destroy,
  finish,
  spawn,
  run_loop,
  job,
  write_in_callback,
  read_in_callback,
  stop_in_callback,
  end_in_callback,
  destroy_in_callback,
  timed_out,
  cancelled,
  count,
};
[[nodiscard]] const char* name_of(deed which);

struct tally {
  std::array<std::uint64_t, static_cast<std::size_t>(deed::count)> done = {};
  std::uint64_t written = 0;
  std::uint64_t read = 0;

  void count(deed which, bool with_effect = true) { done[static_cast<std::size_t>(which)] += with_effect ? 1 : 0; }
  void add(const tally& other);
};

}  // namespace cases

#endif
