#!/usr/bin/env bash
# Builds what scripts/gpu_check.sh needs into one folder that runs on a machine without compilers, libraries or network: the program, the tests
# labelled gpu, the benchmark and their libraries. Only the NVIDIA driver comes from that machine.
#
#   scripts/bundle_gpu.sh [FOLDER]        default: build/gpu-bundle/clientele-gpu
#
# CLIENTELE_CUDA_ARCH chooses the architectures (default 90: H100 and H200; several are separated by semicolons).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/gpu-bundle/clientele-gpu}
limit_mib=60
build=build/gpu-bundle/build
programs=(clientele backend_contract_cuda_test tensor_cuda_test gpu_bench)

# The old kind of run path also serves the libraries' own libraries.
mkdir -p "$(dirname "$build")"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CUDA_ARCHITECTURES="${CLIENTELE_CUDA_ARCH:-90}" \
  -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN/lib' -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags >"$build-configure.log" 2>&1 ||
  { cat "$build-configure.log" >&2; exit 1; }
if grep -q 'building without CUDA' "$build-configure.log"; then
  echo "bundle_gpu: no CUDA toolkit here, so there is nothing to bundle" >&2
  exit 1
fi
cmake --build "$build" --target "${programs[@]}"

rm -rf "$folder"
mkdir -p "$folder/lib" "$folder/loader"
for program in "${programs[@]}"; do
  cp "$build/$program" "$folder/"
  strip "$folder/$program"
done
cp scripts/gpu_check.sh bench/gpu_peers.py "$folder/"
git describe --always --dirty --abbrev=40 >"$folder/COMMIT"
# Everything but the C library goes into lib/, which the programs search first. The C library and its loader go into loader/, which
# gpu_check.sh uses only where the machine's own are too old.
for program in "${programs[@]}"; do ldd "$build/$program"; done | awk '/=> \// { print $3 } /^\t\/.*ld-linux/ { print $1 }' | sort -u |
  while read -r library; do
    case $(basename "$library") in
      ld-linux* | libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so* | libresolv.so*) cp -L "$library" "$folder/loader/" ;;
      *) cp -L "$library" "$folder/lib/" ;;
    esac
  done

mib=$(du -sm "$folder" | cut -f 1)
echo "$folder: $mib MiB"
[ "$mib" -lt "$limit_mib" ] || { echo "bundle_gpu: more than $limit_mib MiB" >&2; exit 1; }
(cd "$folder" && ./clientele version >/dev/null)
echo "on the machine with the GPU: cd $(basename "$folder") && ./gpu_check.sh"
