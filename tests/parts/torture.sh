# shellcheck shell=bash
# tests/run torture: every call and every allocation of every scenario is made to fail, at every place, on the back ends of this system.
# (The usual runs take the first places of each.) SPAWNPIPE_TORTURE in the environment: so many places, instead of all.

torture() {
  local log
  local -x SPAWNPIPE_TORTURE=${SPAWNPIPE_TORTURE:-all}
  local program_bound=7200
  arguments=('-tc=*any call that fails*,*any allocation that fails*')
  log=$(mktemp)
  run_suites gcc "${real[@]}" > >(tee "$log")
  wait "$!"
  printf '== In sum\n'
  sums_of "$log"
  rm "$log"
}

# The programs count on from case to case: the last line of each kind, in the order in which they came.
sums_of() {
  grep -E '^[a-z ]+ \([a-z]+\): [0-9]+ scenarios' "$1" |
    awk -F'): ' '!($1 in last) { order[++kinds] = $1 } { last[$1] = $0 } END { for (i = 1; i <= kinds; ++i) print last[order[i]] }'
}
