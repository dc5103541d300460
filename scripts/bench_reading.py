#!/usr/bin/env python3
"""Reading speed: clientele's Source against a plain pread of the same file and against h5py, interleaved, page cache warm.

  scripts/setup.sh bench && scripts/build.sh release read_bench && build/venv/bin/python scripts/bench_reading.py --out record.json

Bars: contiguous at 80 % of the pread, with the same threads; gzip-4 with shuffle at 2.5 times h5py on one core."""
import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent


def make(path, n, d, options):
    random = np.random.default_rng(1)
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        dataset = file.create_dataset("matrix", (n, d), "f4", **options)
        for first in range(0, n, 2**19):
            m = min(2**19, n - first)
            dataset[first: first + m] = np.round(random.normal(0, 1, (m, d)), 2).astype(np.float32)


def h5py_read(path):
    start = time.perf_counter()
    with h5py.File(path) as file:
        data = file["matrix"][:]
    return data.nbytes / (time.perf_counter() - start)


def own_read(binary, way, path, threads):
    said = json.loads(subprocess.run([binary, way, path, str(threads)], check=True, capture_output=True, text=True).stdout)
    return said["bytes"] / said["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=8_000_000)
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--binary", default=str(ROOT / "build/release/read_bench"))
    parser.add_argument("--out")
    options = parser.parse_args()
    record = {"what": "reading, GB/s of decoded bytes", "date": str(datetime.date.today()), "cores": os.cpu_count(), "cases": {}}
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = f"{folder}/plain.h5", f"{folder}/gzip.h5"
        make(plain, options.rows, options.columns, {})
        make(packed, options.rows // 4, options.columns, {"chunks": (8192, options.columns), "compression": 4, "shuffle": True})
        ways = {"contiguous pread, 2 threads": lambda: own_read(options.binary, "pread", plain, 2),
                "contiguous clientele, 2 threads": lambda: own_read(options.binary, "source", plain, 2),
                "contiguous h5py": lambda: h5py_read(plain),
                "gzip clientele, 1 thread": lambda: own_read(options.binary, "source", packed, 1),
                "gzip clientele, 2 threads": lambda: own_read(options.binary, "source", packed, 2),
                "gzip h5py": lambda: h5py_read(packed)}
        speeds = {name: [] for name in ways}
        for _ in range(options.repeats):
            for name, way in ways.items():
                speeds[name].append(way())
    for name, values in speeds.items():
        record["cases"][name] = {"median_GB_s": statistics.median(values) / 1e9, "all": [v / 1e9 for v in values]}
        print(f"{name:34s} {statistics.median(values) / 1e9:7.2f} GB/s")

    def ratio(a, b):
        return statistics.median(x / y for x, y in zip(speeds[a], speeds[b]))

    record["contiguous_over_pread"] = ratio("contiguous clientele, 2 threads", "contiguous pread, 2 threads")
    record["gzip_over_h5py_one_core"] = ratio("gzip clientele, 1 thread", "gzip h5py")
    print(f"contiguous / pread {record['contiguous_over_pread']:.2f} (bar 0.80), gzip / h5py on one core {record['gzip_over_h5py_one_core']:.2f} (bar 2.50)")
    if options.out:
        Path(options.out).write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
