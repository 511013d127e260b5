// Output within its limit: what is kept, what is dropped and what is said of it, against all of the output in one string.
#include "capture.hpp"
#include "fuzz.hpp"
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace {

using spawnpipe::overflow;

std::string expected_of(const std::string& all, std::size_t limit, overflow policy) {
  if (all.size() <= limit) return all;
  const std::size_t tail = policy == overflow::keep_head_and_tail ? limit / 2 : 0;
  return all.substr(0, limit - tail) + all.substr(all.size() - tail);
}

}  // namespace

// The limit, the policy, then pieces of output: a number, and so many bytes. 0 looks at what there is.
void fuzz::targets::capture(std::string_view bytes) {
  input from(bytes);
  const std::size_t limit = from.byte() % 64;
  constexpr std::array policies = {overflow::error, overflow::keep_head, overflow::keep_head_and_tail, overflow::spill};
  const overflow policy = policies[from.byte() % policies.size()];
  spawnpipe::detail::capture kept(spawnpipe::capture_limit{.bytes = limit, .on_overflow = policy});

  std::string all;
  while (!from.empty()) {
    if (const std::size_t size = from.byte() % 128; size > 0) {
      const std::string_view piece = from.text(size);
      kept.append(std::as_bytes(std::span(piece)));
      all += piece;
      continue;
    }
    EXPECT(kept.text() == expected_of(all, limit, policy));
    EXPECT(kept.dropped() == all.size() - std::min(all.size(), limit));
    EXPECT(kept.overflowed() == (all.size() > limit));
    EXPECT(all.starts_with(kept.head()));
    EXPECT(all.size() > limit || kept.fits(limit - all.size()));
    EXPECT(!kept.fits(limit - std::min(all.size(), limit) + 1));
  }
  const std::string expected = expected_of(all, limit, policy);
  EXPECT(kept.text() == expected);
  EXPECT(kept.text().size() <= limit);
  EXPECT(kept.dropped() == all.size() - expected.size());
  EXPECT(kept.take() == expected);
}
