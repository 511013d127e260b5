#!/usr/bin/env python3
"""Runs the workloads on every subject, in turn, and prints one table.

    compare.py [--quick] [--json FILE] [--only W1,W3] [--repeats N] NAME=COMMAND...

Each subject is a program that stays alive and answers requests (driver.hpp). In each round every subject is asked once, so that all meet
the same of what else the machine is doing; the median of the rounds counts. "raw" must be among the subjects; ratios are to the
baseline that a workload names. --quick takes fewer rounds and smaller sizes, and ends within a minute.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

OURS = "spawnpipe"


@dataclass
class Workload:
    name: str             # "W4 4 KiB"
    unit: str
    request: str          # with {n} for the count or size
    size: int             # of a full run
    quick: int            # of a quick one; 0 leaves it out
    baseline: str = "raw"  # or another workload's name: the same subject's figure there
    goal: str = ""        # "<= 0.95", as a ratio to the baseline
    before: list = field(default_factory=list)  # requests around it
    after: list = field(default_factory=list)


MIB = 1 << 20
WORKLOADS = [
    Workload("W1", "us", "spawn {n}", 20, 10, goal="<= 0.95"),
    Workload("W2 1 GiB", "us", "spawn {n}", 20, 0, "W1", "<= 1.10", ["memory 1024"], ["memory 0"]),
    Workload("W2 8 GiB", "us", "spawn {n}", 20, 0, "W1", "<= 1.10", ["memory 8192"], ["memory 0"]),
    Workload("W3", "us", "capture {n}", 20, 10, goal="<= 0.97"),
    Workload("W4 64 KiB", "GB/s", "stream {n} 65536", 2048 * MIB, 256 * MIB, "raw 256K", ">= 0.95"),
    Workload("W4 4 KiB", "GB/s", "stream {n} 4096", 1024 * MIB, 128 * MIB, "raw 256K", ">= 0.90"),
    Workload("W5", "GB/s", "echo {n}", 256 * MIB, 128 * MIB, "raw 256K", ">= 0.90"),
    Workload("W6", "us", "ping {n}", 20000, 4000, goal="<= 1.12"),
    Workload("W7", "1/s", "many {n} 64", 2000, 300, goal=">= 1.05"),
    Workload("W7 1,000 alive", "us", "alive 1000 {n}", 200, 0, goal="<= 1.30", before=["limit highest"]),
    Workload("W7 5,000 alive", "us", "alive 5000 {n}", 200, 0, "W7 1,000 alive", "<= 1.20", before=["limit highest"]),
    Workload("W8 limit", "us", "spawn {n}", 20, 10, "W1", "<= 1.10", ["limit highest"]),
    Workload("W8 10,000 open", "us", "spawn {n}", 20, 10, "W1", "<= 1.50", ["limit highest", "open 10000"], ["open 0"]),
    Workload("W8 10,000 open, captured", "us", "capture {n}", 20, 10, "W3", "<= 1.50",
             ["limit highest", "open 10000"], ["open 0"]),
]


class Subject:
    def __init__(self, name, command):
        self.name = name
        self.program = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request):
        """The figure; None where it cannot do that; a string says what was wrong."""
        try:
            self.program.stdin.write(request + "\n")
            self.program.stdin.flush()
            answer = self.program.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if answer == "unsupported":
            return None
        try:
            return float(answer)
        except ValueError:
            return answer or "wrong the program ended"

    def end(self):
        self.program.stdin.close()
        try:
            self.program.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.program.kill()


def measure(workload, subjects, repeats, quick):
    """Figures by subject; and what went wrong, by subject."""
    figures = {each.name: [] for each in subjects}
    wrong = {}
    request = workload.request.format(n=workload.quick if quick else workload.size)
    for turn in range(repeats + 1):
        ordered = subjects if turn % 2 == 0 else subjects[::-1]
        for each in ordered:
            if each.name in wrong:
                continue
            figure = next((said for said in map(each.ask, workload.before) if not isinstance(said, float)), None)
            if figure is None:
                figure = each.ask(request)
                for said in map(each.ask, workload.after):
                    if not isinstance(said, float):
                        figure = said
            if not isinstance(figure, float):
                wrong[each.name] = figure or "unsupported"
            elif turn > 0:  # the first is not counted
                figures[each.name].append(figure)
    return {name: statistics.median(values) for name, values in figures.items() if values and name not in wrong}, wrong


def met(ratio, goal):
    kind, bound = goal.split()
    return ratio <= float(bound) if kind == "<=" else ratio >= float(bound)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json")
    options.add_argument("--only", default="")
    options.add_argument("--repeats", type=int)
    options.add_argument("subjects", nargs="+", metavar="NAME=COMMAND")
    given = options.parse_args()
    subjects = [Subject(*each.split("=", 1)) for each in given.subjects]
    names = [each.name for each in subjects]
    repeats = given.repeats or (3 if given.quick else 9)
    chosen = [part for part in given.only.split(",") if part]
    rows = []
    table = {}
    failed = False
    print(f"{'':26} {'':5} " + " ".join(f"{name:>12}" for name in names) + "   ratio  goal")
    for workload in WORKLOADS:
        if given.quick and workload.quick == 0 or chosen and workload.name.split()[0] not in chosen:
            continue
        figures, wrong = measure(workload, subjects, repeats, given.quick)
        table[workload.name] = figures
        cells = [f"{figures[name]:12.2f}" if name in figures else f"{'-':>12}" for name in names]
        of_ours = figures.get(OURS)
        base = figures.get(workload.baseline) if workload.baseline in names else table.get(workload.baseline, {}).get(OURS)
        ratio = of_ours / base if of_ours and base else None
        verdict = "" if ratio is None else f"{ratio:8.2f}  {workload.goal} {'met' if met(ratio, workload.goal) else 'MISSED'}"
        print(f"{workload.name:26} {workload.unit:5} " + " ".join(cells) + verdict, flush=True)
        for name, what in wrong.items():
            if what != "unsupported":
                failed = True
                print(f"    {name}: {what}")
        for name, value in figures.items():
            # The same subject's own figure, where that is what it is compared with.
            baseline = figures.get(workload.baseline) if workload.baseline in names else \
                table.get(workload.baseline, {}).get(name)
            rows.append({"workload": workload.name, "subject": name, "value": value, "unit": workload.unit,
                         "ratio_to_raw": value / baseline if baseline else None})
    for each in subjects:
        each.end()
    if given.json:
        with open(given.json, "w") as file:
            json.dump(rows, file, indent=1)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
