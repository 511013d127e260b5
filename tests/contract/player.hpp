// A child and all that can be done with it, in any order, against a model of what must come of it. Both directions are the pattern from
// its beginning: a byte that is lost, doubled or out of its place is seen where it arrives.
#ifndef SPAWNPIPE_TESTS_CONTRACT_PLAYER_HPP
#define SPAWNPIPE_TESTS_CONTRACT_PLAYER_HPP

#include "cases.hpp"
#include "deeds.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace cases {

class player {
 public:
  // The others at the table, one of which may be null, or this one.
  using neighbours = std::function<player*(dice&)>;

  // The seed decides what it is like, and what its callbacks do, to itself and to its neighbours.
  player(event_loop& loop, std::uint64_t seed, spawnpipe::interrupter& cancel, tally& all, neighbours others);
  player(const player&) = delete;
  player& operator=(const player&) = delete;
  ~player() = default;

  // One operation. False when this child's play is over.
  [[nodiscard]] bool step(dice& any);
  // The end: all that was accepted comes back, or is in the child's own account, where nothing was stopped.
  void finish();

 private:
  // What the child does with its input: copies it, or says at its end how much it was and whether it was the pattern.
  enum class part { copies, counts };
  // For a while it does anything, or rather fills its pipes, or rather empties them.
  enum class mood { any, any_still, feeds, eats };
  // The capacities of the two pipes, and how much the child reads and writes at once.
  struct sizes {
    std::size_t in;
    std::size_t out;
    std::size_t block;
  };

  player(event_loop& loop, dice mine, spawnpipe::interrupter& cancel, tally& all, neighbours others, part plays,
         sizes of);

  template <class T>
  bool note(const spawnpipe::result<T>& said);
  void take(std::string_view bytes);
  void check();
  void check_account(std::string_view answer);

  void write(dice& any, bool in_callback);
  void write_all(dice& any);
  void flush(dice& any);
  void read_some(dice& any, deadline until);
  void read_until(dice& any);
  void read_all(dice& any);
  void drain(dice& any);
  void consume(std::size_t most);
  void stop_or_resume(dice& any);
  void move_about(dice& any);
  void end_input(dice& any);
  bool end(dice& any);
  void ask_to_end(dice& any);
  void set_callbacks();
  void in_callback();
  void act(dice& any);

  dice mine_;
  spawnpipe::interrupter& cancel_;
  tally& all_;
  neighbours others_;
  part plays_;
  std::optional<child> running_;
  std::size_t
      most_;  // to write at once: a hundred pieces of what goes through at once, or each would be a call of its own for minutes
  std::uint64_t accepted_ = 0;
  std::uint64_t read_ = 0;
  unsigned steps_ = 0;
  mood mood_ = mood::any;
  std::string answer_;  // of one that counts
  bool callbacks_on_ = false;
  bool reader_stopped_ = false;
  bool input_over_ = false;
  bool input_stopped_ = false;
  bool output_closed_ = false;
  bool asked_to_end_ = false;
};

}  // namespace cases

#endif
