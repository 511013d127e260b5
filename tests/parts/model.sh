# shellcheck shell=bash
# tests/run model: every order of the steps by which the owner thread and the others hand over, in the Windows back end on a fake of
# Windows; and the mistakes that this has to find, each put into a copy of the sources by a patch.

model() {
  local log dir each
  dir=$(folder model)
  log=$dir/build.log
  need gcc
  install_missing cmd:patch=patch
  rm -rf "$dir"
  mkdir -p "$dir/results"
  result_folders+=("$dir/results")
  printf '== Building %s/tests/windows-logic-suite\n' "$(folder gcc)"
  if ! { configure gcc && ninja -C "$(folder gcc)" -j "$jobs" tests/windows-logic-suite; } >"$log" 2>&1; then
    tail -n 60 "$log"
    note_case model build failed "see $log"
    return
  fi
  arguments=(-tc='*every schedule of*')
  SPAWNPIPE_DEEPER=1 run_program gcc windows-logic "$dir/results"
  printf '== Mistakes that must be found\n'
  for each in tests/windows/native/mutations/*.patch; do mutation "$each"; done
}

# mutation PATCH: passed where the mistake is found.
mutation() {
  local name dir code=0 said
  name=$(basename "$1" .patch)
  dir=$(folder model)/$name
  mkdir -p "$dir"
  cp -r platform "$dir/"
  if ! patch -p1 -s -d "$dir" <"$1" || ! build_mutant "$dir" "$1" >"$dir/build.log" 2>&1; then
    printf '%-24s cannot be tried: see %s/build.log\n' "$name" "$dir"
    note_case model "mutation $name" failed 'cannot be tried'
    return
  fi
  { timeout -k 5 300 "$dir/suite" "${arguments[@]}" --abort-after=1 >"$dir/output" 2>&1 || code=$?; } 2>/dev/null
  # What was wrong, and in which schedule; a crash says nothing, and is one, too.
  said=$(grep -m1 -B1 '^SPAWNPIPE_SCHEDULE=' "$dir/output" | head -n 1 | sed 's/^ *logged: //; s/^FAILED: //') || true
  [ "$code" -lt 128 ] || said="ended by signal $((code - 128))"
  if [ "$code" != 0 ] && [ -n "$said" ]; then
    printf '%-24s caught: %s\n' "$name" "$said"
    note_case model "mutation $name" passed ''
  else
    printf '%-24s NOT caught: %s\n' "$name" "$(head -n 1 "$1")"
    note_case model "mutation $name" failed 'not caught'
  fi
}

# build_mutant DIR PATCH: the program again, with what the patch touches compiled from DIR. A patch of a header keeps the layout of types.
build_mutant() {
  local file sources=() objects=() tests library
  tests=$(folder gcc)/tests
  library=$tests/libspawnpipe_windows_logic.a
  if grep -q '^+++ .*\.hpp$' "$2"; then
    mapfile -t sources < <(ar t "$library" | sed -n 's/.*_platform_windows_\(.*\.cpp\)\.o$/\1/p')
  else
    mapfile -t sources < <(sed -n 's,^+++ b/platform/windows/,,p' "$2")
  fi
  for file in "${sources[@]}"; do
    "${CXX:-g++}" -std=c++20 -O1 -pthread -DSPAWNPIPE_STATIC "-I$1/platform" -Itests/windows/native -Itests -Ilib/include -Ilib \
      -c -o "$1/$file.o" "$1/platform/windows/$file" || return
    objects+=("$1/$file.o")
  done
  "${CXX:-g++}" -pthread -o "$1/suite" "${objects[@]}" "$tests"/windows-logic-suite.p/*.o \
    -Wl,--whole-archive "$tests/libharness.a" -Wl,--no-whole-archive "$library"
}
