// What an operation costs once everything is set up: no allocation, and few calls.
#include "engine.hpp"

#include "../../allocation.hpp"
#include "../../contract/cases.hpp"

#include <array>
#include <string>

namespace {

using namespace cases;

constexpr const char* not_counted = "this sanitizer's operator new cannot be replaced";

// There and back; false where that went wrong.
bool turn(child& with, std::span<std::byte> message) {
  std::span<const std::byte> out = message;
  if (!with.in().write_all(out, patience())) return false;
  for (std::span<std::byte> rest = message; !rest.empty();) {
    const auto got = with.out().read_some(rest, patience());
    if (!got) return false;
    rest = rest.subspan(*got);
  }
  return true;
}

TEST_CASE("[W1][R2] blocking reads and writes allocate nothing once they have begun") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  harness::leak_check nothing_left;
  child with = must(spawnpipe::spawn(piped("cat")));
  std::array<std::byte, 5000> message{};
  message.back() = std::byte{'\n'};
  REQUIRE(must(with.in().write(message)) == message.size());
  REQUIRE(must(with.out().read_line(patience())).size() == message.size() - 1);  // the reader's own buffer is there now
  bool good = true;
  for (int i = 0; i < 50; ++i) good = turn(with, message) && good;
  REQUIRE(good);
  harness::allocation_counter counter;
  for (int i = 0; i < 500; ++i) good = turn(with, message) && good;
  const int allocations = counter.count();
  CHECK(good);
  CHECK(allocations == 0);
}

TEST_CASE("[W1][R2] nor do callbacks, with a queue that is filled again and again") {
  if (!harness::allocations_are_counted()) SKIP_CASE(not_counted);
  harness::leak_check nothing_left;
  event_loop loop = must(event_loop::create());
  child with = must(spawnpipe::spawn(loop, piped("cat")));
  const std::string message = pattern::make(1'000'000);
  std::string_view to_write;
  std::size_t came = 0;
  const auto feed = [&](pipe_writer& in) { to_write.remove_prefix(in.write(to_write).value_or(0)); };
  with.in().on_written(feed);
  with.out().on_readable([&](pipe_reader& out) {
    came += out.available().size();
    out.consume(out.available().size());
    if (came == message.size()) loop.stop();
  });
  const auto round = [&] {
    came = 0;
    to_write = message;
    feed(with.in());
    return loop.run(patience()).has_value() && came == message.size();
  };
  bool good = true;
  for (int i = 0; i < 5; ++i) good = round() && good;
  REQUIRE(good);
  harness::allocation_counter counter;
  for (int i = 0; i < 20; ++i) good = round() && good;
  const int allocations = counter.count();
  CHECK(good);
  CHECK(allocations == 0);
}

}  // namespace
