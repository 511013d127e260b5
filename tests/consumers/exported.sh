#!/usr/bin/env bash
# exported.sh LIBRARY: fails, and names them, where a shared library exports symbols that are not spawnpipe's own.
set -euo pipefail
ours='^((vtable|typeinfo|typeinfo name) for )?spawnpipe::'
symbols=$(nm -DC --defined-only "$1" | cut -d ' ' -f 3-)
[ -n "$symbols" ] || { printf '%s exports nothing\n' "$1"; exit 1; }
strangers=$(grep -vE "$ours" <<<"$symbols" || true)
inner=$(grep -E '^[^(]*spawnpipe::(detail|platform)::' <<<"$symbols" || true)
[ -z "$strangers$inner" ] || { printf '%s exports what is not its API:\n%s\n%s\n' "$1" "$strangers" "$inner"; exit 1; }
printf '%s exports %s symbols, all its own\n' "$1" "$(wc -l <<<"$symbols")"
