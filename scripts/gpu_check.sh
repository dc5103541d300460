#!/usr/bin/env bash
# The one command for a machine with a GPU; it needs no network. Runs from a checkout (after scripts/build.sh release) or from the folder that
# scripts/bundle_gpu.sh makes, and writes one JSON record.
#
#   scripts/gpu_check.sh [--bin FOLDER] [--out RECORD.json] [--work FOLDER] [--steps "tests bytes sanitizer bench peers"] [--large] [--device 0]
#
#   tests      every test program labelled gpu
#   bytes      the same job through the real binary with --device cpu and --device cuda, resident and streamed: every published file, byte for byte
#   sanitizer  compute-sanitizer memcheck and racecheck on small shapes, where the tool is there
#   bench      passes on resident rows beside the card's own copy rate (--large: 1e8 rows and more)
#   peers      the libraries that can be imported here, on the same rows and starting centroids
#
# Exit code: 0 if every step that ran passed; 1 if one failed; 5 if there is no usable GPU. A step that cannot run is recorded as skipped, with
# the reason, and printed as such.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin= out= work= device=0 large=
steps="tests bytes sanitizer bench peers"
while [ $# -gt 0 ]; do
  case $1 in
    --bin) bin=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --work) work=$2; shift 2 ;;
    --steps) steps=$2; shift 2 ;;
    --device) device=$2; shift 2 ;;
    --large) large=--large; shift ;;
    *) sed -n '2,/^set/p' "$0" | sed 's/^# \{0,1\}//;$d' >&2; exit 2 ;;
  esac
done
if [ -x "$here/clientele" ]; then
  bin=${bin:-$here} peers=$here/gpu_peers.py commit=$(cat "$here/COMMIT")
else
  root=$(dirname "$here")
  bin=${bin:-$root/build/release} peers=$root/bench/gpu_peers.py commit=$(git -C "$root" describe --always --dirty --abbrev=40)
fi
[ -n "$work" ] || { work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT; }
mkdir -p "$work"
out=${out:-gpu_record.json}
export CUDA_DEVICE_ORDER=PCI_BUS_ID

# A bundle carries the C library of the machine that built it, for machines whose own is older.
start=()
if ! "$bin/clientele" version >"$work/version" 2>&1 && [ -x "$bin/loader/ld-linux-x86-64.so.2" ]; then
  start=("$bin/loader/ld-linux-x86-64.so.2" --library-path "$bin/loader:$bin/lib:/usr/local/nvidia/lib64:/usr/lib/x86_64-linux-gnu:/usr/lib64")
fi
program() { local name=$1; shift; "${start[@]}" "$bin/$name" "$@"; }
program clientele version >"$work/version" 2>&1 || { cat "$work/version" >&2; exit 1; }

names=() states=() seconds=() details=()
# note NAME STATE SECONDS DETAIL: one line of the table; DETAIL is JSON.
note() {
  names+=("$1"); states+=("$2"); seconds+=("$3"); details+=("${4:-null}")
  printf '%-44s %-8s %8.1f s\n' "$1" "$2" "$3"
}
text() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.3f", b - a }'; }
# check NAME COMMAND...: passed, failed, or skipped (exit code 77); the last line of its output is the detail.
check() {
  local name=$1 begin code=0; shift
  begin=$(now)
  "$@" >"$work/output" 2>&1 || code=$?
  local state=passed
  [ $code -eq 77 ] && state=skipped
  [ $code -ne 0 ] && [ $code -ne 77 ] && { state=failed; tail -n 40 "$work/output" >&2; }
  note "$name" $state "$(since "$begin")" "$(text "$(tail -n 1 "$work/output")")"
}

step_tests() {
  local found=
  for test in "$bin"/*_cuda_test; do
    [ -x "$test" ] || continue
    found=yes
    check "$(basename "$test")" program "$(basename "$test")"
  done
  [ -n "$found" ] || note "tests labelled gpu" skipped 0 "$(text "none in $bin")"
}

# same_bytes NAME DATA JOB-LINES: runs the job on both devices and compares what they publish.
same_bytes() {
  local data=$2 lines=$3 cpu gpu file
  printf '%s\n' "$lines" | sed "s|DATA|$data|" >"$work/job.toml"
  rm -rf "$work/on_cpu" "$work/on_gpu"
  cpu=$(now); program clientele run "$work/job.toml" --device cpu --set 'run.device_memory=""' --out "$work/on_cpu" || return 1; cpu=$(since "$cpu")
  gpu=$(now); program clientele run "$work/job.toml" --device "cuda:$device" --out "$work/on_gpu" || return 1; gpu=$(since "$gpu")
  for file in segments.h5ad model.h5 profiles.json profiles.csv data_quality.json; do
    [ -s "$work/on_cpu/$file" ] || { echo "$file is missing"; return 1; }
    cmp "$work/on_cpu/$file" "$work/on_gpu/$file" || return 1
  done
  echo "equal; CPU $cpu s, GPU $gpu s"
}

# streamed_bytes DATA BYTES JOB-LINES: the same on a device that lacks so many bytes of what the job would take. JOB-LINES end in [run].
streamed_bytes() {
  local taken
  printf '%s\n' "$3" | sed "s|DATA|$1|" >"$work/job.toml"
  taken=$(program clientele plan "$work/job.toml" --json --device "cuda:$device" --out "$work/planned" --set run.memory=\"1TB\" |
    tr ',' '\n' | sed -n 's/.*"device_bytes": *\([0-9][0-9]*\).*/\1/p')
  [ -n "$taken" ] || { echo "no plan"; return 1; }
  same_bytes streamed "$1" "$3device_memory = \"$((taken - $2))\"" || return 1
  grep -q '"streamed_to": *"GPU"' "$work/on_gpu/run.json" || { echo "the rows were not streamed"; return 1; }
}

# compressed_bytes: the same, of so few bytes that the device keeps compressed rows.
compressed_bytes() {
  streamed_bytes "$@" || return 1
  grep -q '"compressed_bytes": *[1-9]' "$work/on_gpu/run.json" || { echo "the rows were not compressed"; return 1; }
}

step_bytes() {
  local rows
  rows() { # NAME OPTIONS...: generates a matrix
    rows=$work/$1.h5; shift
    program clientele generate --out "$rows" --force "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; return 1; }
  }
  local input='[input]
file = "DATA"
dataset = "/matrix"
'
  rows small --clients 3000 --features 4 --segments 3
  check "bytes: 3e3 x 4, k = 3, zscore" same_bytes small "$rows" "$input[cluster]
k = 3"
  check "bytes: 3e3 x 4, k = 1, minmax" same_bytes one "$rows" "$input[normalise]
method = \"minmax\"
[cluster]
k = 1"
  check "bytes: 3e3 x 4, spherical, robust" same_bytes sphere "$rows" "$input[normalise]
method = \"robust\"
[cluster]
algorithm = \"spherical\"
k = 5"
  rows tails --clients 150000 --features 5 --segments 4 --tails --separation 1
  check "bytes: 1.5e5 x 5 with tails, k = 2..5" same_bytes tails "$rows" "$input[normalise]
method = \"log_zscore\"
winsorise = [0.01, 0.99]
[cluster]
k = [2, 5]"
  check "bytes: 1.5e5 x 5, quantile, small blocks" same_bytes quantile "$rows" "$input[normalise]
method = \"quantile\"
[cluster]
k = 7
[run]
block_rows = 1000"
  rows cloud --clients 70000 --features 64 --kind structureless
  check "bytes: 7e4 x 64 structureless, k = 100" same_bytes cloud "$rows" "$input[cluster]
k = 100
restarts = 1
max_iterations = 20"
  rows events --clients 20000 --kind events
  check "bytes: events of 2e4 clients, k = 2..6" same_bytes events "$rows" '[events]
file = "DATA"
dataset = "/events"
client = "client"
ts = "ts"
amount = "amount"
qty = "qty"
[behaviour]
features = ["value", "timing"]
[cluster]
k = [2, 6]'
  [ -z "${CLIENTELE_SMALL:-}" ] || return 0
  rows million --clients 1000000 --features 16 --segments 8
  check "bytes: 1e6 x 16, k = 8" same_bytes million "$rows" "$input[cluster]
k = 8"
  check "bytes: 1e6 x 16 streamed from memory, k = 8" streamed_bytes "$rows" 32000000 "$input[cluster]
k = 8
[run]
"
  check "bytes: 1e6 x 16 compressed on the GPU, k = 8" compressed_bytes "$rows" 14000000 "$input[cluster]
k = 8
[run]
"
  rm -f "$rows"
  rows ten_million --clients 10000000 --features 32 --segments 20 --separation 1
  check "bytes: 1e7 x 32, k = 20" same_bytes ten_million "$rows" "$input[cluster]
k = 20
restarts = 1"
  check "bytes: 1e7 x 32 streamed from a file, k = 20" streamed_bytes "$rows" 1000000000 "$input[cluster]
k = 20
restarts = 1
[run]
memory = \"1500MB\"
"
  check "bytes: 1e7 x 32 compressed on the GPU, k = 20" compressed_bytes "$rows" 300000000 "$input[cluster]
k = 20
restarts = 1
[run]
"
  rm -f "$rows"
  [ -n "$large" ] || return 0
  rows hundred_million --clients 100000000 --features 16 --segments 10 --separation 1
  check "bytes: 1e8 x 16, k = 10" same_bytes hundred_million "$rows" "$input[cluster]
k = 10
restarts = 1
max_iterations = 20"
  rm -f "$rows"
}

step_sanitizer() {
  local tool
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
  [ -n "$tool" ] || { note "compute-sanitizer" skipped 0 "$(text "the tool is not installed")"; return; }
  [ -x "$bin/backend_contract_cuda_test" ] || { note "compute-sanitizer" skipped 0 "$(text "no test program in $bin")"; return; }
  # Tests of small shapes: the tool slows kernels down a hundredfold.
  local small='*Merge*:*Skip*:*Fetch*:*Transform*:*Digits*:*Moments*InPieces*:*SilhouetteEquals*:*Rarely*:*RoundsTogether*:*RoundsAtOnce*:*PagesContract*'
  for mode in memcheck racecheck; do
    check "compute-sanitizer $mode" "$tool" --tool $mode --error-exitcode 1 "${start[@]}" "$bin/backend_contract_cuda_test" --gtest_filter="$small"
  done
}

# json_step NAME COMMAND...: standard output is a JSON value and becomes the detail.
json_step() {
  local name=$1 begin code=0; shift
  begin=$(now)
  "$@" >"$work/json" 2>"$work/output" || code=$?
  [ $code -eq 0 ] || { tail -n 20 "$work/output" >&2; note "$name" failed "$(since "$begin")" "$(text "$(tail -n 1 "$work/output")")"; return; }
  note "$name" passed "$(since "$begin")" "$(cat "$work/json")"
  cat "$work/json"
}

step_bench() {
  [ -x "$bin/gpu_bench" ] || { note "gpu_bench" skipped 0 "$(text "not in $bin")"; return; }
  json_step "gpu_bench" program gpu_bench --device "$device" $large
}

step_peers() {
  local python
  python=$(for p in "${CLIENTELE_PYTHON:-}" python3 "$bin/../venv/bin/python"; do "$p" -c 'import numpy' 2>/dev/null && echo "$p" && break; done)
  [ -n "$python" ] || { note "peers" skipped 0 "$(text "no Python with NumPy")"; return; }
  json_step "peers: 1e7 x 32, k = 20" "$python" "$peers" --rows 10000000 --columns 32 --k 20
  json_step "peers: 1e7 x 16, k = 64" "$python" "$peers" --rows 10000000 --columns 16 --k 64
  json_step "peers: 1e7 x 64, k = 256" "$python" "$peers" --rows 10000000 --columns 64 --k 256
}

program clientele doctor --json >"$work/doctor.json" 2>"$work/output" || { cat "$work/output" >&2; exit 1; }
if ! printf '[input]\nfile = "%s"\n[cluster]\nk = 2\n' "$work/probe.h5" >"$work/job.toml" ||
   ! program clientele generate --clients 100 --features 2 --out "$work/probe.h5" --force >/dev/null 2>&1 ||
   ! program clientele run "$work/job.toml" --set 'input.dataset="/matrix"' --device "cuda:$device" --out "$work/probe" >"$work/output" 2>&1; then
  cat "$work/output" >&2
  echo "gpu_check: no usable GPU" >&2
  exit 5
fi
card=$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv,noheader -i "$device" 2>/dev/null || echo "unknown: no nvidia-smi")
echo "commit $commit on $card"
for step in $steps; do "step_$step"; done

failed=0
{
  printf '{"date": "%s", "commit": %s, "card": %s, "host_processors": %s,\n "doctor": ' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(text "$commit")" "$(text "$card")" "$(nproc)"
  cat "$work/doctor.json"
  printf ',\n "steps": ['
  for i in "${!names[@]}"; do
    [ "$i" -eq 0 ] || printf ','
    printf '\n  {"name": %s, "state": "%s", "seconds": %s, "detail": %s}' "$(text "${names[$i]}")" "${states[$i]}" "${seconds[$i]}" "${details[$i]}"
  done
  printf '\n ]}\n'
} >"$out"
for state in "${states[@]}"; do [ "$state" != failed ] || failed=$((failed + 1)); done
echo "record: $out; $failed step(s) failed"
[ "$failed" -eq 0 ]
