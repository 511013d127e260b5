// cancellation: copies look at what the original does, and its layout does not depend on the standard library's stop tokens.
#include "harness.hpp"

#include <spawnpipe/cancellation.hpp>
#include <spawnpipe/stop_token.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>

// In a translation unit that the standard library offers no stop tokens.
std::size_t size_without_stop_tokens();

namespace {

using spawnpipe::cancellation;
using spawnpipe::interrupter;

static_assert(std::is_nothrow_copy_constructible_v<cancellation>);
static_assert(!std::is_constructible_v<cancellation, int>);
static_assert(!std::is_convertible_v<const interrupter&, cancellation>);

TEST_CASE("a cancellation is the same with stop tokens and without") {
  CHECK(sizeof(cancellation) == size_without_stop_tokens());
}

#if defined(__cpp_lib_jthread)
static_assert(std::is_convertible_v<std::stop_token, cancellation>);

TEST_CASE("a copy gives up when the original does") {
  std::stop_source source;
  interrupter interrupted;
  const cancellation by_token = source.get_token();
  const cancellation by_interrupter = interrupted;
  const cancellation token_copy(by_token);
  const cancellation interrupter_copy(by_interrupter);
  CHECK_FALSE(token_copy.requested());
  CHECK_FALSE(interrupter_copy.requested());
  source.request_stop();
  CHECK(by_token.requested());
  CHECK(token_copy.requested());
  CHECK_FALSE(interrupter_copy.requested());
  interrupted.interrupt();
  CHECK(by_interrupter.requested());
  CHECK(interrupter_copy.requested());
}

TEST_CASE("what is assigned to gives up with the new source alone") {
  std::stop_source first;
  std::stop_source second;
  interrupter third;
  cancellation cancel = first.get_token();
  const auto& itself = cancel;
  cancel = itself;
  cancel = second.get_token();
  first.request_stop();
  CHECK_FALSE(cancel.requested());
  cancel = third;
  second.request_stop();
  CHECK_FALSE(cancel.requested());
  third.interrupt();
  CHECK(cancel.requested());
  cancel = cancellation();
  CHECK_FALSE(cancel.requested());
  cancel = second.get_token();
  CHECK(cancel.requested());
}

TEST_CASE("a cancellation holds its token, and lets it go") {
  auto source = std::make_unique<std::stop_source>();
  const std::stop_token token = source->get_token();
  {
    const cancellation cancel = token;
    source->request_stop();
    source.reset();
    CHECK(cancel.requested());
  }
  CHECK(token.stop_requested());
}

TEST_CASE("a token without a source never asks") {
  const cancellation cancel = std::stop_token();
  CHECK_FALSE(cancel.requested());
}
#endif

}  // namespace
