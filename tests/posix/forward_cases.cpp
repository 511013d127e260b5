// Passing on to children what interrupts the host.
#include "../children.hpp"
#include "../scenario.hpp"
#include "pseudo_terminal.hpp"

#include <spawnpipe/forward_interrupts.hpp>

#include <optional>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace {

using harness::command;
using harness::patience;
using harness::quiet;
using spawnpipe::forward_interrupts;
using namespace std::chrono_literals;

int mine = 0;
void count_it(int) { ++mine; }

HOST_SCENARIO(forwards, "interrupts are forwarded") {
  struct sigaction own {};
  own.sa_handler = count_it;
  own.sa_flags = SA_NODEFER;
  ::sigaction(SIGTERM, &own, nullptr);
  ::signal(SIGHUP, SIG_IGN);

  auto guard = forward_interrupts::begin();
  EXPECT(guard);
  for (const int number : {SIGINT, SIGQUIT, SIGTERM}) {
    auto running = spawnpipe::spawn(quiet(command("hang")));
    EXPECT(running);
    ::raise(number);
    const auto how = running->wait(patience());
    EXPECT(how && how->signal() == number);
    EXPECT(guard->received() == number);
  }
  EXPECT(mine == 0);
  ::raise(SIGHUP);
  EXPECT(guard->received() == SIGTERM);

  // From another thread, in the middle of a wait.
  auto running = spawnpipe::spawn(quiet(command("hang")));
  std::thread other([] {
    std::this_thread::sleep_for(50ms);
    ::kill(::getpid(), SIGINT);
  });
  const auto how = running->wait(patience());
  other.join();
  EXPECT(how && how->signal() == SIGINT);

  *guard = forward_interrupts();
  struct sigaction now {};
  EXPECT(::sigaction(SIGTERM, nullptr, &now) == 0 && now.sa_handler == count_it && (now.sa_flags & SA_NODEFER) != 0);
  EXPECT(::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == SIG_DFL);
  EXPECT(::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN);
  ::raise(SIGTERM);
  EXPECT(mine == 1);

  // What the host sets meanwhile stays.
  auto again = forward_interrupts::begin();
  EXPECT(again && !again->received());
  ::signal(SIGQUIT, SIG_IGN);
  *again = forward_interrupts();
  EXPECT(::sigaction(SIGQUIT, nullptr, &now) == 0 && now.sa_handler == SIG_IGN);
}
TEST_CASE("[P6][G1] a guard forwards interrupts, and its end gives the host its handlers back") {
  PLAY_SCENARIO("interrupts are forwarded");
}

HOST_SCENARIO(typed, "Ctrl-C on a host that forwards it") {
  harness::pseudo_terminal terminal;
  if (!terminal) SKIP_SCENARIO(harness::no_terminal);
  EXPECT(terminal.control());
  auto guard = forward_interrupts::begin();
  auto running = spawnpipe::spawn(quiet(command("hang")));
  EXPECT(guard && running);
  EXPECT(terminal.foreground() == ::getpgrp());
  terminal.type(harness::ctrl_c);
  const auto how = running->wait(patience());
  EXPECT(how && how->signal() == SIGINT);
  EXPECT(guard->received() == SIGINT);
}
TEST_CASE("[P6] Ctrl-C on the terminal of a host that forwards it reaches a child outside of the host's group") {
  PLAY_SCENARIO("Ctrl-C on a host that forwards it");
}

}  // namespace
