#!/usr/bin/env python3
"""Whether a vcpkg manifest has the shape that vcpkg asks for, and names this version.

    check.py VCPKG_JSON VERSION
"""

import json
import re
import sys
from pathlib import Path

manifest = json.loads(Path(sys.argv[1]).read_text())
complaints = []


def expect(holds, complaint):
    if not holds:
        complaints.append(complaint)


KNOWN = ["name", "version", "port-version", "maintainers", "description", "homepage", "documentation", "license", "supports",
         "dependencies", "features", "default-features"]
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

expect(list(manifest) == [key for key in KNOWN if key in manifest], "keys that are unknown, or not in vcpkg's order")
for key in ("name", "version", "description", "license"):
    expect(isinstance(manifest.get(key), str) and manifest[key], f"no {key}")
expect(NAME.fullmatch(manifest["name"]), "the name")
expect(manifest["version"] == sys.argv[2], f"version {manifest['version']}, and this is {sys.argv[2]}")
names = []
for dependency in manifest["dependencies"]:
    entry = {"name": dependency} if isinstance(dependency, str) else dependency
    expect(set(entry) <= {"name", "host", "platform", "features", "default-features", "version>="}, f"keys of {entry}")
    expect(NAME.fullmatch(entry["name"]), f"the name of {entry}")
    names.append(entry["name"])
expect(names == sorted(names), "dependencies that are not in order")
# What the port's functions need of the host.
for tool in ("vcpkg-cmake-config", "vcpkg-tool-meson"):
    expect({"name": tool, "host": True} in manifest["dependencies"], f"no {tool} of the host")

for complaint in complaints:
    print("vcpkg.json:", complaint)
sys.exit(1 if complaints else 0)
