# shellcheck shell=bash
# tests/run docs: the manual, and the code in it and in the README.

docs() {
  local dir log
  dir=$(folder docs)
  log=$dir/build.log
  need gcc
  install_missing cmd:doxygen=doxygen
  # What a snippet of another framework needs. One that is not to be had is left out, and counted as skipped.
  install_missing pkg:Qt6Core=qt6-base-dev pkg:glib-2.0=libglib2.0-dev header:asio.hpp=libasio-dev ||
    echo 'The snippets for what is missing are left out.'
  printf '== Building %s\n' "$dir"
  rm -rf "$dir/results" "$dir/lib/manual/html"
  mkdir -p "$dir/results"
  result_folders+=("$dir/results")
  if { [ -f "$dir/build.ninja" ] ||
    CXX=g++ meson setup "$dir" -Dtests=disabled -Dexamples=disabled -Dguide=enabled -Dwerror=true; } >"$log" 2>&1 &&
    ninja -C "$dir" -j "$jobs" guide >>"$log" 2>&1; then
    note_case docs build passed ''
  else
    tail -n 60 "$log"
    note_case docs build failed "see $log"
  fi
  printf '== The snippets\n'
  python3 tests/guide.py --programs "$dir/examples/guide" --results "$dir/results/guide.tsv" ||
    [ -f "$dir/results/guide.tsv" ] || note_case docs snippets failed 'see the output'
  printf '== The manual: %s/lib/manual/html/index.html\n' "$dir"
  if ninja -C "$dir" manual >"$dir/manual.log" 2>&1; then
    note_case docs manual passed ''
  else
    cat "$dir/manual.log"
    note_case docs manual failed "see $dir/manual.log"
  fi
}
