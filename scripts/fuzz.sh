#!/usr/bin/env bash
# Coverage-guided fuzzing of the readers and the job file under address and undefined-behaviour sanitizers (clang's libFuzzer).
#   scripts/fuzz.sh [SECONDS per target, default 300]
# A finding is left in build/fuzz/ and the exit status is not 0. scripts/test.sh replays the corpus with mutations for a few seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-300}
scripts/setup.sh fuzz
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1 -D_GLIBCXX_ASSERTIONS" \
  -DCLIENTELE_FUZZ=ON -DCLIENTELE_CUDA=OFF -DCLIENTELE_BENCH=OFF "-DCLIENTELE_SANITIZE=address;undefined" >build/fuzz-configure.log 2>&1 ||
  { cat build/fuzz-configure.log; exit 1; }
cmake --build build/fuzz --target fuzz_read fuzz_job write_seeds | tail -n 1
build/fuzz/tests/fuzz/write_seeds build/fuzz/corpus
export LSAN_OPTIONS=suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0
cd build/fuzz
for target in fuzz_read fuzz_job; do
  echo "== $target, $seconds s"
  mkdir -p "found/$target"
  tests/fuzz/$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 -artifact_prefix="$target-" \
    "found/$target" "corpus/${target#fuzz_}" 2>"$target.log" || { tail -n 60 "$target.log"; exit 1; }
  grep -E 'stat::(number_of_executed_units|new_units_added|average_exec_per_sec)|Done' "$target.log"
done
