#!/usr/bin/env python3
"""Asks each library for each case of the switch list, and prints a table: case by library.

    run_list.py [--only 1,5,8] [--markdown FILE] [--failures FILE] NAME=PROGRAM...

A case is a process of its own, bounded in time. What does not pass is asked a second time; where the two answers differ, both are
shown. Case 19 takes two minutes, and is asked of all libraries at once, beside the others. Whatever a case has left running is known by
a variable in its environment, and ended. With --failures, what the library NAME=spawnpipe did not pass is written there, a case in a line; a peer's failure is no
failure of this program.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

OURS = "spawnpipe"
LONG_CASE = 19
BOUND = 30  # seconds
LONG_BOUND = 150
MARK = "SPAWNPIPE_SWITCH_CASE"
CASES = [
    "a child fills a pipe while the parent waits",
    "feeding stdin while children are piped together",
    "a child that answers, and never ends its output",
    "a grandchild holds stdout",
    "the timeout fires, and the call ends",
    "wait ends on exit, not on end of output",
    "an asynchronous wait tells the exit at once",
    "no copy of a pipe's end in a later child",
    "kill the whole tree",
    "no handles leak between concurrent spawns",
    "the host's SIGCHLD stays the host's",
    "kill after reap hits no stranger",
    "terminate and wait race",
    "the child dies with the parent",
    "graceful, then forced, then all are gone",
    "arguments arrive as they are",
    "a script's arguments are no commands",
    "asking an exited child leaves nothing",
    "a drain outlasts two minutes",
    "spawn cost with 512 MiB resident",
    "a timed wait does not poll",
    "stderr into stdout, in order",
    "a terminal for the child",
    "run, with a timeout, and the output",
    "nothing before main",
]


def end_what_is_left(mark):
    """Ends the processes that have the mark in their environment. They are ours: no other has it."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            pass  # it has gone, or is another user's


def ask_once(program, number):
    mark = uuid.uuid4().hex
    bound = LONG_BOUND if number == LONG_CASE else BOUND
    child = subprocess.Popen([program, str(number)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, **{MARK: mark}), text=True, start_new_session=True)
    watch = threading.Timer(bound, child.kill)
    watch.start()
    # One line: somebody whom it has started may hold the pipe.
    said = child.stdout.readline().strip()
    child.wait()
    in_time = watch.is_alive()
    watch.cancel()
    end_what_is_left(mark)
    child.stdout.close()
    if said:
        return said
    return f"fail: the program ended with {child.returncode}" if in_time else "hang"


def ask(program, number):
    first = ask_once(program, number)
    if not first.startswith(("fail", "hang")):
        return first
    second = ask_once(program, number)
    return first if first == second else f"{first}; then {second}"


class Library:
    def __init__(self, name, program):
        self.name = name
        self.program = program
        self.version = subprocess.run([program, "version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        self.answers = {}

    def ask(self, number):
        self.answers[number] = ask(self.program, number)


def kind(answer):
    return answer.split(":")[0] if ";" not in answer else "differs"


def table(libraries, numbers):
    """In Markdown; what an answer says beside its kind is a numbered note."""
    notes = []

    def cell(answer):
        if answer == "pass" or answer == "hang":
            return answer
        if answer not in notes:
            notes.append(answer)
        return f"{kind(answer)} [{notes.index(answer) + 1}]"

    lines = ["| | case | " + " | ".join(each.name for each in libraries) + " |", "|---" * (len(libraries) + 2) + "|"]
    for number in numbers:
        cells = [cell(each.answers[number]) for each in libraries]
        lines.append(f"| {number} | {CASES[number - 1]} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"[{index}] {text}  " for index, text in enumerate(notes, 1)]
    lines.append("")
    lines += [f"{each.name}: {each.version}  " for each in libraries]
    return "\n".join(lines) + "\n"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="")
    options.add_argument("--markdown")
    options.add_argument("--failures")
    options.add_argument("libraries", nargs="+", metavar="NAME=PROGRAM")
    given = options.parse_args()
    numbers = [int(each) for each in given.only.split(",") if each] or list(range(1, len(CASES) + 1))
    libraries = [Library(*each.split("=", 1)) for each in given.libraries]
    long_ones = [threading.Thread(target=each.ask, args=[LONG_CASE]) for each in libraries if LONG_CASE in numbers]
    for each in long_ones:
        each.start()
    for number in numbers:
        for each in libraries:
            if number != LONG_CASE:
                each.ask(number)
                print(f"{number:2} {each.name}: {each.answers[number]}", flush=True)
    for each in long_ones:
        each.join()
    text = table(libraries, numbers)
    print()
    print(text, end="")
    if given.markdown:
        Path(given.markdown).write_text(text)
    if given.failures:
        wrong = [f"{number} {CASES[number - 1]}: {each.answers[number]}\n" for each in libraries if each.name == OURS
                 for number in numbers if kind(each.answers[number]) not in ("pass", "by hand", "cannot")]
        Path(given.failures).write_text("".join(wrong))


if __name__ == "__main__":
    sys.exit(main())
