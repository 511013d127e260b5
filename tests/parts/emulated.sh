# shellcheck shell=bash
# tests/run emulated: the Linux engine on another processor, and under valgrind.

# What build gcc has made, where each program is one case of the count. It is not built anew: that would take the results away that are there.
emulated() {
  local dir
  [ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'tests/run emulated: for Linux on x86-64' >&2; return 1; }
  dir=$(folder emulated)
  rm -rf "$dir/results"
  mkdir -p "$dir/results"
  result_folders+=("$dir/results")
  install_missing cmd:aarch64-linux-gnu-g++=g++-aarch64-linux-gnu cmd:qemu-aarch64-static=qemu-user-static cmd:valgrind=valgrind
  headers_alone "$PWD/$dir/include" doctest uv uv.h
  printf '== The engine for aarch64, under qemu-user\n'
  if aarch64-linux-gnu-g++ -std=c++20 -O2 -Wall -Wextra -Werror -static -o "$dir/engine-alone" \
    -DSPAWNPIPE_CHILD_FAULTS "-DHARNESS_CHILD_PROGRAM=\"$PWD/$(folder gcc)/tests/child\"" -isystem "$dir/include" -Ilib/include -Ilib -Iplatform \
    tests/posix/linux/engine_alone.cpp platform/posix/{child,clone,signal,system}_linux.cpp platform/posix/{plug,system}.cpp; then
    note_case emulated build passed ''
    note_run emulated 'under qemu-user' timeout -k 20 300 env ENGINE_WAY=clone_signalling qemu-aarch64-static "$dir/engine-alone"
  else
    note_case emulated build failed 'see its output'
  fi
  printf '== The engine and the contract under valgrind\n'
  ENGINE_WAY=clone_pidfd note_run emulated 'engine under valgrind' without_leaks "$(folder gcc)/tests/posix/linux/engine-alone"
  # valgrind ends a child whose exec fails late, for want of room, instead of letting it go on.
  note_run emulated 'contract under valgrind' without_leaks "$(folder gcc)/tests/linux-suite" \
    -tc='*[P1]*,*[P5]*,*[P9]*' -tce='*longer than the system takes*'
}

# note_run BUILD NAME COMMAND...: its outcome is a case.
note_run() {
  if SPAWNPIPE_SLOW=1 "${@:3}"; then
    note_case "$1" "$2" passed ''
  else
    note_case "$1" "$2" failed 'see its output'
  fi
}

# Under valgrind: no error, no memory lost, and at the end no descriptor open but those it was started with.
without_leaks() {
  local log bad=0
  log=$(mktemp)
  timeout -k 20 1200 valgrind --track-fds=yes --leak-check=full --errors-for-leak-kinds=definite \
    --child-silent-after-fork=yes --error-exitcode=99 --log-file="$log" "$@" || bad=1
  # Each descriptor is named in a line, and behind it where it came from.
  grep -A1 'Open file descriptor' "$log" | grep -v -e 'Open file descriptor' -e '^--' | grep -qv 'inherited from parent' && bad=1
  grep -q 'FILE DESCRIPTORS:' "$log" || bad=1
  [ "$bad" = 0 ] || grep -v -e WARNING -e '^--' "$log"
  rm "$log"
  return "$bad"
}
