#!/usr/bin/env python3
"""Runs the workloads on every subject, in turn, and prints one table.

    compare.py [--quick] [--json FILE] [--markdown FILE] [--only W1,W3] [--repeats N] [--library FILE] [--include FOLDER] NAME=COMMAND...

Each subject is a program that stays alive and answers requests (driver.hpp). In each round every subject is asked once, so that all meet
the same of what else the machine is doing; the median of the rounds counts. "raw" must be among the subjects; ratios are to the
baseline that a workload names, or none where the goal is a figure in itself. --quick takes fewer rounds and smaller sizes, and ends
within a minute.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

import footprint

OURS = "spawnpipe"


@dataclass
class Workload:
    name: str             # "W4 4 KiB"
    unit: str
    request: str          # with {n} for the count or size
    size: int             # of a full run
    quick: int            # of a quick one; 0 leaves it out
    baseline: str = "raw"  # or another workload's name: the same subject's figure there; empty: the figure itself counts
    goal: str = ""        # "<= 0.95", as a ratio to the baseline
    before: list = field(default_factory=list)  # requests around it
    after: list = field(default_factory=list)
    fresh: bool = False   # by a new process each time: one that has done something before has memory left from it


MIB = 1 << 20
WORKLOADS = [
    Workload("W1", "us", "spawn {n}", 20, 10, goal="<= 0.95"),
    Workload("W2 1 GiB", "us", "spawn {n}", 20, 0, "W1", "<= 1.10", ["memory 1024"], ["memory 0"]),
    Workload("W2 8 GiB", "us", "spawn {n}", 20, 0, "W1", "<= 1.10", ["memory 8192"], ["memory 0"]),
    Workload("W3", "us", "capture {n}", 20, 10, goal="<= 0.97"),
    Workload("W4 64 KiB", "GB/s", "stream {n} 65536", 2048 * MIB, 256 * MIB, "raw 256K", ">= 0.95"),
    Workload("W4 4 KiB", "GB/s", "stream {n} 4096", 1024 * MIB, 128 * MIB, "raw 256K", ">= 0.90"),
    Workload("W4 64 KiB memory", "KiB", "peak stream {n} 65536", 1024 * MIB, 128 * MIB, "", "<= 1000",
             ["capture 1"], fresh=True),
    Workload("W5", "GB/s", "echo {n}", 256 * MIB, 128 * MIB, "raw 256K", ">= 0.90"),
    Workload("W5 memory", "KiB", "peak echo {n}", 256 * MIB, 128 * MIB, "", "<= 1000", ["capture 1", "input {n}"], fresh=True),
    Workload("W6", "us", "ping {n}", 20000, 4000, goal="<= 1.12"),
    Workload("W7", "1/s", "many {n} 64", 2000, 300, goal=">= 1.05"),
    Workload("W7 1,000 alive", "us", "alive 1000 {n}", 200, 0, goal="<= 1.30", before=["limit highest"]),
    Workload("W7 5,000 alive", "us", "alive 5000 {n}", 200, 0, "W7 1,000 alive", "<= 1.20", before=["limit highest"]),
    Workload("W8 limit", "us", "spawn {n}", 20, 10, "W1", "<= 1.10", ["limit highest"]),
    Workload("W8 10,000 open", "us", "spawn {n}", 20, 10, "W1", "<= 1.50", ["limit highest", "open 10000"], ["open 0"]),
    Workload("W8 10,000 open, captured", "us", "capture {n}", 20, 10, "W3", "<= 1.50",
             ["limit highest", "open 10000"], ["open 0"]),
    Workload("W9 memory for a child", "KiB", "hold {n}", 500, 0, "", "<= 16", ["capture 1"], fresh=True),
]


class Subject:
    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.program = None

    def ask(self, request):
        """The figure; None where it cannot do that; a string says what was wrong."""
        if self.program is None:
            self.program = subprocess.Popen(shlex.split(self.command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            text=True)
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
        if self.program is None:
            return
        self.program.stdin.close()
        try:
            self.program.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.program.kill()
        self.program = None

    def measure(self, workload, size):
        """As ask(), with the requests around it."""
        if workload.fresh:
            self.end()
        for request in workload.before:
            said = self.ask(request.format(n=size))
            if not isinstance(said, float):
                return said
        figure = self.ask(workload.request.format(n=size))
        for request in workload.after:
            said = self.ask(request.format(n=size))
            if not isinstance(said, float):
                return said
        if workload.fresh:
            self.end()
        return figure


def measure(workload, subjects, repeats, quick):
    """Figures by subject; and what went wrong, by subject."""
    figures = {each.name: [] for each in subjects}
    wrong = {}
    size = workload.quick if quick else workload.size
    for turn in range(repeats + 1):
        ordered = subjects if turn % 2 == 0 else subjects[::-1]
        for each in ordered:
            if each.name in wrong:
                continue
            figure = each.measure(workload, size)
            if not isinstance(figure, float):
                wrong[each.name] = figure or "unsupported"
            elif turn > 0:  # the first is not counted
                figures[each.name].append(figure)
    return {name: statistics.median(values) for name, values in figures.items() if values and name not in wrong}, wrong


def written(figure):
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def met(figure, goal):
    kind, bound = goal.split()
    return figure <= float(bound) if kind == "<=" else figure >= float(bound)


class Table:
    """Prints the rows as they come, and keeps them."""

    def __init__(self, names):
        self.names = names
        self.figures = {}  # by workload, by subject
        self.rows = []
        self.lines = []  # for markdown()
        print(f"{'':26} {'':5} " + " ".join(f"{name:>12}" for name in names) + "   ratio  goal")

    def add(self, name, unit, baseline, goal, figures):
        self.figures[name] = figures
        cells = [f"{figures[each]:12.2f}" if each in figures else f"{'-':>12}" for each in self.names]
        verdict = ""
        compared = None
        if OURS in figures:
            compared = self.ratio(figures, OURS, baseline) if baseline else figures[OURS]
            if compared is not None and goal:
                shown = f"{compared:8.2f}" if baseline else f"{'':8}"
                verdict = f"{shown}  {goal} {'met' if met(compared, goal) else 'MISSED'}"
        print(f"{name:26} {unit:5} " + " ".join(cells) + verdict, flush=True)
        self.lines.append((name, unit, figures, compared if baseline else None, goal, not goal or compared is None or met(compared, goal)))
        for subject, value in figures.items():
            self.rows.append({"workload": name, "subject": subject, "value": value, "unit": unit,
                              "ratio_to_raw": self.ratio(figures, subject, "raw")})
            if baseline not in ("", "raw"):
                self.rows[-1].update(ratio=self.ratio(figures, subject, baseline), baseline=baseline)

    def markdown(self):
        """The table for a manual. The best of the libraries is bold, and so is one that is as good as to a hundredth."""
        heads = ["", "", *self.names, "ratio", "goal"]
        table = ["| " + " | ".join(heads) + " |", "|---|---|" + "---:|" * (len(heads) - 3) + "---|"]
        for name, unit, figures, ratio, goal, reached in self.lines:
            libraries = {each: value for each, value in figures.items() if not each.startswith("raw")}
            most = unit.endswith("/s")
            best = (max if most else min)(libraries.values(), default=0)
            cells = []
            for each in self.names:
                if each not in figures:
                    cells.append("")
                    continue
                text = written(figures[each])
                near = figures[each] >= 0.99 * best if most else figures[each] <= 1.01 * best
                cells.append(f"**{text}**" if each in libraries and len(libraries) > 1 and near else text)
            said = goal.replace("<= ", "≤ ").replace(">= ", "≥ ") + ("" if reached else ", missed")
            table.append(f"| {name} | {unit} | " + " | ".join(cells) + f" | {'' if ratio is None else f'{ratio:.2f}'} | {said} |")
        return "\n".join(table) + "\n"

    def ratio(self, figures, subject, baseline):
        """To the baseline: a subject's figure here, or this subject's figure of another workload."""
        base = figures.get(baseline) if baseline in self.names else self.figures.get(baseline, {}).get(subject)
        return figures[subject] / base if base else None


def add_footprint(table, subjects, given, repeats):
    calls = {each.name: count for each in subjects if (count := footprint.calls_of(each.command)) is not None}
    # Of all peers only one that leaves most of the work out makes fewer.
    table.add("W9 calls", "", "", "<= 27", calls)
    if given.library:
        table.add("W9 size", "kB", "", "<= 200", {OURS: footprint.stripped_size(given.library)})
    if given.include:
        table.add("W9 header", "s", "", "<= 0.5", {OURS: footprint.header_seconds(given.include, repeats)})


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json")
    options.add_argument("--markdown")
    options.add_argument("--only", default="")
    options.add_argument("--repeats", type=int)
    options.add_argument("--library")
    options.add_argument("--include")
    options.add_argument("subjects", nargs="+", metavar="NAME=COMMAND")
    given = options.parse_args()
    subjects = [Subject(*each.split("=", 1)) for each in given.subjects]
    repeats = given.repeats or (3 if given.quick else 9)
    chosen = [part for part in given.only.split(",") if part]
    table = Table([each.name for each in subjects])
    failed = False
    for workload in WORKLOADS:
        if given.quick and workload.quick == 0 or chosen and workload.name.split()[0] not in chosen:
            continue
        figures, wrong = measure(workload, subjects, repeats, given.quick)
        table.add(workload.name, workload.unit, workload.baseline, workload.goal, figures)
        for name, what in wrong.items():
            if what != "unsupported":
                failed = True
                print(f"    {name}: {what}")
    if not chosen or "W9" in chosen:
        add_footprint(table, subjects, given, 3)
    for each in subjects:
        each.end()
    if given.json:
        with open(given.json, "w") as file:
            json.dump(table.rows, file, indent=1)
    if given.markdown:
        with open(given.markdown, "w", encoding="utf-8") as file:
            file.write(table.markdown())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
