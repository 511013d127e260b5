#!/usr/bin/env python3
"""Holds the code in README.md and in the guide (lib/manual/*.md) to the programs in examples/guide.

    guide.py [--write] [--programs DIR --results FILE]

A block of C++ in a page stands below a comment that names its program, and a region of it where it has several:

    <!-- examples/guide/talk.cpp: talk -->

A region is what stands between two lines "//! [talk]" of the program, without its indentation. A block that differs is an error; with
--write the page is mended. A block below "<!-- theirs -->" is of another library, and is let alone. What a program prints, both
of its streams together, is in a block of text below

    <!-- talk prints -->    or    <!-- PATH=/nowhere run prints, and exits with 1 -->

With --programs each program is run, in a folder of its own, bounded in time; it must exit with 0, and print what the pages say.
--results takes a row for each page and program, as results.hpp describes them.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SNIPPETS = TOP / "examples" / "guide"
SECONDS = 60
BLOCK = re.compile(r"^(?:<!-- (?P<of>[^\n]*) -->\n+)?```(?P<kind>cpp|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTS = re.compile(r"(?P<environment>(?:\w+=\S* )*)(?P<program>[\w/]+) prints(?:, and exits with (?P<status>\d+))?")


def region(program, name):
    """The lines of a region, or None."""
    lines = program.read_text().splitlines()
    marks = [number for number, line in enumerate(lines) if line.strip() == f"//! [{name}]"]
    if len(marks) != 2:
        return None
    return textwrap.dedent("\n".join(lines[marks[0] + 1:marks[1]])).strip("\n") + "\n"


def look_at(page, write, shown, runs):
    """What is wrong with a page. Collects the regions that it shows, and the runs whose output it gives."""
    wrong = []

    def one(match):
        of, text = match["of"] or "", match["text"]
        line = page.read_text().count("\n", 0, match.start()) + 1
        if match["kind"] == "text":
            prints = PRINTS.fullmatch(of)
            if prints:
                runs.append((prints["program"], prints["environment"].split(), int(prints["status"] or 0), text))
            elif of.endswith("prints"):
                wrong.append(f"line {line}: what is \"{of}\"?")
            return match[0]
        if of == "theirs":
            return match[0]
        file, _, name = of.partition(": ")
        program = TOP / file
        have = region(program, name) if program.suffix == ".cpp" and program.is_file() else None
        if have is None:
            wrong.append(f"line {line}: \"{of}\" names no region of a program")
            return match[0]
        shown.add((file, name))
        if have != text and not write:
            wrong.append(f"line {line}: differs from {of}")
        return match[0][:match.start("text") - match.start()] + have + "```"

    mended = BLOCK.sub(one, page.read_text())
    if write:
        page.write_text(mended)
    return wrong


def not_shown(program, shown):
    """The regions of a program that no page shows."""
    names = set(re.findall(r"//! \[(\w+)\]", program.read_text()))
    file = program.relative_to(TOP).as_posix()
    return sorted(name for name in names if (file, name) not in shown) or ([] if names else ["a region"])


def run(executable, environment, status, expected):
    """What is wrong with a run."""
    repository = subprocess.run(["git", "rev-parse", "--absolute-git-dir"], cwd=TOP, capture_output=True, text=True, check=False).stdout.strip()
    variables = dict(os.environ, LC_ALL="C", **({"GIT_DIR": repository} if repository else {}))
    variables.update(setting.split("=", 1) for setting in environment)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "names").write_text("pear\napple\n")
        try:
            done = subprocess.run([executable], cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"ran for more than {SECONDS} s"
    if done.returncode != status:
        return f"ended with {done.returncode}: {done.stdout!r}"
    if expected is not None and done.stdout != expected:
        return f"printed {done.stdout!r}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--programs", type=Path, metavar="DIR")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()

    rows, failures = [], []

    def note(name, wrong, skipped=False):
        outcome = "skipped" if skipped else "failed" if wrong else "passed"
        rows.append("\t".join(["case", "guide", "", name, outcome, wrong.replace("\n", " ").replace("\t", " "), "1", "0"]))
        if outcome != "passed":
            print(f"{name}: {outcome}: {wrong}")
        if outcome == "failed":
            failures.append(name)

    shown, runs = set(), []
    for page in [TOP / "README.md", *sorted((TOP / "lib" / "manual").glob("*.md"))]:
        note(page.relative_to(TOP).as_posix(), "; ".join(look_at(page, options.write, shown, runs)))
    programs = {file.relative_to(SNIPPETS).with_suffix("").as_posix(): file for file in sorted(SNIPPETS.rglob("*.cpp"))}
    for name, file in programs.items():
        note(f"{name} is shown", ", ".join(not_shown(file, shown)))
    for name, *_ in runs:
        if name not in programs:
            note(f"output of {name}", "there is no such program")

    if options.programs:
        for name in programs:
            executable = (options.programs / name).resolve()
            # What every system has must be there. What stands in posix/ may want a framework.
            if not executable.is_file() and "/" in name:
                note(name, "not built: what it needs is not installed", skipped=True)
                continue
            if not executable.is_file():
                note(name, "not built")
                continue
            for environment, status, expected in [said[1:] for said in runs if said[0] == name] or [([], 0, None)]:
                note(" ".join([*environment, name]), run(executable, environment, status, expected))

    if options.results:
        options.results.write_text("\n".join([*rows, "end\tguide"]) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
