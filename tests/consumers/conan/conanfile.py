"""Conan 2 recipe. The place of the sources, and their hash, are known when a release is published (conandata.yml)."""

import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, get, rm, rmdir
from conan.tools.gnu import PkgConfigDeps
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain

required_conan_version = ">=2.0"


class SpawnpipeConan(ConanFile):
    name = "spawnpipe"
    description = "Spawns child processes with piped stdio, on every system"
    license = "MIT"
    topics = ("process", "subprocess", "spawn", "pipe")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def layout(self):
        basic_layout(self, src_folder="src")

    def requirements(self):
        if self.settings.os != "Windows":
            self.requires("libuv/[>=1.44 <2]")

    def validate(self):
        check_min_cppstd(self, 20)

    def build_requirements(self):
        self.tool_requires("meson/[>=1.0 <2]")
        if not self.conf.get("tools.gnu:pkg_config", check_type=str):
            self.tool_requires("pkgconf/[>=2.1 <3]")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = MesonToolchain(self)
        toolchain.project_options["tests"] = "disabled"
        toolchain.project_options["examples"] = "disabled"
        toolchain.generate()
        PkgConfigDeps(self).generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        Meson(self).install()
        # Conan generates what finds the package.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rm(self, "*.pdb", os.path.join(self.package_folder, "bin"))

    def package_info(self):
        self.cpp_info.libs = ["spawnpipe"]
        self.cpp_info.set_property("cmake_file_name", "spawnpipe")
        self.cpp_info.set_property("cmake_target_name", "spawnpipe::spawnpipe")
        self.cpp_info.set_property("pkg_config_name", "spawnpipe")
        if not self.options.shared:
            self.cpp_info.defines = ["SPAWNPIPE_STATIC"]
        if self.settings.os == "Windows":
            self.cpp_info.system_libs = ["bcrypt"]
        elif self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
