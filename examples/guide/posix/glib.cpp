// A program on GLib: our loop as a GSource.
#include <spawnpipe/posix.hpp>
#include <spawnpipe/spawnpipe.hpp>

#include <glib-unix.h>

#include <algorithm>
#include <chrono>
#include <iostream>
using namespace std::chrono_literals;

//! [source]
struct spawnpipe_source {
  GSource base;
  spawnpipe::event_loop* loop;
};

// Before GLib waits: how long it may.
gboolean prepare(GSource* source, gint* timeout) {
  const auto ours = reinterpret_cast<spawnpipe_source*>(source);
  const spawnpipe::deadline next = ours->loop->next_deadline();
  *timeout = -1;
  if (next.is_never()) return FALSE;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next.remaining()).count();
  *timeout = static_cast<gint>(std::min<gint64>(left, G_MAXINT));
  return left == 0;
}

gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
  const auto ours = reinterpret_cast<spawnpipe_source*>(source);
  (void)ours->loop->run(spawnpipe::deadline::now());
  return G_SOURCE_CONTINUE;
}

// Drives `loop`, which outlives it, on the default context.
GSource* drive(spawnpipe::event_loop& loop) {
  static GSourceFuncs functions{prepare, nullptr, dispatch, nullptr, nullptr, nullptr};
  GSource* const source = g_source_new(&functions, sizeof(spawnpipe_source));
  reinterpret_cast<spawnpipe_source*>(source)->loop = &loop;
  g_source_add_unix_fd(source, spawnpipe::posix::fd(loop.native()), G_IO_IN);
  g_source_attach(source, nullptr);
  return source;
}
//! [source]

int main() {
  //! [use]
  GMainLoop* const main_loop = g_main_loop_new(nullptr, FALSE);
  auto loop = spawnpipe::event_loop::create().value();
  GSource* const source = drive(loop);
  auto hello = spawnpipe::run_async(
      loop, {"printf", "hello"}, {}, [](const spawnpipe::completed& done) {
        std::cout << to_string(done.why) << ' ' << done.out << '\n';
      });
  auto sleep = spawnpipe::run_async(loop, {"sleep", "60"}, {.until = 1s},
                                    [&](const spawnpipe::completed& done) {
                                      std::cout << to_string(done.why) << '\n';
                                      g_main_loop_quit(main_loop);
                                    });
  g_main_loop_run(main_loop);
  g_source_destroy(source);
  g_source_unref(source);
  g_main_loop_unref(main_loop);
  //! [use]
}
