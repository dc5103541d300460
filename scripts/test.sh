#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: the house rules; unit, contract and command-line tests of the release; unit,
# contract and fuzz-replay tests again under the address and undefined-behaviour sanitizers; the installed program.
# Without a GPU the tests labelled gpu are reported as skipped, by name. Safe to run twice.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

echo "== 1/5 what is needed"; scripts/setup.sh test
echo "== 2/5 house rules"
python3 scripts/check_layers.py --self-test
python3 scripts/check_layers.py
git ls-files -z '*.h' '*.cpp' '*.cu' '*.cuh' | xargs -0 clang-format --dry-run --Werror

echo "== 3/5 release build and tests"
[ -n "${CI:-}" ] && export CLIENTELE_CUDA_ARCH=${CLIENTELE_CUDA_ARCH:-90}
scripts/build.sh release
ctest --test-dir build/release --output-on-failure --no-tests=error -j "$jobs"

echo "== 4/5 sanitizer build and tests"
scripts/build.sh asan
ctest --test-dir build/asan --output-on-failure --no-tests=error -L 'unit|contract|fuzz' -j "$jobs"

echo "== 5/5 installs"
cmake --install build/release --prefix build/installed >/dev/null
build/installed/bin/clientele version
