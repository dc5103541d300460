#!/usr/bin/env bash
# Coverage-guided fuzzing of the readers and the job file under address and undefined-behaviour sanitizers (clang's libFuzzer).
#   scripts/fuzz.sh [SECONDS per target, default 300]
# The HDF5 library of Debian 12 crashes and hangs on some damaged files. Such findings are counted apart and the fuzzer goes on; a
# finding of clientele's own is shown, its input is left in build/fuzz/, and the exit status is not 0.
# scripts/test.sh replays the seeds with mutations for some seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-300}
scripts/setup.sh fuzz
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1 -D_GLIBCXX_ASSERTIONS" \
  -DCLIENTELE_FUZZ=ON -DCLIENTELE_CUDA=OFF -DCLIENTELE_BENCH=OFF "-DCLIENTELE_SANITIZE=address;undefined" >build/fuzz-configure.log 2>&1 ||
  { cat build/fuzz-configure.log; exit 1; }
cmake --build build/fuzz --target fuzz_read fuzz_job write_seeds | tail -n 1
build/fuzz/write_seeds build/fuzz/corpus
export LSAN_OPTIONS=suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0
cd build/fuzz
faults=0
for target in fuzz_read fuzz_job; do
  echo "== $target, $seconds s"
  mkdir -p "found/$target"
  rm -rf "$target-findings"
  mkdir "$target-findings"
  ./$target -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 -max_total_time="$seconds" -timeout=4 -rss_limit_mb=4096 -max_len=65536 \
    -artifact_prefix="$target-findings/" "found/$target" "corpus/${target#fuzz_}" >"$target.log" 2>&1 || true
  # The fuzzer's own status is that of its last child, whatever is ignored: whether it ran to the end says its log.
  grep -q '^INFO: exiting: ' "$target.log" || { tail -n 60 "$target.log"; exit 1; }
  grep -E '^#[0-9]+: cov' "$target.log" | tail -n 1
  python3 ../../scripts/fuzz_faults.py "./$target" $(find "$target-findings" -type f | sort) || faults=1
done
exit $faults
