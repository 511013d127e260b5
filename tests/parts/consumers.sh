# shellcheck shell=bash
# tests/run consumers: projects that use this one.

# The project in tests/consumers/meson, with this checkout as its subproject.
consumers() {
  local dir kind log
  need gcc
  dir=$(folder consumers)
  rm -rf "$dir"
  mkdir -p "$dir/meson/subprojects"
  result_folders+=("$dir/results")
  cp tests/consumers/meson/main.cpp tests/consumers/meson/meson.build "$dir/meson/"
  ln -s "$PWD" "$dir/meson/subprojects/spawnpipe"
  for kind in static shared; do
    printf '== A project with a %s subproject\n' "$kind"
    log=$dir/$kind.log
    if CXX=g++ meson setup "$dir/$kind" "$dir/meson" -Ddefault_library="$kind" >"$log" 2>&1 &&
      ninja -C "$dir/$kind" -j "$jobs" >>"$log" 2>&1 && meson test -C "$dir/$kind" >>"$log" 2>&1 &&
      only_the_library "$dir/$kind/subprojects/spawnpipe" >>"$log" 2>&1; then
      note_case consumers "$kind subproject" passed ''
    else
      tail -n 60 "$log"
      note_case consumers "$kind subproject" failed "see $log"
    fi
  done
}

# Whether a build folder of the subproject has the library, and nothing else of ours: no test, no example.
only_the_library() {
  local others
  others=$(cd "$1" && find . -mindepth 1 -maxdepth 1 ! -name lib ! -name meson-info ! -name meson-private ! -name platform)
  [ -z "$others" ] || { printf 'The subproject also has: %s\n' "$others"; return 1; }
}
