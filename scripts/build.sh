#!/usr/bin/env bash
# Configures and builds one preset: scripts/build.sh release [target...]. Says once when there is no CUDA toolkit.
# CLIENTELE_CUDA_ARCH limits the GPU architectures (CI builds one); the default is every one that the project supports.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}; shift || true
options=()
[ -n "${CLIENTELE_CUDA_ARCH:-}" ] && options+=("-DCMAKE_CUDA_ARCHITECTURES=$CLIENTELE_CUDA_ARCH")
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1  # a clone elsewhere finds what this one compiled
mkdir -p build
log=build/$preset-configure.log
cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
grep -h 'clientele: building without CUDA' "$log" | sed 's/^-- //' || true
# On a terminal the whole build is seen; in a log its last line, or what failed.
if [ -t 1 ]; then exec cmake --build --preset "$preset" ${1:+--target "$@"}; fi
log=build/$preset-build.log
cmake --build --preset "$preset" ${1:+--target "$@"} >"$log" 2>&1 || { grep -A 40 '^FAILED' "$log" >&2 || tail -n 40 "$log" >&2; exit 1; }
tail -n 1 "$log"
