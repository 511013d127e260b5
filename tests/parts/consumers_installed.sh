# shellcheck shell=bash
# tests/run consumers: projects that find an installed spawnpipe, by pkg-config and by CMake; and the installed library itself.

# A release build of each kind, in a prefix of its own; by CMake it is found after the prefix has been moved.
installed() {
  local kind prefix size
  for kind in static shared; do
    prefix=$consumers/installed-$kind
    try "installation, $kind" install_into "$prefix" "$kind"
    try "pkg-config, $kind" by_pkg_config "$prefix" "$kind"
    cp -a "$prefix" "$prefix-moved"
    try "CMake, $kind" by_cmake "$prefix-moved" "$kind"
  done
  try 'exported symbols' tests/consumers/exported.sh "$prefix/lib/libspawnpipe.so"
  size=$(what_size "$prefix/lib/libspawnpipe.so") || size=0
  try 'size of the shared library, as the README says' size_as_told "$size"
  try 'goal of 200 KiB for the shared library' small_enough "$size"
}

# install_into PREFIX KIND: the headers, the library and what describes it are there, and no more.
install_into() {
  local header files
  CXX=g++ meson setup "$1-build" --prefix="$1" --libdir=lib --buildtype=release -Ddefault_library="$2" -Dwerror=true \
    -Dtests=disabled -Dexamples=disabled &&
    ninja -C "$1-build" -j "$jobs" &&
    meson install -C "$1-build" --no-rebuild --quiet || return
  files=$(cd "$1" && find . ! -type d | LC_ALL=C sort)
  printf '%s\n' "$files"
  case $2 in
    static) set -- "$1" lib/libspawnpipe.a ;;
    # Before 1.0 the minor version is the ABI.
    shared) set -- "$1" lib/libspawnpipe.so{,."$(project_version | cut -d . -f -2)",."$(project_version)"} ;;
  esac
  for header in lib/include/spawnpipe/*.hpp; do set -- "$@" "${header#lib/}"; done
  set -- "${@:2}" lib/pkgconfig/spawnpipe.pc lib/cmake/spawnpipe/spawnpipeConfig{,Version}.cmake
  diff <(printf './%s\n' "$@" | LC_ALL=C sort) <(printf '%s\n' "$files")
}

by_pkg_config() {
  local dir=$consumers/pkg-config-$2 pkg_config=pkg-config
  [ "$2" != static ] || pkg_config='pkg-config --static'
  mkdir "$dir"
  cp -r tests/consumers/main.cpp tests/consumers/pkgconfig "$dir/"
  PKG_CONFIG_PATH=$1/lib/pkgconfig make -C "$dir/pkgconfig" CXX=g++ PKG_CONFIG="$pkg_config" LDFLAGS="-Wl,-rpath,$1/lib" &&
    "$dir/pkgconfig/consumer" && linked "$dir/pkgconfig/consumer" "$2"
}

by_cmake() {
  local dir=$consumers/cmake-$2-$(basename "$1")
  mkdir "$dir"
  cp -r tests/consumers/main.cpp tests/consumers/cmake "$dir/"
  cmake -S "$dir/cmake" -B "$dir/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_PREFIX_PATH="$1" &&
    cmake --build "$dir/build" --verbose &&
    (cd "$dir/build" && ctest --output-on-failure) && linked "$dir/build/consumer" "$2"
}

# linked PROGRAM KIND: it needs the shared library, or none of it; and libuv only where it has taken the library in.
linked() {
  local needed
  needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(lib[a-z]*\).*/\1/p')
  printf 'It needs: %s\n' "${needed//$'\n'/ }"
  case $2 in
    static) ! grep -q libspawnpipe <<<"$needed" ;;
    shared) grep -q libspawnpipe <<<"$needed" && ! grep -q libuv <<<"$needed" ;;
  esac
}

# what_size LIBRARY: in bytes, stripped, without libuv.
what_size() {
  strip -o "$consumers/stripped.so" "$1" && stat -L -c %s "$consumers/stripped.so"
}

# size_as_told BYTES: the README says it, in KiB, rounded.
size_as_told() {
  local told
  told=$(tr '\n' ' ' <README.md | grep -oE 'some [0-9]+ KiB, stripped' | grep -oE '[0-9]+')
  printf 'Stripped: %s bytes; the README says %s KiB\n' "$1" "$told"
  [ "$1" -gt $(((told - 3) * 1024)) ] && [ "$1" -lt $(((told + 3) * 1024)) ]
}

# small_enough BYTES: the goal.
small_enough() {
  [ "$1" -gt 0 ] && [ "$1" -lt $((200 * 1024)) ]
}
