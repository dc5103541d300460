#!/usr/bin/env bash
# Installs what the project needs (Debian 12 packages; root or sudo) and a Python environment inside the build folder.
#   scripts/setup.sh demo | test | bench | peers | fuzz
# Safe to run again: what is there is left alone. Nothing outside the Debian packages and build/ is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-test}
venv=build/venv

packages=(g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-venv
  libhdf5-dev libdeflate-dev liblzf-dev libhwy-dev libxxhash-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libgtest-dev)
case $what in
  demo) python_packages=(h5py numpy pandas) ;;
  test) packages+=(libbenchmark-dev clang-format); python_packages=(h5py numpy pandas scipy scikit-learn anndata pyarrow) ;;
  bench) packages+=(libbenchmark-dev); python_packages=(h5py numpy pandas scipy scikit-learn scikit-learn-intelex faiss-cpu psutil) ;;
  # The k-means libraries that scripts/bench_kmeans.py measures, as its record has them, apart from everything else.
  peers) packages+=(libbenchmark-dev); venv=build/venv-peers
    python_packages=(numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 scikit-learn-intelex==2026.2.0 faiss-cpu==1.15.1 superkmeans==0.2.0
      threadpoolctl matplotlib) ;;
  fuzz) packages+=(clang); python_packages=() ;;
  *) echo "usage: scripts/setup.sh demo | test | bench | peers | fuzz" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

[ ${#python_packages[@]} -gt 0 ] || exit 0
if ! [ -x $venv/bin/python ] || ! $venv/bin/python -c 'import sys' 2>/dev/null; then
  echo "setup: making the Python environment $venv"
  /usr/bin/python3 -m venv $venv 2>/dev/null || python3 -m venv $venv
fi
stamp=$venv/.installed-$what-$(printf '%s\n' "${python_packages[@]}" | cksum | cut -d' ' -f1)
if ! [ -e "$stamp" ]; then
  echo "setup: installing ${python_packages[*]} into $venv"
  if $venv/bin/python -m pip install -q --disable-pip-version-check --prefer-binary "${python_packages[@]}"; then
    touch "$stamp"
  elif [ "$what" = demo ]; then
    echo "setup: no network for Python packages; the demo will use a generated log"
  else
    exit 1
  fi
fi
