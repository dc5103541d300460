#!/usr/bin/env python3
"""Times the same whole job - read HDF5, scale, k-means from given centroids, write - through clientele and through the libraries of the field,
in one interleaved run on this machine, and checks that the results agree before it compares times.

  scripts/setup.sh bench && build/venv/bin/python scripts/bench_peers.py --rows 10000000 --columns 32 --k 20 --iterations 20 --out record.json

Peers: h5py + StandardScaler + scikit-learn (its own OpenBLAS choice and, where the processor has AVX-512, OPENBLAS_CORETYPE=SkylakeX), the
same with scikit-learn-intelex, and faiss-cpu. Every program runs as its own process with the same threads; wall time and peak memory are the
operating system's. clientele also judges, profiles and writes its report in that time; the peers write labels and centroids."""
import argparse
import datetime
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from measured_on import commit, machine_facts  # noqa: E402

PEER = r'''
import os, sys, json, numpy as np, h5py
name, data, start, out, k, iterations, threads = sys.argv[1:8]
k, iterations, threads = int(k), int(iterations), int(threads)
if name == "scikit-learn-intelex":
    from sklearnex import patch_sklearn
    patch_sklearn(verbose=False)
from sklearn.preprocessing import StandardScaler
with h5py.File(data) as f:
    x = f["matrix"][:]
x = StandardScaler(copy=False).fit_transform(x)
c0 = np.load(start).astype(np.float32)
if name == "faiss-cpu":
    import faiss
    faiss.omp_set_num_threads(threads)
    kmeans = faiss.Kmeans(x.shape[1], k, niter=iterations, nredo=1, max_points_per_centroid=2**31 - 1, min_points_per_centroid=1, seed=1)
    kmeans.train(x, init_centroids=c0)
    centroids = kmeans.centroids
    labels = kmeans.index.search(x, 1)[1].ravel().astype(np.int32)
else:
    from sklearn.cluster import KMeans
    model = KMeans(n_clusters=k, init=c0, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(x)
    centroids, labels = model.cluster_centers_, model.labels_
np.savez(out, centroids=centroids, labels=labels)
'''


def make_data(path, n, d, k, seed, kind):
    """Overlapping mixture with heavy-tailed columns, or structureless normal rows; float32, contiguous, written in pieces."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 2.0, (k, d))
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        dataset = file.create_dataset("matrix", (n, d), "f4")
        for first in range(0, n, 500_000):
            m = min(500_000, n - first)
            rows = random.standard_normal((m, d), dtype=np.float32)
            if kind == "mixture":
                rows += centres[random.integers(0, k, m)].astype(np.float32)
                rows[:, :: 4] = np.exp(rows[:, :: 4] * np.float32(0.5))
            dataset[first: first + m] = rows


def starting_centroids(path, k, seed):
    """k rows, scaled as StandardScaler would, from a first pass of mean and variance in double."""
    with h5py.File(path) as file:
        x = file["matrix"]
        n, d = x.shape
        total, squares = np.zeros(d), np.zeros(d)
        for first in range(0, n, 500_000):
            rows = x[first: first + 500_000].astype(np.float64)
            total += rows.sum(0)
            squares += (rows ** 2).sum(0)
        mean = total / n
        sd = np.sqrt(squares / n - mean ** 2)
        chosen = np.sort(np.random.default_rng(seed).choice(n, k, replace=False))
        return (np.stack([x[i] for i in chosen]).astype(np.float64) - mean) / sd, mean, sd


def timed(command, env):
    """(seconds, peak bytes) of one process; its output is shown when it fails."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            said.seek(0)
            raise SystemExit(f"{command[0]} failed:\n{said.read().decode(errors='replace')[-3000:]}")
    return seconds, usage.ru_maxrss * 1024


def inertia(path, centroids, mean, sd):
    """Over all rows, in double, against the given centroids (normalised space)."""
    total = 0.0
    with h5py.File(path) as file:
        x = file["matrix"]
        for first in range(0, x.shape[0], 200_000):
            z = (x[first: first + 200_000].astype(np.float64) - mean) / sd
            d2 = (z ** 2).sum(1)[:, None] - 2 * z @ centroids.T + (centroids ** 2).sum(1)
            total += d2.min(1).sum()
    return total


def programs(options, folder, data):
    """name -> (command, environment, function that loads its centroids)."""
    threads = {v: str(options.threads) for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    job = folder / "job.toml"
    job.write_text(f'[input]\nfile = "{data}"\ndataset = "matrix"\n[cluster]\nk = {options.k}\ninit = "{folder}/start.h5:/centroids"\n'
                   f'max_iterations = {options.iterations}\nstop = "strict"\n[run]\nthreads = {options.threads}\ndevice = "cpu"\n')

    def ours():
        with h5py.File(folder / "ours/model.h5") as file:
            found = []
            file.visititems(lambda name, item: found.append(name) if name.endswith("centroids_normalised") else None)
            return file[found[0]][:].reshape(options.k, -1)

    table = {"clientele": ([options.binary, "run", str(job), "--out", str(folder / "ours"), "--force", "--quiet"], {}, ours)}
    for peer in options.peers.split(","):
        base, _, core = peer.partition("+")
        out = folder / f"{peer}.npz"
        command = [sys.executable, "-c", PEER, base, str(data), str(folder / "start.npy"), str(out), str(options.k),
                   str(options.iterations), str(options.threads)]
        table[peer] = (command, {**threads, **({"OPENBLAS_CORETYPE": core} if core else {})}, lambda out=out: np.load(out)["centroids"])
    return table


def measure(options, folder, data):
    start, mean, sd = starting_centroids(data, options.k, options.seed)
    np.save(folder / "start.npy", start)
    with h5py.File(folder / "start.h5", "w") as file:
        file["centroids"] = start
    table = programs(options, folder, data)
    runs = {name: [] for name in table}
    for repeat in range(options.repeats):
        for name, (command, env, _) in table.items():
            seconds, peak = timed(command, env)
            runs[name].append((seconds, peak))
            print(f"run {repeat + 1}: {name:32s} {seconds:8.2f} s {peak / 2**20:9.0f} MiB", flush=True)
    matrix = options.rows * options.columns * 4
    result = {}
    for name, (_, _, load) in table.items():
        seconds = [s for s, _ in runs[name]]
        result[name] = {"seconds": seconds, "median_s": statistics.median(seconds), "min_s": min(seconds),
                        "peak_bytes": max(p for _, p in runs[name]), "peak_over_matrix": max(p for _, p in runs[name]) / matrix,
                        "inertia": inertia(data, np.asarray(load(), np.float64), mean, sd)}
    reference = result["clientele"]["inertia"]
    for name, entry in result.items():
        entry["inertia_ratio"] = entry["inertia"] / reference
        entry["ratio_to_clientele"] = statistics.median(
            theirs / ours for (theirs, _), (ours, _) in zip(runs[name], runs["clientele"]))
        entry["agrees"] = bool(abs(entry["inertia_ratio"] - 1) < 1e-4)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=["mixture", "structureless"], default="mixture")
    parser.add_argument("--peers", default="scikit-learn,scikit-learn-intelex,faiss-cpu", help="NAME or NAME+OPENBLAS_CORETYPE, with commas")
    parser.add_argument("--binary", default=str(ROOT / "build/release/clientele"))
    parser.add_argument("--folder", help="where the data goes (default: a temporary folder)")
    parser.add_argument("--out", help="JSON record")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        data = Path(scratch) / "data.h5"
        make_data(data, options.rows, options.columns, options.k, options.seed, options.kind)
        result = measure(options, Path(scratch), data)
    import importlib.metadata as metadata
    versions = {}
    for package in ("numpy", "h5py", "scikit-learn", "scikit-learn-intelex", "faiss-cpu"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    record = {"what": "whole job: read, scale, k-means from given centroids, write", "date": str(datetime.date.today()), "commit": commit(),
              "machine": machine_facts(), "versions": versions, "rows": options.rows, "columns": options.columns, "k": options.k,
              "iterations": options.iterations, "threads": options.threads, "kind": options.kind, "programs": result}
    print(f"\n| program | median s | x clientele | peak / matrix | inertia ratio |\n|---|---|---|---|---|")
    for name, entry in result.items():
        print(f"| {name} | {entry['median_s']:.2f} | {entry['ratio_to_clientele']:.2f} | {entry['peak_over_matrix']:.2f} | {entry['inertia_ratio']:.7f} |")
    if options.out:
        Path(options.out).write_text(json.dumps(record, indent=1) + "\n")
    disagree = [name for name, entry in result.items() if not entry["agrees"]]
    if disagree:
        print(f"results disagree: {', '.join(disagree)}; times above are not comparable")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
