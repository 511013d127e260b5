# shellcheck shell=bash
# tests/run torture: every call and every allocation of every scenario is made to fail, at every place, on the back ends of this system, on
# the simulated one and on Windows under Wine. (The usual run takes the first few places of each.)

torture() {
  local log
  local -x SPAWNPIPE_TORTURE=all
  local program_bound=14400
  local arguments=('-tc=*any call that fails*,*any allocation that fails*,*is made to fail*')
  log=$(mktemp)
  run_suites gcc "${real[@]}" simulated > >(tee "$log")
  wait "$!"
  run_suites windows windows > >(tee -a "$log")
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
