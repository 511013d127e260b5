# shellcheck shell=bash
# tests/run lint: what can be seen in the sources without running them.

# A lint check: its name, and the text that should be empty.
lint_check() {
  if [ -z "$2" ]; then
    note_case lint "$1" passed ''
  else
    printf '%s\n' "$2"
    note_case lint "$1" failed 'see its output'
  fi
}

sources() { find "$@" \( -name '*.cpp' -o -name '*.hpp' \) -print | LC_ALL=C sort; }

# How clang reads sources for Windows, on mingw-w64's headers; into `for_windows`.
flags_for_windows() {
  local standard_library
  standard_library=$(x86_64-w64-mingw32-g++-posix -print-file-name=include/c++)
  for_windows=(--target=x86_64-w64-mingw32 --sysroot=/usr/x86_64-w64-mingw32 -isystem "$standard_library"
    -isystem "$standard_library/x86_64-w64-mingw32" -std=c++20 -DSPAWNPIPE_STATIC -Ilib/include -Ilib -Iplatform -Iexamples)
}

# What clang has to say of these.
warnings_of_clang_for_windows() {
  local for_windows
  flags_for_windows
  sources lib platform/windows examples/windows | grep '\.cpp$' |
    xargs -P "$jobs" -n 1 clang++ -fsyntax-only "${for_windows[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow 2>&1
}

# What clang-tidy has to say of each source, by itself: the builds have it together with others, or behind a precompiled header.
tidy() {
  local for_windows
  flags_for_windows
  {
    sources lib platform | grep '\.cpp$' | grep -v '^platform/windows/' |
      xargs -P "$jobs" -I{} clang-tidy --quiet {} -- -std=c++20 -pthread -DSPAWNPIPE_BUILDING -Ilib/include -Ilib -Iplatform
    sources platform/windows | grep '\.cpp$' | xargs -P "$jobs" -I{} clang-tidy --quiet {} -- "${for_windows[@]}"
  } 2>/dev/null | grep -v '^$'
}

lint() {
  printf '== Lint\n'
  result_folders+=("$(folder lint)/results")
  rm -rf "$(folder lint)"
  mkdir -p "$(folder lint)"
  need gcc
  install_missing cmd:clang-format=clang-format cmd:clang-tidy=clang-tidy cmd:clang++=clang \
    cmd:x86_64-w64-mingw32-g++-posix=g++-mingw-w64-x86-64-posix

  lint_check 'clang-format' "$(sources lib platform tests examples | xargs clang-format --dry-run -Werror 2>&1)"
  lint_check 'clang-tidy' "$(tidy)"
  lint_check "clang's mingw target" "$(warnings_of_clang_for_windows)"
  lint_check 'platform conditionals outside platform' "$(grep -nE \
    '\b(_WIN32|_WIN64|_MSC_VER|__MINGW32__|__linux__|__linux|__APPLE__|__unix__|__FreeBSD__|__ANDROID__)\b' \
    $(sources lib tests/contract tests/unit tests/simulated examples | grep -v '/export\.hpp$') 2>&1)"
  lint_check 'system headers in lib' "$(grep -nE \
    '#include <(sys/|unistd|fcntl|signal|csignal|poll|pthread|spawn|uv|windows|io)\b' $(sources lib) 2>&1)"
  lint_check 'unfinished marks' "$(grep -rnE '\b(TO''DO|FIX''ME)\b' lib platform tests examples meson.build 2>&1)"
}
