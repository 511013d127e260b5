# shellcheck shell=bash
# tests/run consumers: what is ready to be handed to other package managers, as far as it can be tried without them. Neither vcpkg nor
# Conan runs here: stand-ins take their place.

recipes() {
  try 'vcpkg: manifest' python3 tests/consumers/vcpkg/check.py tests/consumers/vcpkg/vcpkg.json "$(project_version)"
  try 'vcpkg: port' build_port "$consumers/vcpkg"
  try 'Conan: recipe' check_recipe
}

# The port, built by stand-ins for vcpkg's functions; and a project that uses the package.
build_port() {
  cmake -DPORT="$PWD/tests/consumers/vcpkg" -DSOURCE="$PWD" -DPACKAGES="$1" -DVERSION="$(project_version)" \
    -P tests/consumers/vcpkg/stand_ins.cmake &&
    by_cmake "$1" shared
}

check_recipe() {
  pyflakes3 tests/consumers/conan/*.py tests/consumers/conan/test_package/*.py tests/consumers/*.py tests/consumers/*/*.py &&
    python3 tests/consumers/conan/check.py "$(project_version)"
}
