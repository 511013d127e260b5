# shellcheck shell=bash
# tests/run fuzz: libFuzzer on the targets in tests/fuzz/, and what others say of random hostile text.
#
# What libFuzzer finds is kept from run to run in build/tests-fuzz/corpus/. When that has become something, what is new in it goes to the
# corpus that the unit tests run, smallest first:
#
#   build/tests-fuzz/tests/fuzz/fuzz-NAME -merge=1 tests/fuzz/corpus/NAME build/tests-fuzz/corpus/NAME
#
# An input that broke a property is in build/tests-fuzz/found/NAME/. With -minimize_crash=1 the program makes it smaller; the defect is
# mended with the input in tests/fuzz/corpus/NAME/, under a name that says what it is.

# fuzz [SECONDS [TARGET...]]
fuzz() {
  local seconds=${1:-60} targets=("${@:2}") target
  case $seconds in '' | *[!0-9]* | 0*) usage >&2 && exit 2 ;; esac
  export SPAWNPIPE_SEED=${SPAWNPIPE_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
  build fuzz || return 0
  [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(find "$(folder fuzz)/tests/fuzz" -maxdepth 1 -type f -name 'fuzz-*' -printf '%f\n' |
    sed 's/^fuzz-//' | LC_ALL=C sort)
  printf '== Fuzzing for %s s each, %s at a time: %s\n' "$seconds" "$jobs" "${targets[*]}"
  for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
    run_fuzzer "$target" "$seconds" &
  done
  wait
  second_opinions
}

# run_fuzzer TARGET SECONDS: a case. It fails where a property was broken, and where nothing was run.
run_fuzzer() {
  local dir log found count new status=0
  dir=$(folder fuzz)
  log=$dir/fuzz-$1.log
  found=$dir/found/$1
  mkdir -p "$dir/corpus/$1" "$found"
  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 timeout --foreground -k 20 $(($2 + 300)) "${fixed_addresses[@]}" \
    "$dir/tests/fuzz/fuzz-$1" -max_total_time="$2" -timeout=30 -rss_limit_mb=2048 -use_value_profile=1 -print_final_stats=1 \
    -artifact_prefix="$found/" "$dir/corpus/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1 || status=$?
  count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  new=$(sed -n 's/^stat::new_units_added: *//p' "$log")
  printf '   fuzz-%s: %s inputs, %s of them new to it\n' "$1" "${count:-no}" "${new:-none}"
  if [ "$status" = 0 ] && [ "${count:-0}" -gt 0 ]; then
    note_case fuzz "fuzz $1" passed ''
  else
    grep -a -v '^#[0-9]' "$log" | tail -n 40
    note_case fuzz "fuzz $1" failed "see $log, and $found"
  fi
}

# The shells and Python of this system; cmd.exe, CommandLineToArgvW and the C runtime under Wine.
second_opinions() {
  printf '== Second opinions, with SPAWNPIPE_SEED=%s\n' "$SPAWNPIPE_SEED"
  run_program fuzz opinions "$(folder fuzz)/results"
  if [ "$(uname -sm)" != 'Linux x86_64' ]; then
    result_folders+=("$(folder windows-fuzz)/results")
    note_case windows-fuzz 'opinions of Windows' skipped 'Wine is for Linux on x86-64 here'
  elif build windows-fuzz; then
    run_program windows-fuzz opinions "$(folder windows-fuzz)/results"
  fi
}
