# shellcheck shell=bash
# tests/run repeat: the same suites, many times.

# repeat N [BUILD [PROGRAM...]]: lanes of runs, each with all its programs side by side.
repeat() {
  local count=$1 name=${2:-gcc} run lane lanes=2 failed=0 programs=("${contracts[@]}")
  case $count in '' | *[!0-9]*) usage && exit 2 ;; esac
  case $name in
    gcc | asan | tsan) ;;
    windows) programs=(windows) ;;
    *) usage && exit 2 ;;
  esac
  [ $# -le 2 ] || programs=("${@:3}")
  # A good part of a run is waiting.
  [[ $name != *san ]] || lanes=$((jobs + 1))
  # Most of the time of a run would be that of what is the same each time, and which each ninth run has: calls that are made to fail, and
  # the histories on the simulated back end, which know no thread and no clock (the longest of them belong to the suite alone). And of what
  # is random: many runs have as much of it together.
  if [ "$name" != windows ]; then
    local -x SPAWNPIPE_TORTURE=${SPAWNPIPE_TORTURE:-1} SPAWNPIPE_SPAWNS=${SPAWNPIPE_SPAWNS:-200}
    local -x SPAWNPIPE_TREES=${SPAWNPIPE_TREES:-10} SPAWNPIPE_OPERATIONS=${SPAWNPIPE_OPERATIONS:-4000}
  fi
  build "$name" "${programs[@]}" || return 0
  rm -rf "$(folder "$name")/repeat"
  for ((lane = 0; lane < lanes; ++lane)); do
    for ((run = 1 + lane; run <= count; run += lanes)); do (run_once "$name" "$run" "$lane"); done &
  done
  wait
  for ((run = 1; run <= count; ++run)); do
    result_folders+=("$(folder "$name")/repeat/$run")
    [ ! -f "$(folder "$name")/repeat/$run/failed" ] || failed=$((failed + 1))
  done
  printf 'repeat: %s runs of %s (%s), %s failed\n' "$count" "${programs[*]}" "$name" "$failed"
}

# run_once BUILD NUMBER LANE: one of the runs that repeat makes. Shows what it printed where something failed.
run_once() {
  local name=$1 dir program without='*through every short history*'
  dir=$(folder "$name")/repeat/$2
  mkdir -p "$dir"
  [ $(($2 % 9)) = 1 ] ||
    without+=',*any call that fails*,*any allocation that fails*,*anything? at any time*,*objects may be destroyed in any order*'
  [ "$name" = windows ] || arguments=("-tce=$without")
  if [ "$name" = windows ]; then
    unset WINE_IS_OURS
    start_wine "$PWD/$(folder windows)/wine-$3"
  fi
  for program in "${programs[@]}"; do run_program "$name" "$program" "$dir" >"$dir/$program.output" 2>&1 & done
  wait
  if ! python3 tests/report.py "$dir" >"$dir/report"; then
    touch "$dir/failed"
    cat "$dir"/*.output "$dir/report"
  fi
}
