# shellcheck shell=bash
# tests/run timeline: the pictures that compdb_build makes: a trace that is JSON and holds together, and a page that a browser shows.

# The elements of a page when a browser has run its script.
elements_of() {
  local profile seconds=60
  [ -z "${SPAWNPIPE_SLOW:-}" ] || seconds=240
  profile=$(mktemp -d)
  timeout -k 10 "$seconds" chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --user-data-dir="$profile" --virtual-time-budget=10000 --dump-dom "file://$1" 2>/dev/null || true
  rm -rf "$profile"
}

page_holds() {
  elements_of "$1" >"$1.elements"
  python3 tests/timeline.py page "$1" "$1.elements" "$2"
}

page_is_usable() {
  python3 tests/timeline.py use "$1" "$1.used.html"
  elements_of "$1.used.html" >"$1.used.elements"
  python3 tests/timeline.py used "$1.used.elements" "$2"
}

# Builds so many commands, with pictures, and looks at them. The build itself fails, because some of its commands do.
pictures_of() {
  local count=$1 jobs=4 dir status=0
  dir=$PWD/$(folder timeline)/commands-$count
  printf '== Pictures of %s commands\n' "$count"
  rm -rf "$dir"
  mkdir -p "$dir"
  python3 tests/timeline.py database "$dir" "$count"
  timeout -k 5 600 "$(folder timeline)/examples/compdb_build" -j "$jobs" -k 0 --trace "$dir/trace.json" \
    --timeline "$dir/timeline.html" "$dir" >"$dir/output" 2>&1 || status=$?
  [ "$status" = 1 ] || tail -n 20 "$dir/output"
  note_run timeline "trace of $count commands" python3 tests/timeline.py trace "$dir/trace.json" "$count" "$jobs"
  note_run timeline "page of $count commands" page_holds "$dir/timeline.html" "$count"
  note_run timeline "keys on the page of $count commands" page_is_usable "$dir/timeline.html" "$count"
}

timeline() {
  local dir log
  dir=$(folder timeline)
  log=$dir/build.log
  need gcc
  install_missing cmd:chromium=chromium cmd:python3=python3 header:nlohmann/json.hpp=nlohmann-json3-dev \
    header:CLI/CLI.hpp=libcli11-dev
  result_folders+=("$dir/results")
  rm -rf "$dir/results"
  mkdir -p "$dir"
  printf '== Building %s\n' "$dir"
  if { [ -f "$dir/build.ninja" ] || CXX=g++ meson setup "$dir" -Dtests=disabled -Dexamples=enabled -Dwerror=true; } >"$log" 2>&1 &&
    ninja -C "$dir" -j "$jobs" examples/compdb_build >>"$log" 2>&1; then
    note_case timeline build passed ''
    pictures_of 7
    pictures_of 2000
  else
    tail -n 60 "$log"
    note_case timeline build failed "see $log"
  fi
}
