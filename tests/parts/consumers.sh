# shellcheck shell=bash
# tests/run consumers: projects that use this one, by each way it can come to them. The ways are in consumers_*.sh beside this file, the
# projects in tests/consumers. What a case printed is in a log of its name.

consumers() {
  need gcc
  install_missing cmd:clang++=clang cmd:clang=clang cmd:gcc=gcc cmd:cmake=cmake cmd:make=make cmd:git=git cmd:nm=binutils \
    cmd:python3=python3 cmd:pyflakes3=pyflakes3
  consumers=$PWD/$(folder consumers)
  rm -rf "$consumers"
  mkdir -p "$consumers/results"
  result_folders+=("$consumers/results")
  fetch_libuv_source
  subprojects
  wraps
  subprojects_for_windows
  installed
  recipes
}

# try CASE COMMAND...: the outcome of the command is a case.
try() {
  local log=$consumers/${1// /-}.log
  printf '== A consumer: %s\n' "$1"
  if "${@:2}" >"$log" 2>&1; then
    note_case consumers "$1" passed ''
  else
    tail -n 60 "$log"
    note_case consumers "$1" failed "see $log"
  fi
}

# leave_out CASE REASON
leave_out() {
  printf '== A consumer: %s: left out, %s\n' "$1" "$2"
  note_case consumers "$1" skipped "$2"
}
