# shellcheck shell=bash
# Sourced by the scripts that build with mingw-w64 and run what they built under Wine.
#
#   . examples/wine.sh
#   start_wine FOLDER                     Wine in a folder of its own, until this script ends
#   headers_alone FOLDER NAME ...         the folder, with links to these of the system's headers
#   on_console wine PROGRAM ARGUMENT ...  runs it where it has a console
#   fixed_addresses                       a command to put before others

# Puts the parts of a process at the same addresses each time, where that may be asked for. Wine 8.0 wants the page at 0x7ffe0000 in every
# process, and newer kernels put the heap there in one of several thousands: its CreateProcess then says "Internal error" (with
# WINEDEBUG, the new process says "failed to map the shared user data").
fixed_addresses=()
! setarch "$(uname -m)" -R true 2>/dev/null || fixed_addresses=(setarch "$(uname -m)" -R)

# The server stays until this script ends. The first process starts services, which keep the output that it was given: whoever
# reads that would wait for ever.
start_wine() {
  [ -z "${WINE_IS_OURS:-}" ] || return 0
  WINE_IS_OURS=1
  export WINEPREFIX=$1 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml='
  mkdir -p "$WINEPREFIX"
  trap 'wineserver -k >/dev/null 2>&1 || true' EXIT
  "${fixed_addresses[@]}" wineboot -i >/dev/null 2>&1 || true
  wineserver -p >/dev/null 2>&1 || true  # fails where the server of wineboot is still there
}

# Libraries that are headers and nothing else are for every system, but the cross compiler must not see the rest of /usr/include.
headers_alone() {
  local name from
  mkdir -p "$1"
  for name in "${@:2}"; do
    for from in "/usr/include/$name" "/usr/local/include/$name"; do
      [ ! -e "$from" ] || ln -sfn "$from" "$1/$name"
    done
  done
}

# A program of Windows whose stdin is a terminal. Under Wine that gives it a console, which its children share; else each child
# gets one of its own, whose server has copies of the child's pipes and keeps them open.
on_console() {
  local line
  printf -v line '%q ' "${fixed_addresses[@]}" "$@"
  script -qec "$line >&3 2>&3" /dev/null 3>&1 >/dev/null
}
