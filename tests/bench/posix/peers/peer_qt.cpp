// QProcess of Qt: waitForReadyRead and waitForFinished where there is one child, signals and an event loop where there are more.
// Qt reads by itself whatever has come; read() then takes it out of its buffer.
#include "driver.hpp"

#include <QCoreApplication>
#include <QEventLoop>
#include <QProcess>
#include <array>
#include <memory>
#include <vector>

namespace bench {
namespace {

void need_application() {
  static int count = 1;
  static char name[] = "bench";
  static std::array<char*, 2> arguments = {name, nullptr};
  static const QCoreApplication application(count, arguments.data());
}

enum : unsigned { in = 1, out = 2, err = 4 };

// The streams that are named are piped, the others are the null device.
void prepare(QProcess& child, const QStringList& arguments, unsigned piped) {
  child.setProgram(QString::fromLocal8Bit(child_program));
  child.setArguments(arguments);
  if ((piped & in) == 0) child.setStandardInputFile(QProcess::nullDevice());
  if ((piped & out) == 0) child.setStandardOutputFile(QProcess::nullDevice());
  if ((piped & err) == 0) child.setStandardErrorFile(QProcess::nullDevice());
}

void start(QProcess& child, const QStringList& arguments, unsigned piped) {
  need_application();
  prepare(child, arguments, piped);
  child.start();
}

bool succeeded(const QProcess& child) {
  return child.state() == QProcess::NotRunning && child.error() == QProcess::UnknownError &&
         child.exitStatus() == QProcess::NormalExit && child.exitCode() == 0;
}

void finish(QProcess& child) {
  child.waitForFinished(-1);
  expect(succeeded(child), "the child did not succeed");
}

void spawn() {
  QProcess child;
  start(child, {"exit"}, 0);
  finish(child);
}

std::string capture() {
  QProcess child;
  start(child, {"line"}, out | err);
  finish(child);
  return child.readAllStandardOutput().toStdString();
}

std::uint64_t read_all(QProcess& child) {
  std::vector<char> into(read_size);
  std::uint64_t came = 0;
  for (bool more = true; more;) {
    more = child.waitForReadyRead(-1);
    for (qint64 got = 0; (got = child.read(into.data(), static_cast<qint64>(into.size()))) > 0;)
      came += static_cast<std::uint64_t>(got);
  }
  return came;
}

std::uint64_t stream(std::uint64_t total, std::size_t block) {
  QProcess child;
  start(child, {"write", QString::number(total), QString::number(block), child_cpu}, out);
  const std::uint64_t came = read_all(child);
  child.waitForFinished(-1);
  expect(child.exitStatus() == QProcess::NormalExit && child.exitCode() == 0, "the child did not succeed");
  return came;
}

std::uint64_t echo(std::uint64_t total) {
  const QByteArray input = QByteArray::fromRawData(input_of(total).data(), static_cast<qsizetype>(total));
  QProcess child;
  start(child, {"cat", child_cpu}, in | out);
  child.write(input);
  child.closeWriteChannel();
  const std::uint64_t came = read_all(child);
  child.waitForFinished(-1);
  expect(child.exitStatus() == QProcess::NormalExit && child.exitCode() == 0, "the child did not succeed");
  return came;
}

void ping(int rounds, void (*mark)()) {
  QProcess child;
  start(child, {"cat"}, in | out);
  char byte = 'x';
  const auto turn = [&] {
    expect(child.write(&byte, 1) == 1 && child.waitForReadyRead(-1) && child.read(&byte, 1) == 1,
           "the byte did not come back");
  };
  for (int i = 0; i < 100; ++i) turn();
  mark();
  for (int i = 0; i < rounds; ++i) turn();
  mark();
  child.closeWriteChannel();
  finish(child);
}

int many(int count, int width) {
  need_application();
  std::vector<std::unique_ptr<QProcess>> places;
  QEventLoop loop;
  int started = 0;
  int ended = 0;
  int right = 0;
  for (int i = 0; i < width && started < count; ++i) {
    QProcess& place = *places.emplace_back(std::make_unique<QProcess>());
    prepare(place, {"line"}, out | err);
    QObject::connect(&place, &QProcess::finished, [&](int code, QProcess::ExitStatus status) {
      if (status == QProcess::NormalExit && code == 0 && place.readAllStandardOutput() == child_line) ++right;
      ++ended;
      if (started < count) {
        ++started;
        place.start();
      } else if (ended == count) {
        loop.quit();
      }
    });
    QObject::connect(&place, &QProcess::errorOccurred, &loop, &QEventLoop::quit);
    ++started;
    place.start();
  }
  loop.exec();
  return right;
}

double alive(int count, int samples) {
  std::vector<std::unique_ptr<QProcess>> all;
  QEventLoop loop;
  int ended = 0;
  for (int i = 0; i < count; ++i) {
    QProcess& each = *all.emplace_back(std::make_unique<QProcess>());
    QObject::connect(&each, &QProcess::finished, [&](int code, QProcess::ExitStatus status) {
      if (status == QProcess::NormalExit && code == 0) ++ended;
      loop.quit();
    });
    start(each, {"wait"}, in);
    expect(each.waitForStarted(-1), "the child did not start");
  }
  loop.processEvents();
  const double began = cpu_time();
  for (int i = 0; i < samples; ++i) {
    all[static_cast<std::size_t>(i)]->closeWriteChannel();
    loop.exec();
  }
  const double used = cpu_time() - began;
  const int ended_then = ended;
  for (const auto& each : all) each->closeWriteChannel();
  for (const auto& each : all) each->waitForFinished(-1);
  expect(ended_then == samples, "another child ended");
  return used / samples;
}

void hold(int count, void (*looked)()) {
  std::vector<std::unique_ptr<QProcess>> all;
  for (int i = 0; i < count; ++i) {
    QProcess& each = *all.emplace_back(std::make_unique<QProcess>());
    start(each, {"wait"}, in | out | err);
    expect(each.waitForStarted(-1), "the child did not start");
  }
  QCoreApplication::processEvents();
  looked();
  for (const auto& each : all) each->closeWriteChannel();
  for (const auto& each : all) finish(*each);
}

}  // namespace

const subject this_subject = {.spawn = spawn,
                              .capture = capture,
                              .stream = stream,
                              .echo = echo,
                              .ping = ping,
                              .many = many,
                              .alive = alive,
                              .hold = hold};

}  // namespace bench
