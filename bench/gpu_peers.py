#!/usr/bin/env python3
"""Times k-means iterations of the libraries that are importable here on the rows and starting centroids of gpu_bench (bench/support/bench_rows.cpp), so that their
figures and clientele's belong to the same run. Prints one JSON object.

  python3 bench/gpu_peers.py [--rows 10000000] [--columns 32] [--k 20] [--rows-kind mixture|structureless]

One figure a peer: milliseconds an iteration, from the difference of a long and a short run (so that start-up and compilation drop out), the
median of several. All get the same rows, the same starting centroids and a fixed number of iterations with every tolerance off. Before a peer is
timed, its inertia after the long run, in double, is held against that of plain Lloyd on the host: a peer that is off by more than a thousandth did
other work and is recorded as "different", with its time beside it. Peers that are absent are listed as absent, peers that fail with their error:
neither is left out."""
import argparse
import importlib
import json
import statistics
import time

import numpy as np

SHORT, LONG, REPEATS = 2, 22, 5
SAME = 1e-3  # relative difference of inertia up to which two results count as the same work


def mix(x):
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def noise(bits):
    total = sum(((bits >> np.uint64(16 * i)) & np.uint64(0xFFFF)).astype(np.float64) for i in range(4))
    return (total / 65536 - 2) * 1.7320508075688772


def values(rows, d, groups):
    """GroupedValues of bench_rows.cpp for an array of row numbers: float32, len(rows) x d."""
    centres = 1.5 * noise(mix(np.arange(d * groups, dtype=np.uint64))).reshape(groups, d)
    rows = rows.astype(np.uint64)
    cells = rows[:, None] * np.uint64(d) + np.arange(d, dtype=np.uint64)[None, :]
    found = centres[(mix(rows) % np.uint64(groups)).astype(np.int64)] + noise(mix(cells + np.uint64(1 << 50)))
    found = found.astype(np.float32)
    found[np.abs(found) < 2.0 ** -50] = 0
    return found


def make(n, d, k, groups, piece=1 << 18):
    x = np.empty((n, d), np.float32)
    for begin in range(0, n, piece):
        x[begin:begin + piece] = values(np.arange(begin, min(n, begin + piece)), d, groups)
    return x, values(n // k * np.arange(k), d, groups)


def inertia(x, centroids, piece=1 << 18):
    c = np.asarray(centroids, np.float64)
    total = 0.0
    for begin in range(0, len(x), piece):
        rows = x[begin:begin + piece].astype(np.float64)
        d2 = (rows ** 2).sum(1)[:, None] - 2 * rows @ c.T + (c ** 2).sum(1)[None, :]
        total += np.maximum(d2.min(1), 0).sum()
    return total


def per_iteration(run, synchronise):
    """run(iterations) -> centroids on the host. Yields the centroids of a long run, then the time of an iteration."""
    def seconds(iterations):
        begin = time.perf_counter()
        centroids = run(iterations)
        synchronise()
        return time.perf_counter() - begin, centroids
    yield seconds(LONG)[1]
    differences = []
    for _ in range(REPEATS):
        short, _ = seconds(SHORT)
        long, _ = seconds(LONG)
        differences.append((long - short) / (LONG - SHORT) * 1e3)
    yield statistics.median(differences)


def array_iterations(library, x, start, iterations, piece=1 << 20):
    """Lloyd by matrix product, argmin and a one-hot product, in the words that PyTorch and CuPy share."""
    c = start
    eye = library.eye(c.shape[0], dtype=x.dtype, **({"device": x.device} if hasattr(library, "device") else {}))
    for _ in range(iterations):
        half = (c * c).sum(1) / 2
        sums, counts = 0 * c, 0 * half
        for begin in range(0, x.shape[0], piece):
            rows = x[begin:begin + piece]
            hot = eye[(half[None, :] - rows @ c.T).argmin(1)]
            sums, counts = sums + hot.T @ rows, counts + hot.sum(0)
        c = library.where((counts > 0)[:, None], sums / library.clip(counts, 1, None)[:, None], c)
    return c


def torch_peer(x, start, tf32):
    import torch
    torch.backends.cuda.matmul.allow_tf32 = tf32
    rows, c = torch.from_numpy(x).cuda(), torch.from_numpy(start).cuda()
    return per_iteration(lambda i: array_iterations(torch, rows, c, i).cpu().numpy(), torch.cuda.synchronize)


def cupy_peer(x, start):
    import cupy
    rows, c = cupy.asarray(x), cupy.asarray(start)
    return per_iteration(lambda i: cupy.asnumpy(array_iterations(cupy, rows, c, i)), cupy.cuda.Device().synchronize)


def flash_kmeans_peer(x, start):
    import torch
    from flash_kmeans import batch_kmeans_Euclid
    rows, c = torch.from_numpy(x).cuda()[None], torch.from_numpy(start).cuda()[None]

    def run(iterations):
        found = batch_kmeans_Euclid(rows, n_clusters=c.shape[1], max_iters=iterations, tol=0.0, init_centroids=c.clone())
        return found[1][0].float().cpu().numpy()
    return per_iteration(run, torch.cuda.synchronize)


def flashlib_peer(x, start):
    import torch
    from flashlib import flash_kmeans
    rows, c = torch.from_numpy(x).cuda(), torch.from_numpy(start).cuda()

    def run(iterations):
        found = flash_kmeans(rows, len(c), max_iters=iterations, tol=0.0, init_centroids=c.clone())
        return found[1].reshape(c.shape).float().cpu().numpy()
    return per_iteration(run, torch.cuda.synchronize)


def fastkmeans_peer(x, start):
    """Draws its own starting rows, so that its inertia is another one."""
    import torch
    from fastkmeans import FastKMeans

    def run(iterations):
        model = FastKMeans(x.shape[1], len(start), niter=iterations, tol=-1, gpu=True, seed=1, max_points_per_centroid=None)
        model.train(x)
        return np.asarray(model.centroids)
    return per_iteration(run, torch.cuda.synchronize)


def cuml_peer(x, start):
    import cupy
    from cuml.cluster import KMeans
    rows = cupy.asarray(x)
    return per_iteration(lambda i: cupy.asnumpy(KMeans(n_clusters=len(start), init=start, n_init=1, max_iter=i, tol=0).fit(rows).cluster_centers_),
                         cupy.cuda.Device().synchronize)


def sklearn_peer(x, start):
    from sklearn.cluster import KMeans
    return per_iteration(lambda i: KMeans(n_clusters=len(start), init=start, n_init=1, max_iter=i, tol=0, algorithm="lloyd").fit(x).cluster_centers_,
                         lambda: None)


PEERS = {
    "pytorch float32": ("torch", lambda x, c: torch_peer(x, c, False)),
    "pytorch tf32": ("torch", lambda x, c: torch_peer(x, c, True)),
    "flash-kmeans": ("flash_kmeans", flash_kmeans_peer),
    "flashlib": ("flashlib", flashlib_peer),
    "fastkmeans": ("fastkmeans", fastkmeans_peer),
    "cupy": ("cupy", cupy_peer),
    "cuml": ("cuml", cuml_peer),
    "scikit-learn": ("sklearn", sklearn_peer),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--rows-kind", choices=("mixture", "structureless"), default="mixture")
    parser.add_argument("--only", action="append", choices=PEERS, help="this peer (repeatable); default: all")
    arguments = parser.parse_args()
    x, start = make(arguments.rows, arguments.columns, arguments.k, arguments.k if arguments.rows_kind == "mixture" else 1)
    record = {"n": arguments.rows, "d": arguments.columns, "k": arguments.k, "rows": arguments.rows_kind, "iterations": LONG,
              "inertia": inertia(x, array_iterations(np, x, start, LONG)), "peers": {}}
    for name in arguments.only or PEERS:
        module, measure = PEERS[name]
        try:
            library = importlib.import_module(module)
        except ImportError as error:
            record["peers"][name] = {"absent": str(error)}
            continue
        try:
            steps = measure(x, start)
            found = inertia(x, next(steps))
            record["peers"][name] = {"version": getattr(library, "__version__", ""), "inertia": found,
                                     "work": "same" if abs(found / record["inertia"] - 1) <= SAME else "different", "ms_per_iteration": next(steps)}
        except Exception as error:  # a peer's failure is a result
            record["peers"][name] = {"version": getattr(library, "__version__", ""), "failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
