#!/usr/bin/env python3
"""Whether a subproject gave its consumer the library, and nothing else.

    no_leaks.py BUILD_FOLDER static|shared

BUILD_FOLDER is that of the project in tests/consumers/meson, with spawnpipe as a subproject. Each thing that should not be so is
printed, and makes the exit status 1.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

build, kind = Path(sys.argv[1]), sys.argv[2]
complaints = []


def introspect(what):
    return json.loads((build / "meson-info" / f"intro-{what}.json").read_text())


def of_spawnpipe(path):
    return "/subprojects/spawnpipe" in str(path)


def expect(holds, complaint):
    if not holds:
        complaints.append(complaint)


def targets():
    ours = [target for target in introspect("targets") if of_spawnpipe(target["defined_in"])]
    expect([(target["name"], target["type"]) for target in ours] == [("spawnpipe", f"{kind} library")],
           f"the subproject builds {[(target['name'], target['type']) for target in ours]}")


def what_is_run_and_installed():
    expect([test["name"] for test in introspect("tests")] == ["consumer"], "tests that are not the consumer's")
    expect(introspect("benchmarks") == [], "benchmarks")
    for path in introspect("installed").values():
        expect(re.search(r"consumer|plugin", Path(path).name), f"installs {path}")


def arguments():
    """Warnings are errors for the consumer and not for the library; what is the library's own stays there."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        if "subprojects/" in entry["file"]:
            expect("-Werror" not in words, f"-Werror for {entry['file']}")
            continue
        expect("-Werror" in words, f"no -Werror for {entry['file']}")
        definitions = {word for word in words if word.startswith("-DSPAWNPIPE")}
        expected = {"-DSPAWNPIPE_STATIC"} if kind == "static" else set()
        expect(definitions == expected, f"{entry['file']} is compiled with {definitions}")


def plugin():
    """Linked statically, the library is not exported by what it is linked into."""
    module = next(target for target in introspect("targets") if target["name"] == "plugin")["filename"][0]
    if kind != "static" or not module.endswith(".so"):
        return
    symbols = subprocess.run(["nm", "-D", "--defined-only", module], check=True, capture_output=True, text=True).stdout
    # What the compiler makes of headers (templates, inline functions, type information of std, which link-time optimization shows as data) is
    # as visible as the consumer wants it.
    strong = [line.split()[-1] for line in symbols.splitlines() if line.split()[-2] in "TDBR"]
    strong = [name for name in strong if not re.match(r"_ZT[ISV]St", name)]
    expect(strong == ["plugin_run"], f"the plug-in exports {strong}")


targets()
what_is_run_and_installed()
arguments()
plugin()
for complaint in complaints:
    print("A consumer gets more than the library:", complaint)
sys.exit(1 if complaints else 0)
