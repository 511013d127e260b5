// The child of the benchmarks: small and static, so that its own start is as little of what is measured as can be.
//
//   exit [CODE]              at once
//   line                     writes "a short line"
//   write TOTAL BLOCK [CPU]  writes so many bytes by blocks, on that processor
//   cat [CPU]                copies in to out
//   wait                     reads in to its end
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

char block[256 * 1024];

void pin(const char* cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(std::atoi(cpu)), &set);
  sched_setaffinity(0, sizeof set, &set);
}

bool write_all(const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(1, from, size);
    if (written <= 0) return false;
    from += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

int write_blocks(unsigned long long total, std::size_t size) {
  for (; total > 0; total -= size) {
    if (total < size) size = static_cast<std::size_t>(total);
    if (!write_all(block, size)) return 1;
  }
  return 0;
}

int copy() {
  for (;;) {
    const ssize_t got = ::read(0, block, sizeof block);
    if (got <= 0) return got == 0 ? 0 : 1;
    if (!write_all(block, static_cast<std::size_t>(got))) return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* const verb = argc > 1 ? argv[1] : "";
  if (std::strcmp(verb, "exit") == 0) return argc > 2 ? std::atoi(argv[2]) : 0;
  if (std::strcmp(verb, "line") == 0) return write_all("a short line\n", 13) ? 0 : 1;
  if (std::strcmp(verb, "write") == 0 && argc > 3) {
    if (argc > 4) pin(argv[4]);
    return write_blocks(std::strtoull(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10));
  }
  if (std::strcmp(verb, "cat") == 0) {
    if (argc > 2) pin(argv[2]);
    return copy();
  }
  if (std::strcmp(verb, "wait") == 0) {
    while (::read(0, block, sizeof block) > 0) {
    }
    return 0;
  }
  return 127;
}
