# shellcheck shell=bash
# Sourced by the scripts that run on a fresh machine: installs what is not there yet, and nothing else.
#
#   . examples/install_missing.sh
#   install_missing cmd:ninja=ninja-build header:doctest/doctest.h=doctest-dev pkg:libuv=libuv1-dev
#
# Each argument is CHECK=PACKAGE: cmd:PROGRAM looks in PATH, header:FILE asks the compiler and looks in /usr/include and
# /usr/local/include, pkg:MODULE asks pkg-config. "cmd:PROGRAM >= VERSION" and "pkg:MODULE >= VERSION" want a version.
# Looks first, says what it installs, and asks for root only then. Returns 1 with a message where it cannot help.

install_missing_has_command() {
  local name=${1%% >= *} least=${1##* >= } have
  command -v "$name" >/dev/null 2>&1 || return 1
  [ "$name" != "$1" ] || return 0
  have=$("$name" --version 2>/dev/null </dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)
  [ "$(printf '%s\n%s\n' "$least" "$have" | sort -V | head -n 1)" = "$least" ]
}

install_missing_has_header() {
  [ -f "/usr/include/$1" ] || [ -f "/usr/local/include/$1" ] && return 0
  local compiler
  for compiler in ${CXX:-} c++ g++ clang++; do
    install_missing_has_command "$compiler" || continue
    printf '#include <%s>\n' "$1" | "$compiler" -std=c++20 -E -x c++ - >/dev/null 2>&1
    return
  done
  return 1
}

# PROGRAM_OR_HEADER of one argument: is it there?
install_missing_has() {
  case $1 in
    cmd:*) install_missing_has_command "${1#cmd:}" ;;
    header:*) install_missing_has_header "${1#header:}" ;;
    pkg:*) install_missing_has_command pkg-config && pkg-config --exists "${1#pkg:}" ;;
    *)
      printf 'install_missing: "%s" is not cmd:, header: or pkg:\n' "$1" >&2
      return 1
      ;;
  esac
}

# The packages of the arguments whose check fails, one in each line.
install_missing_packages() {
  local wanted
  for wanted in "$@"; do
    install_missing_has "${wanted%=*}" || printf '%s\n' "${wanted##*=}"
  done | LC_ALL=C sort -u
}

# What could not be found, one check in each line.
install_missing_list() {
  local wanted
  for wanted in "$@"; do
    install_missing_has "${wanted%=*}" || printf '  %s (Debian package: %s)\n' "${wanted%=*}" "${wanted##*=}"
  done
}

install_missing() {
  local packages as_root=()
  packages=$(install_missing_packages "$@") || return 1
  [ -n "$packages" ] || return 0
  mapfile -t packages <<<"$packages"

  if ! install_missing_has_command apt-get; then
    {
      printf 'This machine lacks what follows, and has no apt-get to install it with:\n'
      install_missing_list "$@"
      printf 'Install these with the package manager of your system, then run this again.\n'
    } >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! install_missing_has_command sudo; then
      {
        printf 'Missing packages: %s\n' "${packages[*]}"
        printf 'Installing them needs root, and there is no sudo. As root, run:\n'
        printf '  apt-get update && apt-get install -y --no-install-recommends %s\n' "${packages[*]}"
      } >&2
      return 1
    fi
    as_root=(sudo)
    printf 'Installing with sudo: %s\n' "${packages[*]}"
  else
    printf 'Installing: %s\n' "${packages[*]}"
  fi

  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}")
  # The lists of packages are missing or old on a fresh machine: get them first.
  if ! "${as_root[@]}" apt-get update -q </dev/null >&2; then
    printf 'apt-get update failed; trying with the lists that are here.\n' >&2
  fi
  if ! "${as_root[@]}" "${install[@]}" </dev/null >&2; then
    printf 'Could not install: %s\n' "${packages[*]}" >&2
    return 1
  fi

  local still
  still=$(install_missing_list "$@")
  if [ -n "$still" ]; then
    printf 'Installed the packages, but these are still missing, or too old:\n%s\n' "$still" >&2
    return 1
  fi
}
