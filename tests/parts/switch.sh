# shellcheck shell=bash
# tests/run switch: the complaints of the field, asked of this library and of others.

# The packages of Debian 12 where a library is not there. (Where an older Boost is, it stays, and v2 is left out.)
switch_list_of_peers() {
  local dir program libraries=() failed name
  [ "$(uname -s)" = Linux ] || { echo 'tests/run switch: for Linux' >&2; return 1; }
  dir=$(folder switch)
  need gcc
  install_missing header:boost/process.hpp=libboost1.81-dev header:boost/filesystem.hpp=libboost-filesystem1.81-dev \
    pkg:Qt6Core=qt6-base-dev pkg:gio-unix-2.0=libglib2.0-dev header:Poco/Process.h=libpoco-dev ||
    echo 'The libraries that are here are asked.'
  rm -rf "$dir/results"
  mkdir -p "$dir/results"
  result_folders+=("$dir/results")
  printf '== Building %s\n' "$dir"
  if ! { [ -f "$dir/build.ninja" ] ||
    CXX=g++ meson setup "$dir" --buildtype=release -Dtests=enabled -Dexamples=disabled -Dpeers=enabled; } >"$dir.log" 2>&1 ||
    ! ninja -C "$dir" -j "$jobs" switch-programs >>"$dir.log" 2>&1; then
    tail -n 60 "$dir.log"
    note_case switch build failed "see $dir.log"
    return 0
  fi
  note_case switch build passed ''
  for name in spawnpipe libuv Boost-v1 Boost-v2 QProcess GSubprocess Poco; do
    program=$PWD/$dir/tests/switch/switch-$name
    [ ! -x "$program" ] || libraries+=("$name=$program")
  done
  python3 tests/switch/run_list.py --markdown "$dir/switch-table.md" --failures "$dir/failures" "${libraries[@]}"
  failed=$(cat "$dir/failures")
  if [ -z "$failed" ]; then note_case switch 'switch list' passed ''; else note_case switch 'switch list' failed "${failed//$'\n'/; }"; fi
}
