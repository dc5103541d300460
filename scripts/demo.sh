#!/usr/bin/env bash
# The main job on real data: installs what is missing, builds the release, gets the CDNOW purchase log (69,659 purchases of 23,570
# clients, 1997-98; with no network a generated log), turns it into HDF5 and goes from purchases to published segments.
# Prints where the report and the segments lie. Safe to run twice: the second run says "up to date".
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== 1/4 what is needed";  scripts/setup.sh demo
echo "== 2/4 build";           scripts/build.sh release clientele
clientele=build/release/clientele
demo=build/demo
mkdir -p $demo

echo "== 3/4 data"
if [ ! -e $demo/purchases.h5 ]; then
  if build/venv/bin/python scripts/get_cdnow.py $demo/purchases.csv; then
    build/venv/bin/python scripts/to_hdf5.py $demo/purchases.csv $demo/purchases.h5 --group purchases --time ts --money amount
  else
    echo "no network: a generated log instead of CDNOW"
    $clientele generate --kind events --clients 20000 --segments 4 --seed 1 --out $demo/purchases.h5 --force
  fi
fi

echo "== 4/4 from purchases to segments"
job=scripts/jobs/demo.toml
$clientele run $job --set "events.file=$PWD/$demo/purchases.h5" --out $demo/segments
