# shellcheck shell=bash
# tests/run bench-windows: the cost of the library against bare calls of Windows.

bench_windows() {
  local dir log
  dir=$(folder windows-bench)
  log=$dir/build.log
  need windows
  install_missing header:nlohmann/json.hpp=nlohmann-json3-dev
  headers_alone "$PWD/$(folder windows)/include" nlohmann
  mkdir -p "$dir"
  printf '== Building %s\n' "$dir"
  if ! configure windows-bench >"$log" 2>&1 ||
    ! ninja -C "$dir" -j "$jobs" tests/child.exe tests/bench/windows-bench.exe >>"$log" 2>&1; then
    tail -n 60 "$log"
    return 1
  fi
  printf '== Running %s/tests/bench/windows-bench.exe (all figures: %s/windows-bench.json)\n' "$dir" "$dir"
  on_console timeout --foreground -k 20 1800 wine "$dir/tests/bench/windows-bench.exe" --json "$dir/windows-bench.json"
}
