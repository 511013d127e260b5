#!/usr/bin/env python3
"""Makes the table rule by back end of what the test programs wrote down, and the line of totals.

    report.py [--table FILE --table-from DIR... [--columns NAMES] [--require RULES]] [--verbs CHILD LOG]... DIR...

Each DIR holds the results of one build: a file NAME.tsv for each program (its rows are described in results.hpp), to which
tests/run adds a row "exit" with the status that the program ended with; or files NAME@1.tsv, NAME@2.tsv ... for its parts. Every DIR counts for the totals; the table is made of
those that --table-from names, with a column for each back end. --mechanisms names further columns, of what can hold trees
together: they are in a table of their own, beside the back ends and their usual mechanisms, with the rules that have a case there. Where two of them ran the same program on the same back end, the
first counts. --require takes rules and ranges, such as T,W,P1-P5: an empty cell of theirs is a failure. --verbs names the helper
program, and what runs it, and a log: a verb that no line of the log names is a failure.

The last line of the output is "N passed, N failed, N skipped"; the exit status is 0 where none failed.
"""

import argparse
import collections
import re
import shlex
import subprocess
import sys
from pathlib import Path

RULES = [f"{letter}{number}"
         for letter, last in (("T", 7), ("W", 10), ("R", 8), ("P", 10), ("G", 8), ("C", 5))
         for number in range(1, last + 1)]
FIELDS = ["kind", "program", "back_end", "name", "outcome", "reason", "assertions", "seconds"]


def read_rows(file):
    rows = []
    for line in file.read_text(errors="replace").splitlines():
        values = line.split("\t")
        rows.append(dict(zip(FIELDS, values + [""] * (len(FIELDS) - len(values)))))
    return rows


def read_build(folder):
    """The rows of each program in a build, by program."""
    return {file.stem: read_rows(file) for file in sorted(folder.glob("*.tsv"))}


def rules_of(case_name):
    return re.findall(r"\[([TWRPGC]\d+)\]", case_name)


def required_rules(text):
    rules = set()
    for part in filter(None, text.split(",")):
        if re.fullmatch(r"[A-Z]", part):
            chosen = [rule for rule in RULES if rule[0] == part]
        elif "-" in part:
            first, last = part.split("-")
            chosen = RULES[RULES.index(first):RULES.index(last) + 1]
        else:
            chosen = [part] if part in RULES else []
        if not chosen:
            sys.exit(f"report.py: no such rule: {part}")
        rules.update(chosen)
    return rules


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.skips = collections.Counter()

    def fail(self, text):
        self.failed += 1
        self.failures.append(text)


def count_program(where, rows, totals):
    """Counts the cases of one program, and what shows that it did not come to its end."""
    failed_before = totals.failed
    started = None
    for row in rows:
        if row["kind"] == "start":
            started = row["name"]
        elif row["kind"] == "case":
            started = None
            if row["outcome"] == "passed":
                totals.passed += 1
            elif row["outcome"] == "skipped":
                totals.skipped += 1
                totals.skips[f"{row['program']}: {row['name']}: {row['reason']}"] += 1
            else:
                totals.fail(f"{where}: {row['name']}: {row['reason']}")
    status = next((row["name"] for row in rows if row["kind"] == "exit"), "0")
    ended = any(row["kind"] == "end" for row in rows)
    if started is not None:
        totals.fail(f"{where}: {started}: the program ended in this case, with status {status}")
    elif (status != "0" or not ended) and totals.failed == failed_before:
        totals.fail(f"{where}: ended with status {status}" + ("" if ended else " before its last case"))


class Cell:
    """What the cases of one back end say about one rule."""

    def __init__(self):
        self.proved = self.failed = 0
        self.skips = []
        self.broken = []
        self.not_here = ""

    def text(self):
        if self.failed:
            return "FAILED"
        said = []
        if self.broken:
            said.append("broken: " + ", ".join(self.broken))
        if self.proved:
            said.append(f"the rest proved ({self.proved})" if self.broken else f"proved ({self.proved})")
        if self.skips:
            said.append("skipped: " + ", ".join(dict.fromkeys(self.skips)))
        return "; ".join(said) or self.not_here


def make_table(programs, columns, totals):
    cells = {(rule, back_end): Cell() for rule in RULES for back_end in columns}
    stale = []
    counted = {}
    declared = collections.defaultdict(list)  # what each part of a program says of what is declared as broken
    for (folder, part), rows in programs.items():
        program = part.split("@")[0]
        whole = any(row["kind"] == "end" for row in rows)
        seen_broken = set()
        for row in rows:
            back_end = row["back_end"]
            if back_end not in columns or counted.setdefault((program, back_end), folder) != folder:
                continue
            if row["kind"] == "start":
                seen_broken = set()
            elif row["kind"] == "observed":
                seen_broken.add(row["name"].split("/")[0])
            elif row["kind"] == "case":
                for rule in rules_of(row["name"]):
                    cell = cells.get((rule, back_end))
                    if cell is None:
                        totals.fail(f"{program}: {row['name']}: there is no rule {rule}")
                    elif row["outcome"] == "passed":
                        cell.proved += rule not in seen_broken
                    elif row["outcome"] == "skipped":
                        cell.skips.append(row["reason"])
                    else:
                        cell.failed += 1
            elif row["kind"] == "broken":
                broken = cells[row["name"].split("/")[0], back_end].broken
                broken += [row["reason"]] if row["reason"] not in broken else []
                declared[program, row["name"]].append(row["outcome"] if whole else "ended early")
            elif row["kind"] == "not-here":
                cells[row["name"], back_end].not_here = row["reason"]
    for (program, rule), outcomes in declared.items():
        if set(outcomes) == {"unobserved"}:
            stale.append(f"{program}: {rule} is declared as broken, and no case looks at it")
    for (rule, back_end), cell in cells.items():
        if cell.not_here and (cell.proved or cell.failed):
            stale.append(f"{rule} is declared as \"{cell.not_here}\" on {back_end}, and a case there is about it")
    for text in stale:
        totals.fail(text)
    return cells


USUAL_MECHANISMS = {"linux": "process_group", "portable": "process_group", "windows": "job"}


def table_text(cells, columns, headings=None, rules=RULES):
    lines = [["rule", *(headings or columns)]]
    lines += [[rule, *(cells[rule, back_end].text().replace("|", "\\|") for back_end in columns)] for rule in rules]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines) + "\n"


def unused_verbs(child, log):
    known = subprocess.run([*shlex.split(child), "verbs"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=30)
    used = set(log.read_text().split()) if log.exists() else set()
    return [verb for verb in known.stdout.split() if verb not in used]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("builds", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--table-from", type=Path, action="append")
    parser.add_argument("--columns", default="portable,simulated")
    parser.add_argument("--mechanisms", default="")
    parser.add_argument("--require", default="")
    parser.add_argument("--verbs", nargs=2, action="append", default=[], metavar=("CHILD", "LOG"))
    options = parser.parse_args()

    totals = Totals()
    for folder in options.builds:
        programs = read_build(folder)
        if not programs:
            totals.fail(f"{folder}: no program ran")
        for program, rows in programs.items():
            count_program(f"{folder}: {program}", rows, totals)

    if options.table_from:
        columns = options.columns.split(",")
        programs = {(folder, program): rows for folder in options.table_from
                    for program, rows in read_build(folder).items()}
        mechanisms = [name for name in options.mechanisms.split(",") if name]
        cells = make_table(programs, columns + mechanisms, totals)
        required = required_rules(options.require)
        for (rule, back_end), cell in cells.items():
            if rule in required and back_end in columns and not cell.text():
                totals.fail(f"{rule} is not proved on the {back_end} back end")
        text = table_text(cells, columns)
        shown = [rule for rule in RULES if any(cells[rule, name].text() for name in mechanisms)]
        if shown:
            usual = [name for name in columns if name in USUAL_MECHANISMS]
            headings = [f"{name}: {USUAL_MECHANISMS[name]}" for name in usual] + [f"linux: {name}" for name in mechanisms]
            text += "\n" + table_text(cells, usual + mechanisms, headings, shown)
        print(text)
        if options.table:
            options.table.write_text(text)

    for child, log in options.verbs:
        for verb in unused_verbs(child, Path(log)):
            totals.fail(f"no case used the helper's verb \"{verb}\"")

    skips = [text if count == 1 else f"{text} ({count} times)" for text, count in totals.skips.items()]
    for heading, lines in (("Skipped", skips), ("FAILED", totals.failures)):
        if lines:
            print(f"{heading}:")
            print("".join(f"  {line}\n" for line in lines))
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
