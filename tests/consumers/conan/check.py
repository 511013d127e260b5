#!/usr/bin/env python3
"""Runs the methods of the Conan recipe with stand-ins for Conan, for each system and kind of library.

    check.py VERSION

The stand-ins note what the recipe asks for; it is compared with what the project has: options of Meson, the library's name, what it links
with, and the names of the CMake package. What is wrong is printed, and makes the exit status 1.
"""

import importlib.util
import re
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
complaints = []
calls = []


def expect(holds, complaint):
    if not holds:
        complaints.append(complaint)


class Settings(str):
    """"Linux": equal to its name, with the same for everything below it."""

    def __getattr__(self, name):
        return self


class Noting:
    """A tool of Conan: what is called of it is noted, what is set in it is kept."""

    def __init__(self, *_):
        self.project_options = {}
        self.properties = {}
        self.libs, self.defines, self.system_libs = [], [], []
        calls.append(self)

    def set_property(self, name, value):
        self.properties[name] = value

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: calls.append((type(self).__name__, name))


def tool(name):
    return type(name, (Noting,), {})


def stand_in_for_conan():
    def module(name, **content):
        made = types.ModuleType(name)
        vars(made).update(content)
        sys.modules[name] = made

    def note(name):
        return lambda *arguments, **named: calls.append((name, arguments[1:], named))

    module("conan", ConanFile=type("ConanFile", (), {}))
    module("conan.tools")
    module("conan.tools.build", check_min_cppstd=note("check_min_cppstd"), can_run=lambda _: True)
    module("conan.tools.files", **{name: note(name) for name in ("copy", "get", "rm", "rmdir")})
    module("conan.tools.gnu", PkgConfigDeps=tool("PkgConfigDeps"))
    module("conan.tools.layout", basic_layout=note("basic_layout"))
    module("conan.tools.meson", Meson=tool("Meson"), MesonToolchain=tool("MesonToolchain"))
    module("conan.tools.cmake", CMake=tool("CMake"), cmake_layout=note("cmake_layout"))


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def recipe_for(kind, system, shared, version):
    calls.clear()
    recipe = kind()
    recipe.settings = Settings(system)
    recipe.options = types.SimpleNamespace(shared=shared, fPIC=True)
    recipe.conf = types.SimpleNamespace(get=lambda *_, **__: None)
    recipe.version = version
    recipe.conan_data = {"sources": {version: {"url": "somewhere", "sha256": "0"}}}
    recipe.cpp_info = Noting()
    recipe.source_folder, recipe.package_folder = "source", "package"
    recipe.needed = []
    recipe.requires = recipe.tool_requires = recipe.needed.append
    for method in ("layout", "requirements", "validate", "build_requirements", "source", "generate", "build", "package",
                   "package_info"):
        getattr(recipe, method)()
    return recipe


def check(recipe, system, shared):
    where = f"{system}, {'shared' if shared else 'static'}: "
    options = set(re.findall(r"^option\('(\w+)'", (TOP / "meson_options.txt").read_text(), re.MULTILINE))
    asked = {name for call in calls if isinstance(call, Noting) for name in call.project_options}
    expect(asked and asked <= options, f"{where}options of Meson: {asked - options or 'none'}")
    expect(("check_min_cppstd", (20,), {}) in calls, f"{where}the standard is not checked")
    for step in ("configure", "build", "install"):
        expect(("Meson", step) in calls, f"{where}no meson {step}")
    libuv = [needed for needed in recipe.needed if needed.startswith("libuv/")]
    expect(bool(libuv) == (system != "Windows"), f"{where}needs {recipe.needed}")
    info = recipe.cpp_info
    expect(info.libs == ["spawnpipe"], f"{where}libraries {info.libs}")
    expect(info.defines == ([] if shared else ["SPAWNPIPE_STATIC"]), f"{where}definitions {info.defines}")
    expect(("bcrypt" in info.system_libs) == (system == "Windows"), f"{where}system libraries {info.system_libs}")
    expect(info.properties.get("cmake_target_name") == "spawnpipe::spawnpipe", f"{where}the CMake target")


stand_in_for_conan()
recipe_class = load(HERE / "conanfile.py", "recipe").SpawnpipeConan
expect(recipe_class.license in (TOP / "LICENSE").read_text(), "the license")
for system in ("Linux", "Windows", "Macos"):
    for shared in (False, True):
        check(recipe_for(recipe_class, system, shared, sys.argv[1]), system, shared)

test = load(HERE / "test_package" / "conanfile.py", "test").SpawnpipeTestConan()
test.tested_reference_str = f"spawnpipe/{sys.argv[1]}"
test.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir="bin"))
test.requires = calls.append
ran = []
test.run = lambda program, **_: ran.append(program)
for method in ("requirements", "layout", "build", "test"):
    getattr(test, method)()
expect(test.tested_reference_str in calls, "the test package does not require the package")
expect([Path(program).name for program in ran] == ["test_package"], f"the test package runs {ran}")
expect("add_executable(test_package" in (HERE / "test_package" / "CMakeLists.txt").read_text(), "and builds another program")

for complaint in complaints:
    print("The Conan recipe:", complaint)
sys.exit(1 if complaints else 0)
