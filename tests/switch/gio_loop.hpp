// The usual classes around a GMainContext: timers, and what is asynchronous and can be given up: reading, feeding, and waiting for an exit.
#ifndef SPAWNPIPE_TESTS_SWITCH_GIO_LOOP_HPP
#define SPAWNPIPE_TESTS_SWITCH_GIO_LOOP_HPP

#include <gio/gfiledescriptorbased.h>
#include <gio/gio.h>
#include <glib-unix.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace switch_list {

struct release {
  void operator()(void* object) const { g_object_unref(object); }
};
using subprocess = std::unique_ptr<GSubprocess, release>;

// A main context and loop of this thread, for what is begun while it lives.
class main_loop {
 public:
  main_loop() { g_main_context_push_thread_default(context_); }
  main_loop(const main_loop&) = delete;
  main_loop& operator=(const main_loop&) = delete;
  ~main_loop() {
    g_main_context_pop_thread_default(context_);
    g_main_context_unref(context_);
  }
  template <class Condition>
  void run_until(Condition holds) {
    while (!holds()) g_main_context_iteration(context_, TRUE);
  }
  // Calls it once; or again and again while it says so.
  void after(std::chrono::milliseconds time, std::function<bool()> what) {
    GSource* const source = g_timeout_source_new(static_cast<guint>(time.count()));
    g_source_set_callback(
        source, [](void* data) -> gboolean { return (*static_cast<std::function<bool()>*>(data))() ? TRUE : FALSE; },
        new std::function<bool()>(std::move(what)),
        [](void* data) { delete static_cast<std::function<bool()>*>(data); });
    g_source_attach(source, context_);
    g_source_unref(source);
  }

 private:
  GMainContext* context_ = g_main_context_new();
};

// Something asynchronous, which is given up and waited for before what it uses goes.
class operation {
 public:
  explicit operation(main_loop& on) : loop_(on) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  [[nodiscard]] GCancellable* cancel() const { return cancel_.get(); }
  [[nodiscard]] bool pending() const { return pending_; }

 protected:
  void begun() { pending_ = true; }
  void ended() { pending_ = false; }
  // For the end of whoever derives from this.
  void give_up() {
    g_cancellable_cancel(cancel_.get());
    loop_.run_until([this] { return !pending_; });
  }

 private:
  main_loop& loop_;
  std::unique_ptr<GCancellable, release> cancel_{g_cancellable_new()};
  bool pending_ = false;
};

class exit_wait : public operation {
 public:
  exit_wait(main_loop& on, const subprocess& child) : operation(on) {
    begun();
    g_subprocess_wait_async(child.get(), cancel(), told, this);
  }
  ~exit_wait() { give_up(); }
  std::function<void()> on_exit;

 private:
  static void told(GObject* source, GAsyncResult* result, void* data) {
    exit_wait& it = *static_cast<exit_wait*>(data);
    it.ended();
    if (g_subprocess_wait_finish(G_SUBPROCESS(source), result, nullptr) != 0 && it.on_exit) it.on_exit();
  }
};

class reading : public operation {
 public:
  reading(main_loop& on, GInputStream* from) : operation(on), from_(from) { next(); }
  ~reading() { give_up(); }
  std::string came;

 private:
  void next() {
    begun();
    g_input_stream_read_async(from_, into_.data(), into_.size(), G_PRIORITY_DEFAULT, cancel(), took, this);
  }
  static void took(GObject* /*source*/, GAsyncResult* result, void* data) {
    reading& it = *static_cast<reading*>(data);
    it.ended();
    const gssize got = g_input_stream_read_finish(it.from_, result, nullptr);
    if (got <= 0) return;
    it.came.append(it.into_.data(), static_cast<std::size_t>(got));
    it.next();
  }

  GInputStream* from_;
  std::array<char, 65536> into_;
};

class feeding : public operation {
 public:
  feeding(main_loop& on, GOutputStream* to, const std::string& text) : operation(on) {
    // The pipe blocks unless told otherwise, and an _async call with it.
    g_unix_set_fd_nonblocking(g_file_descriptor_based_get_fd(G_FILE_DESCRIPTOR_BASED(to)), TRUE, nullptr);
    begun();
    g_output_stream_write_all_async(to, text.data(), text.size(), G_PRIORITY_DEFAULT, cancel(), done, this);
  }
  ~feeding() { give_up(); }

 private:
  static void done(GObject* source, GAsyncResult* result, void* data) {
    auto* const to = reinterpret_cast<GOutputStream*>(source);
    g_output_stream_write_all_finish(to, result, nullptr, nullptr);
    g_output_stream_close(to, nullptr, nullptr);
    static_cast<feeding*>(data)->ended();
  }
};

}  // namespace switch_list

#endif
