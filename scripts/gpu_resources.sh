#!/usr/bin/env bash
# What the CUDA compiler says of every kernel for every architecture: registers, shared memory, stack and spills. Needs a toolkit and no GPU.
# Prints a Markdown table (bench/results/gpu-resources.md keeps one) and ends with 1 if any kernel spills registers or gives a warning.
#
#   scripts/gpu_resources.sh [FILE.cu...] > bench/results/gpu-resources.md      default: everything under kernels/
#
# CLIENTELE_CUDA_ARCH chooses the architectures (default "80 86 89 90 100 120").
set -euo pipefail
cd "$(dirname "$0")/.."
nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
architectures=${CLIENTELE_CUDA_ARCH:-80 86 89 90 100 120}
[ $# -gt 0 ] || set -- kernels/*.cu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The flags of scripts/cmake/cuda.cmake and of clientele_flags.
flags=(-std=c++20 -O3 -DNDEBUG --expt-relaxed-constexpr -diag-suppress=554 -fmad=false -ftz=false -prec-div=true -prec-sqrt=true
  -Werror=all-warnings -Xcompiler=-ffp-contract=off -Iinclude -Ikernels/ptx -Xptxas=-v)
resources_of() {  # FILE ARCHITECTURE: a line for each kernel
  local file=$1 architecture=$2 out="$work/$(basename "$1").$2"
  "$nvcc" "${flags[@]}" -arch="sm_$architecture" -cubin "$file" -o "$out.cubin" >"$out.log" 2>&1 || { cat "$out.log" >&2; return 255; }
  # Two lines a kernel: its name, then its spills and its registers.
  sed -n "s|^ptxas info *: Compiling entry function '\([^']*\)'.*|name \1|p;s|^ *\([0-9]*\) bytes stack frame, \([0-9]*\) bytes spill stores, \([0-9]*\) bytes spill loads|stack \1 \2 \3|p;s|^ptxas info *: Used \([0-9]*\) registers.*|& |p" "$out.log" |
    c++filt | awk -v file="$(basename "$file")" -v architecture="$architecture" '
      /^name/ { name = substr($0, 6); gsub(/\(anonymous namespace\)::/, "", name); sub(/^void /, "", name); sub(/\(.*$/, "", name)
                gsub(/clientele::(gpu::)?/, "", name); gsub(/\(int\)|\(bool\)/, "", name); if (name ~ /^cub::/) name = "CUB"; next }
      /^stack/ { stack = $2; spills = $3 + $4; next }
      /registers/ { match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
                    shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
                    print file "|" name "|" architecture "|" registers "|" shared "|" stack "|" spills }' >"$out.rows"
}
for file in "$@"; do
  for architecture in $architectures; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    resources_of "$file" "$architecture" &
    running="${running:-} $!"
  done
done
for job in $running; do wait "$job"; done
for file in "$@"; do
  for architecture in $architectures; do cat "$work/$(basename "$file").$architecture.rows"; done
done >"$work/rows"
echo "# What the compiler makes of the kernels"
echo
echo "Written by \`scripts/gpu_resources.sh\` with CUDA $("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p'). Registers a thread, static shared memory a block in bytes, for each architecture;"
echo "CUB: the largest of its kernels. Shared memory that is asked for at launch is not in it. Nothing here was run on a GPU."
echo
awk -F'|' -v architectures="$architectures" '
  { kernel = $1 "|" $2; if (!(kernel in seen)) { seen[kernel] = 1; order[++kernels] = kernel }
    if ($4 + 0 > registers[kernel, $3] + 0) registers[kernel, $3] = $4; if ($5 + 0 > shared[kernel] + 0) shared[kernel] = $5
    if ($6 + 0 > stack[kernel] + 0) stack[kernel] = $6; if ($7 + 0 > spills[kernel] + 0) spills[kernel] = $7 }
  END { count = split(architectures, a, " "); printf "| file | kernel |"; for (i = 1; i <= count; ++i) printf " sm_%s |", a[i]
        printf " shared | stack | spills |\n|---|---|"; for (i = 1; i <= count + 3; ++i) printf "---|"; printf "\n"
        for (n = 1; n <= kernels; ++n) { kernel = order[n]; split(kernel, part, "|"); printf "| `%s` | `%s` |", part[1], part[2]
          for (i = 1; i <= count; ++i) printf " %s |", registers[kernel, a[i]]
          printf " %d | %d | %d |\n", shared[kernel], stack[kernel], spills[kernel]; if (spills[kernel] > 0) bad = bad " " kernel }
        if (bad != "") { print "spills:" bad > "/dev/stderr"; exit 1 } }' "$work/rows"
