# shellcheck shell=bash
# tests/run consumers: the project in tests/consumers/meson, with spawnpipe as its subproject: a checkout, or by a wrap.

# Not every combination: each thing that may differ, once at least.
subprojects() {
  try 'static subproject' as_checkout static g++
  try 'shared subproject' as_checkout shared g++
  try 'static subproject by clang as C++23' as_checkout static clang++ -Dcpp_args=-std=c++2b
  try 'static subproject with the spawn of libuv' as_checkout static g++ -Dspawnpipe:spawn_engine=libuv
  try 'unity' as_checkout static clang++ --unity=on
  try 'in one piece' in_one_piece auto
  try 'in one piece with the spawn of libuv' in_one_piece libuv
  try 'link-time optimization' as_checkout static g++ --buildtype=release -Db_lto=true
  if [ -n "$libuv_source" ]; then
    try 'static subproject with libuv as a wrap' as_checkout static g++ --force-fallback-for=libuv
    try 'shared subproject by clang with libuv as a wrap' as_checkout shared clang++ --force-fallback-for=libuv
  else
    leave_out 'static subproject with libuv as a wrap' 'no source package of libuv'
    leave_out 'shared subproject by clang with libuv as a wrap' 'no source package of libuv'
  fi
}

subprojects_for_windows() {
  need windows
  local runtime
  runtime=$(dirname "$(x86_64-w64-mingw32-g++-posix -print-file-name=libstdc++-6.dll)")
  try 'static subproject for Windows' as_checkout static windows
  # Linked statically, the runtime would be there twice, and with it the error categories.
  WINEPATH="$(winepath -w "$runtime");$(winepath -w /usr/x86_64-w64-mingw32/lib)" \
    try 'shared subproject for Windows' as_checkout shared windows -Dcpp_link_args=
}

wraps() {
  if git rev-parse --verify -q HEAD >/dev/null; then
    try 'git wrap of what is committed' by_git_wrap
    try 'WrapDB' as_wrapdb_does
  else
    leave_out 'git wrap of what is committed' 'not a git repository'
    leave_out 'WrapDB' 'not a git repository'
  fi
}

# as_checkout KIND COMPILER OPTION...
as_checkout() {
  local dir
  dir=$(consumer_project) || return
  ln -s "$PWD" "$dir/subprojects/spawnpipe"
  [ -z "$libuv_source" ] || write_libuv_wrap "$dir/subprojects"
  pass_consumer "$dir" "$@"
}

by_git_wrap() {
  local dir
  dir=$(consumer_project) || return
  printf '%s\n' '[wrap-git]' "url = file://$PWD" "revision = $(git rev-parse HEAD)" 'depth = 1' '' \
    '[provide]' 'dependency_names = spawnpipe' >"$dir/subprojects/spawnpipe.wrap"
  pass_consumer "$dir" static g++
}

# WrapDB's entry, filled in with an archive of what is committed; and what WrapDB asks of an entry.
as_wrapdb_does() {
  local dir version archive
  dir=$(consumer_project) || return
  version=$(project_version)
  archive=$dir/spawnpipe-$version.tar.gz
  git archive --format=tar.gz --prefix="spawnpipe-$version/" -o "$archive" HEAD || return
  sed -e "s,@source_url@,file://$archive," -e "s,@source_hash@,$(sha256sum "$archive" | cut -d ' ' -f 1)," \
    tests/consumers/wrapdb/spawnpipe.wrap.in >"$dir/subprojects/spawnpipe.wrap"
  pass_consumer "$dir" shared g++ --fatal-meson-warnings &&
    python3 tests/consumers/wrapdb/check.py "$dir" tests/consumers/wrapdb/releases.json
}

# in_one_piece ENGINE: all sources in one translation unit, as a consumer may ask for.
in_one_piece() {
  local dir
  dir=$(mktemp -d "$consumers/one-piece-XXXX") || return
  meson setup "$dir" --unity=on -Dunity_size=1000 -Dspawn_engine="$1" -Ddebug=false -Ddefault_library=static -Dwerror=true \
    -Dtests=disabled -Dexamples=disabled && ninja -C "$dir" -j "$jobs"
}

# A copy of the project; prints its folder.
consumer_project() {
  local dir
  dir=$(mktemp -d "$consumers/project-XXXX")
  mkdir "$dir/subprojects"
  cp tests/consumers/main.cpp tests/consumers/meson/* "$dir/"
  printf '%s' "$dir"
}

# pass_consumer FOLDER KIND COMPILER|windows OPTION...: builds the project and runs it; and it got no more than the library. Without
# debugging information, what two cases compile alike is compiled once, where there is ccache.
pass_consumer() {
  local dir=$1 kind=$2 compiler=$3 options=("${@:4}") around=()
  case $compiler in
    windows)
      options+=(--cross-file platform/windows/mingw-w64-wine.ini)
      around=(on_console)
      ;;
    clang++) local -x CC=clang CXX=clang++ ;;
    *) local -x CC=gcc CXX=g++ ;;
  esac
  "${around[@]}" meson setup "$dir/build" "$dir" -Ddebug=false -Ddefault_library="$kind" "${options[@]}" &&
    ninja -C "$dir/build" -j "$jobs" &&
    "${around[@]}" meson test -C "$dir/build" --no-rebuild --print-errorlogs &&
    python3 tests/consumers/no_leaks.py "$dir/build" "$kind"
}

project_version() { sed -n "s/^  version : '\(.*\)',$/\1/p" meson.build; }

# libuv's source, from the distribution's source package: sets libuv_source, empty where that cannot be had. Nothing of the
# machine's own configuration is touched: apt-get is given lists of its own, made from where libuv's package came from.
fetch_libuv_source() {
  local dir=$consumers/libuv apt
  libuv_source=
  command -v apt-get >/dev/null || return 0
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  [ -n "$(apt-cache madison libuv1-dev)" ] || apt-get update -q >/dev/null 2>&1 || true
  apt-cache madison libuv1-dev | sed -nE 's,^[^|]*\|[^|]*\| ([^ ]+) ([^ /]+)/([^ ]+) .* Packages$,deb-src \1 \2 \3,p' |
    sort -u >"$dir/sources.list"
  apt=(apt-get -q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$dir/lists"
    -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=)
  if [ -s "$dir/sources.list" ] && (cd "$dir" && "${apt[@]}" update && "${apt[@]}" source --download-only libuv1) >"$dir/log" 2>&1; then
    libuv_source=$(find "$dir" -maxdepth 1 -name '*.orig.tar.gz')
  else
    tail -n 20 "$dir/log"
  fi
}

# write_libuv_wrap FOLDER: as ours in subprojects/, with that source.
write_libuv_wrap() {
  ln -s "$PWD/subprojects/packagefiles" "$1/packagefiles"
  printf '%s\n' '[wrap-file]' "directory = $(tar -tzf "$libuv_source" | sed -n '1s,/.*,,p')" "source_url = file://$libuv_source" \
    "source_filename = $(basename "$libuv_source")" "source_hash = $(sha256sum "$libuv_source" | cut -d ' ' -f 1)" \
    'patch_directory = libuv' '' '[provide]' 'libuv = libuv_dep' >"$1/libuv.wrap"
}
