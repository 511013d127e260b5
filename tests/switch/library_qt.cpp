// QProcess: its waits where there is one thing to wait for, signals and an event loop where there are more. Qt reads by itself
// whatever comes, into buffers without a bound.
#include "library.hpp"

#include <QCoreApplication>
#include <QEventLoop>
#include <QProcess>
#include <QTimer>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>

namespace switch_list {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

std::string version() { return std::string("QProcess of Qt ") + qVersion(); }

void need_application() {
  static int count = 1;
  static char name[] = "switch";
  static char* names[] = {name, nullptr};
  static const QCoreApplication application(count, names);
}

QStringList list_of(const arguments& what) {
  QStringList all;
  for (const std::string& each : what) all << QString::fromStdString(each);
  return all;
}

void start(QProcess& child, const std::string& program, const arguments& what) {
  child.start(QString::fromStdString(program), list_of(what));
}

int code_of(const QProcess& child) {
  return child.exitStatus() == QProcess::CrashExit ? -child.exitCode() : child.exitCode();
}

outcome take(QProcess& child) {
  return {.out = child.readAllStandardOutput().toStdString(),
          .err = child.readAllStandardError().toStdString(),
          .code = code_of(child)};
}

void feed(QProcess& child, const std::string& input) {
  child.write(input.data(), static_cast<qint64>(input.size()));
  child.closeWriteChannel();
}

outcome run(const std::string& program, const arguments& what, const std::string& input) {
  QProcess child;
  start(child, program, what);
  feed(child, input);
  child.waitForFinished(-1);
  return take(child);
}

outcome run_held(const arguments& what) { return run(child_program, what, {}); }

outcome run_with_timeout(const arguments& what, const std::string& input, milliseconds limit) {
  QProcess child;
  start(child, child_program, what);
  feed(child, input);
  const bool ended = child.waitForFinished(static_cast<int>(limit.count()));
  if (!ended) child.kill();
  child.waitForFinished(-1);
  outcome result = take(child);
  result.timed_out = !ended;
  return result;
}

std::string merged(const arguments& what) {
  QProcess child;
  child.setProcessChannelMode(QProcess::MergedChannels);
  start(child, child_program, what);
  child.waitForFinished(-1);
  return child.readAllStandardOutput().toStdString();
}

std::string through_two(const std::string& input) {
  need_application();
  QProcess first;
  QProcess second;
  first.setStandardOutputProcess(&second);
  QEventLoop loop;
  QObject::connect(&second, &QProcess::finished, &loop, &QEventLoop::quit);
  start(first, child_program, {"cat"});
  start(second, child_program, {"checksum"});
  feed(first, input);
  loop.exec();
  first.waitForFinished(-1);
  return second.readAllStandardOutput().toStdString();
}

conversation converse() {
  QProcess child;
  start(child, child_program, {"echo-lines"});
  const auto line = [&](milliseconds limit) {
    while (!child.canReadLine() && child.waitForReadyRead(static_cast<int>(limit.count()))) {
    }
    return child.readLine().toStdString();
  };
  conversation had;
  child.write("one\n");
  had.first = line(10s);
  had.nothing = line(50ms);
  child.write("two\n");
  had.second = line(10s);
  child.kill();
  child.waitForFinished(-1);
  return had;
}

int exit_code(const arguments& what) {
  QProcess child;
  start(child, child_program, what);
  child.waitForFinished(-1);
  return code_of(child);
}

// (The end of the output alone is not told: readChannelFinished comes with the exit.)
closed_output wait_after_end_of_output() {
  QProcess child;
  start(child, child_program, {"close-out", "7"});
  child.waitForStarted(-1);
  const bool running = !child.waitForFinished(200) && child.state() == QProcess::Running;
  child.closeWriteChannel();
  child.waitForFinished(-1);
  return {.still_running = running, .code = code_of(child)};
}

milliseconds wait_in_loop() {
  need_application();
  QProcess child;
  QEventLoop loop;
  clock::time_point closed;
  clock::time_point told;
  QObject::connect(&child, &QProcess::finished, [&] {
    told = clock::now();
    loop.quit();
  });
  start(child, child_program, {"until-eof"});
  QTimer timer;
  int ticks = 0;
  QObject::connect(&timer, &QTimer::timeout, [&] {
    if (++ticks < 100) return;
    timer.stop();
    closed = clock::now();
    child.closeWriteChannel();
  });
  timer.start(1ms);
  loop.exec();
  return std::chrono::duration_cast<milliseconds>(told - closed);
}

bool wait_for(milliseconds time, const std::function<void(pid_t)>& begins, const std::function<void()>& over) {
  QProcess child;
  start(child, child_program, {"hang"});
  child.waitForStarted(-1);
  begins(static_cast<pid_t>(child.processId()));
  const bool ended = child.waitForFinished(static_cast<int>(time.count()));
  over();
  child.kill();
  child.waitForFinished(-1);
  return ended;
}

int later_child() {
  QProcess first;
  QProcess second;
  start(first, child_program, {"until-eof"});
  start(second, child_program, {"hang"});
  first.waitForStarted(-1);
  first.closeWriteChannel();
  first.waitForFinished(-1);
  second.kill();
  second.waitForFinished(-1);
  return code_of(first);
}

void hold(const std::function<void()>& meanwhile) {
  QProcess child;
  start(child, child_program, {"hang"});
  child.waitForStarted(-1);
  meanwhile();
  child.kill();
  child.waitForFinished(-1);
}

void kill_after_end(const std::function<void(pid_t)>& meanwhile) {
  QProcess child;
  start(child, child_program, {"exit"});
  child.waitForStarted(-1);
  const auto id = static_cast<pid_t>(child.processId());
  child.waitForFinished(-1);
  meanwhile(id);
  child.kill();
}

int kill_and_wait(std::chrono::microseconds after) {
  QProcess child;
  start(child, child_program, {"exit", "3"});
  child.waitForStarted(-1);
  std::this_thread::sleep_for(after);
  child.kill();
  child.waitForFinished(-1);
  return code_of(child);
}

void ask_ended(const std::function<void(pid_t)>& until_ended) {
  QProcess child;
  start(child, child_program, {"exit"});
  child.waitForStarted(-1);
  until_ended(static_cast<pid_t>(child.processId()));
  child.terminate();
  child.waitForFinished(-1);
}

// A session of its own is a group, too.
std::string start_tree(QProcess& child, const arguments& what, int lines) {
  child.setChildProcessModifier([] { ::setsid(); });
  start(child, child_program, what);
  std::string said;
  for (; lines > 0; --lines) {
    while (!child.canReadLine() && child.waitForReadyRead(-1)) {
    }
    said += child.readLine().toStdString();
  }
  return said;
}

pid_t kill_tree(const arguments& what) {
  QProcess child;
  const pid_t descendant = std::stoi(start_tree(child, what, 1));
  ::kill(-static_cast<pid_t>(child.processId()), SIGKILL);
  child.waitForFinished(-1);
  return descendant;
}

pid_t stop_tree(const arguments& what) {
  QProcess child;
  const pid_t descendant = std::stoi(start_tree(child, what, 2));
  const auto group = static_cast<pid_t>(child.processId());
  ::kill(-group, SIGTERM);
  std::this_thread::sleep_for(50ms);
  ::kill(-group, SIGKILL);
  child.waitForFinished(-1);
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(1ms);
  return descendant;
}

pid_t end_with_host() {
  static QProcess child;
  child.setChildProcessModifier([] { ::prctl(PR_SET_PDEATHSIG, SIGKILL); });
  start(child, child_program, {"hang"});
  child.waitForStarted(-1);
  return static_cast<pid_t>(child.processId());
}

}  // namespace

const library this_library = {.version = version,
                              .run = run,
                              .run_held = run_held,
                              .run_with_timeout = run_with_timeout,
                              .merged = merged,
                              .through_two = through_two,
                              .converse = converse,
                              .exit_code = exit_code,
                              .wait_after_end_of_output = wait_after_end_of_output,
                              .wait_in_loop = wait_in_loop,
                              .wait_for = wait_for,
                              .later_child = later_child,
                              .hold = hold,
                              .kill_after_end = kill_after_end,
                              .kill_and_wait = kill_and_wait,
                              .ask_ended = ask_ended,
                              .kill_tree = {kill_tree, "setsid(2) in a hook in the child, and kill(2) of the group"},
                              .stop_tree = {stop_tree, "the same, and looking until nobody is left"},
                              .end_with_host = {end_with_host, "prctl(2) in a hook in the child"}};

}  // namespace switch_list
