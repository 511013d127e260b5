#!/usr/bin/env python3
"""The subprocess module of Python: run() where it does, Popen where the pipes are used, and a thread for each thing that blocks beside
another. Speaks the protocol of driver.hpp by itself.

    peer_python.py BENCH_CHILD

"alive" is left out: subprocess has no wait for any of several children.
"""

import mmap
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

CHILD = sys.argv[1]
LINE = b"a short line\n"
CHILD_CPU = "1"
READ_SIZE = 65536
PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL


class Wrong(Exception):
    pass


class Unsupported(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Wrong(what)


def expect_success(code):
    expect(code == 0, "the child did not succeed")


@contextmanager
def on_first_processor():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def memory_of(name):
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(name))


def each(count, act):
    """The median time of one, in microseconds."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def spawn_one():
    expect_success(subprocess.run([CHILD, "exit"], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL).returncode)


def capture_one():
    done = subprocess.run([CHILD, "line"], stdin=DEVNULL, capture_output=True)
    expect_success(done.returncode)
    return done.stdout


def expect_line():
    expect(capture_one() == LINE, "the line is another one")


def read_all(pipe):
    """The size of what comes. The pipe has no buffer of its own (bufsize=0)."""
    into = bytearray(READ_SIZE)
    came = 0
    while got := pipe.readinto(into):
        came += got
    return came


def spawn(count):
    return each(int(count), spawn_one)


def capture(count):
    return each(int(count), expect_line)


def stream(total, block):
    with on_first_processor():
        began = time.perf_counter()
        with subprocess.Popen([CHILD, "write", total, block, CHILD_CPU], bufsize=0,
                              stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL) as child:
            came = read_all(child.stdout)
        expect_success(child.returncode)
        expect(came == int(total), "bytes are missing")
        return came / 1e9 / (time.perf_counter() - began)


def feed(pipe, data):
    with pipe, memoryview(data) as rest:
        while rest:
            rest = rest[pipe.write(rest):]


kept_input = b""


def input_of(total):
    """Keeps what echo() feeds, and says how much that is."""
    global kept_input
    if len(kept_input) != int(total):
        kept_input = b"x" * int(total)
    return len(kept_input)


def echo(total):
    input_of(total)
    with on_first_processor():
        began = time.perf_counter()
        with subprocess.Popen([CHILD, "cat", CHILD_CPU], bufsize=0,
                              stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as child:
            # communicate() would keep all that comes, and writes no more than 4 KiB at a time.
            feeder = threading.Thread(target=feed, args=(child.stdin, kept_input))
            feeder.start()
            came = read_all(child.stdout)
            feeder.join()
        expect_success(child.returncode)
        expect(came == int(total), "bytes are missing")
        return came / 1e9 / (time.perf_counter() - began)


def ping(rounds):
    rounds = int(rounds)
    with on_first_processor():
        with subprocess.Popen([CHILD, "cat"], bufsize=0, stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as child:
            def turns(count):
                for _ in range(count):
                    child.stdin.write(b"x")
                    expect(child.stdout.read(1) == b"x", "the byte did not come back")

            turns(100)
            began = time.perf_counter()
            turns(rounds)
            used = time.perf_counter() - began
            child.stdin.close()
        expect_success(child.returncode)
        return used * 1e6 / rounds


def many(count, width):
    count = int(count)
    began = time.perf_counter()
    with ThreadPoolExecutor(int(width)) as pool:
        right = sum(line == LINE for line in pool.map(lambda _: capture_one(), range(count)))
    expect(right == count, "not every child was right")
    return count / (time.perf_counter() - began)


def alive(_count, _samples):
    raise Unsupported


def hold(count):
    count = int(count)
    before = memory_of("VmRSS:")
    children = [subprocess.Popen([CHILD, "wait"], stdin=PIPE, stdout=PIPE, stderr=PIPE) for _ in range(count)]
    held = memory_of("VmRSS:")
    for child in children:
        child.stdin.close()
    good = [child.wait() == 0 for child in children]
    for child in children:
        child.stdout.close()
        child.stderr.close()
    expect(all(good), "not every child succeeded")
    return (held - before) / count


taken = None


def memory(mebibytes):
    """Memory that a fork would have to copy the tables of."""
    global taken
    if taken is not None:
        taken.close()
        taken = None
    size = int(mebibytes) << 20
    if size > 0:
        taken = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        taken.madvise(mmap.MADV_NOHUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            taken[at] = 1
    return int(mebibytes)


opened = []


def open_descriptors(count):
    for descriptor in opened:
        os.close(descriptor)
    opened.clear()
    for _ in range(int(count)):
        opened.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
    return len(opened)


def limit(how):
    _, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    now = highest if how == "highest" else int(how)
    resource.setrlimit(resource.RLIMIT_NOFILE, (now, max(now, highest)))
    return now


def peak(*request):
    """The peak of this process's memory while it does the request, over what it had before, in KiB."""
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = memory_of("VmRSS:")
    answer(request)
    return memory_of("VmHWM:") - before


REQUESTS = {"memory": memory, "open": open_descriptors, "limit": limit, "peak": peak, "input": input_of, "hold": hold, "spawn": spawn,
            "capture": capture, "stream": stream, "echo": echo, "ping": ping, "many": many, "alive": alive}


def answer(words):
    expect(words and words[0] in REQUESTS, f"no such request: {' '.join(words)}")
    return REQUESTS[words[0]](*words[1:])


def main():
    for request in sys.stdin:
        try:
            print(f"{answer(request.split()):.9g}", flush=True)
        except Unsupported:
            print("unsupported", flush=True)
        except Exception as wrong:
            print(f"wrong {wrong}", flush=True)


if __name__ == "__main__":
    main()
