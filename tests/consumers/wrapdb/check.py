#!/usr/bin/env python3
"""What WrapDB's CI asks of a new entry, as far as that can be seen without it.

    check.py PROJECT RELEASES

PROJECT is a project folder with the entry filled in as subprojects/spawnpipe.wrap, configured in PROJECT/build; RELEASES is the part of
WrapDB's releases.json that is ours. What is wrong is printed, and makes the exit status 1.
"""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

NAME = "spawnpipe"
# A wrap is to have no opinion about these.
NOT_FOR_WRAPS = {"buildtype", "debug", "optimization", "prefer_static", "strip", "unity"}

project = Path(sys.argv[1])
releases = json.loads(Path(sys.argv[2]).read_text())
complaints = []


def expect(holds, complaint):
    if not holds:
        complaints.append(complaint)


def release():
    expect(list(releases) == [NAME], "releases.json has other names")
    expect(re.fullmatch(r"[a-z][a-z0-9._-]*", NAME), "the name")
    expect(set(releases[NAME]) <= {"versions", "dependency_names", "program_names"}, "releases.json has unknown keys")
    newest = releases[NAME]["versions"][0]
    expect(re.fullmatch(r"[a-z0-9._]+-[0-9]+", newest), f"the release {newest}")
    return newest.rsplit("-", 1)[0]


def wrap_file(version):
    text = (project / "subprojects" / f"{NAME}.wrap").read_text()
    expect("\t" not in text and "\r" not in text and "@" not in text, "tabs, CR, or parts that were not filled in")
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(text)
    expect(config.sections() == ["wrap-file", "provide"], f"sections {config.sections()}")
    source = config["wrap-file"]
    expect(set(source) == {"directory", "source_url", "source_filename", "source_hash"}, f"keys {set(source)}")
    for key in ("directory", "source_filename"):
        expect("/" not in source[key] and "\\" not in source[key], f"a path in {key}")
    expect(source["directory"] == f"{NAME}-{version}", "the directory is that of another version")
    expect(re.sub(r"(\.tar)?\.[a-z0-9]+$", "", source["source_filename"]) == source["directory"], "the archive's name")
    expect(version in source["source_url"], "the version is not in the address")
    expect(re.fullmatch(r"[0-9a-f]{64}", source["source_hash"]), "the hash")
    provided = [name.strip() for name in config["provide"]["dependency_names"].split(",")]
    expect(sorted(provided) == sorted(releases[NAME]["dependency_names"]), "other dependency_names than in releases.json")
    return project / "subprojects" / source["directory"]


def own_build_file(version, source):
    """The version and the options of the project itself, as Meson reads them."""
    for subproject in json.loads((project / "build/meson-info/intro-projectinfo.json").read_text())["subprojects"]:
        if subproject["name"] == NAME:
            expect(subproject["version"] == version, f"the project is version {subproject['version']}")
            break
    else:
        complaints.append("the subproject was not used")
    told = subprocess.run(["meson", "rewrite", "kwargs", "info", "project", "/"], cwd=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout
    found = told[told.index('{\n  "kwargs"'):]  # warnings may stand before it and behind it
    said = json.JSONDecoder().raw_decode(found)[0]["kwargs"]["project#/"]
    expect(isinstance(said.get("license"), str), "the license is not one string")
    options = {option.split("=")[0] for option in said.get("default_options", [])}
    expect(not options & NOT_FOR_WRAPS, f"default_options has {options & NOT_FOR_WRAPS}")


version = release()
own_build_file(version, wrap_file(version))
for complaint in complaints:
    print("WrapDB would not take it:", complaint)
sys.exit(1 if complaints else 0)
