"""What the library costs beside time (W9): system calls, size, and the time to compile its header."""

import os
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time


def calls_of(command):
    """System calls of the main thread for one spawn with capture; None where that cannot be seen."""
    if shutil.which("strace") is None:
        return None
    counts = []
    for captures in (10, 110):
        with tempfile.NamedTemporaryFile("r") as log:
            done = subprocess.run(["strace", "-o", log.name] + shlex.split(command), input=f"capture {captures}\n",
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120, check=False)
            try:
                float(done.stdout)
            except ValueError:
                return None
            counts.append(sum(1 for line in log if "(" in line and not line.startswith(("+++", "---"))))
    return (counts[1] - counts[0]) / 100


def stripped_size(archive):
    """Of all that is in the static library, linked as a shared one, in kB (1000 bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        shared = os.path.join(folder, "all.so")
        subprocess.run(["g++", "-shared", "-s", "-o", shared, "-Wl,--whole-archive", archive, "-Wl,--no-whole-archive"], check=True)
        return os.path.getsize(shared) / 1000


def header_seconds(include, repeats):
    """To compile a file that includes the umbrella header and does nothing."""
    def once():
        began = time.monotonic()
        subprocess.run(["g++", "-std=c++20", "-O2", "-I", include, "-x", "c++", "-c", "-o", os.devnull, "-"],
                       input="#include <spawnpipe/spawnpipe.hpp>\n", text=True, check=True)
        return time.monotonic() - began
    return statistics.median(once() for _ in range(repeats))
