#!/usr/bin/env python3
"""Times the finding of starting centroids against scikit-learn's k-means++ on the same rows, and compares what five full rounds of Lloyd make of
both: the speed counts only at equal or better inertia.

  cmake --preset release -DCLIENTELE_BENCH=ON && scripts/build.sh release seeding_bench
  build/venv/bin/python scripts/bench_seeding.py --bench build/release/bench/seeding_bench --out record.json

Rows: overlapping mixtures with heavy-tailed columns. Both inertias are computed here, in double, from the centroids after the fifth update."""
import argparse
import datetime
import json
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans, kmeans_plusplus


def mixture(n, d, k, seed):
    random = np.random.default_rng(seed)
    centres = random.normal(0, 2.0, (k, d))
    x = random.standard_normal((n, d), dtype=np.float32)
    x += centres[random.integers(0, k, n)].astype(np.float32)
    x[:, ::4] = np.exp(x[:, ::4] * np.float32(0.5))
    return (x - x.mean(0, dtype=np.float64)).astype(np.float32)


def inertia(x, centroids):
    c = centroids.astype(np.float64)
    total = 0.0
    for first in range(0, len(x), 50_000):
        rows = x[first: first + 50_000].astype(np.float64)
        nearest = np.argmin((c ** 2).sum(1) - 2 * rows @ c.T, axis=1)
        total += ((rows - c[nearest]) ** 2).sum()
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="the seeding_bench program")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shapes", default="16,8 32,8 64,8 16,64 32,64 64,64 16,256", help="d,k ...")
    parser.add_argument("--restarts", type=int, default=1, help="clientele's; scikit-learn's k-means++ has one")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    options.bench = Path(options.bench).resolve()
    record = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "processor": platform.processor(),
              "threads": options.threads, "rows": options.rows, "restarts": options.restarts, "scikit-learn": sklearn.__version__,
              "numpy": np.__version__, "load": os.getloadavg(), "shapes": []}
    print(f"{'d':>4} {'k':>5} {'clientele s':>12} {'scikit-learn s':>15} {'times':>7} {'processor times':>16} {'inertia after 5 rounds, theirs = 1':>36}")
    for shape in options.shapes.split():
        d, k = map(int, shape.split(","))
        x = mixture(options.rows, d, k, options.seed)
        with tempfile.TemporaryDirectory() as folder:
            matrix, after = Path(folder) / "x.f32", Path(folder) / "c.f32"
            x.tofile(matrix)
            ours, theirs, processor = [], [], []
            for repeat in range(options.repeats):
                out = subprocess.run([options.bench, matrix, str(options.rows), str(d), str(k), str(options.restarts), str(options.seed),
                                      str(options.threads), after], check=True, capture_output=True, text=True).stdout
                ours.append(json.loads(out))
                if repeat == 0 or options.repeats > 1 and theirs[0] < 5:
                    begin, used = time.perf_counter(), time.process_time()
                    start, _ = kmeans_plusplus(x, k, random_state=options.seed)
                    theirs.append(time.perf_counter() - begin)
                    processor.append(time.process_time() - used)
            model = KMeans(k, init=start, n_init=1, max_iter=5, tol=0, algorithm="lloyd").fit(x)
            best = min(ours, key=lambda one: one["seeding_ms"])
            found = inertia(x, np.fromfile(after, "<f4").reshape(k, d))
            peer = inertia(x, model.cluster_centers_)
        entry = {"d": d, "k": k, "clientele": best, "scikit_learn_s": min(theirs), "times": 1000 * min(theirs) / best["seeding_ms"],
                 "scikit_learn_processor_s": min(processor),
                 "processor_times": 1000 * min(processor) / min(one["seeding_processor_ms"] for one in ours),
                 "inertia": found, "scikit_learn_inertia": peer, "inertia_ratio": found / peer}
        record["shapes"].append(entry)
        print(f"{d:4} {k:5} {best['seeding_ms'] / 1000:12.3f} {min(theirs):15.3f} {entry['times']:7.1f} {entry['processor_times']:16.1f} {entry['inertia_ratio']:36.6f}", flush=True)
    if options.out:
        Path(options.out).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
