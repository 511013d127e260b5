# shellcheck shell=bash
# tests/run coverage: which lines and branches of the library the suites of this system reach.

# The least that lib/ and each back end may have, in percent. The edges that the compiler adds for exceptions do not count.
least_lines=95
least_branches=85

# The Windows back end is reached on the fake of Windows; the real one, under Wine, is not counted. What is marked as not to be reached
# needs a reason in its comment; how many of those there are is printed.
coverage() {
  local dir part
  install_missing cmd:gcovr=gcovr
  dir=$(folder coverage)
  find "$dir" -name '*.gcda' -delete 2>/dev/null || true
  run_suites coverage "${sanitized[@]}"
  gcovr --root . --object-directory "$dir" --filter lib/ --filter platform/ --exclude-throw-branches --exclude-unreachable-branches \
    -j "$jobs" --json "$dir/coverage.json" "$dir" >"$dir/coverage.log" 2>&1 ||
    { cat "$dir/coverage.log" && note_case coverage measured failed "see $dir/coverage.log" && return 0; }
  for part in lib platform/posix platform/simulated platform/windows; do
    printf '== Coverage of %s\n' "$part"
    # What is missing, file by file, and the sums.
    if gcovr --root . --add-tracefile "$dir/coverage.json" --filter "$part/" --sort-uncovered --txt "$dir/coverage-${part//\//-}.txt" \
      --print-summary --fail-under-line "$least_lines" --fail-under-branch "$least_branches"; then
      note_case coverage "${part//\// }" passed ''
    else
      cat "$dir/coverage-${part//\//-}.txt"
      note_case coverage "${part//\// }" failed "less than $least_lines % of lines, or $least_branches % of branches"
    fi
  done
  printf 'Not to be reached, with the reason beside it: %s\n' "$(grep -rho 'GCOVR_EXCL_\(LINE\|START\|BR_LINE\|BR_START\)' lib platform | wc -l)"
}
