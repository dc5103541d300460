"""Rows and initial centroids for scripts/bench_kmeans.py, and the one inertia that every result is judged by. Raw little-endian float32 files,
row-major."""
import numpy as np

GROUPS = 24
PIECE = 500_000


def mixture_piece(random, m, centres, spreads, shares):
    d = centres.shape[1]
    noise = random.standard_normal((m, d))
    noise[:, 1::4] = random.standard_t(3, (m, len(range(1, d, 4))))
    group = random.choice(len(centres), m, p=shares)
    rows = centres[group] + noise * spreads[group]
    rows[:, ::4] = np.exp(0.8 * rows[:, ::4])
    return rows


def make_matrix(path, n, d, kind, seed):
    """Raw float32, row-major; written twice over, the second time scaled, so that memory holds a piece only."""
    if path.exists() and path.stat().st_size == n * d * 4:
        return
    random = np.random.default_rng([seed, d, n, kind == "mixture"])
    centres = random.normal(0, 4.2 / np.sqrt(2 * d), (GROUPS, d))
    spreads = random.uniform(0.5, 1.5, (GROUPS, d))
    shares = random.dirichlet(np.full(GROUPS, 2.0))
    part = path.with_suffix(".part")
    out = np.memmap(part, np.float32, "w+", shape=(n, d))
    total, squares = np.zeros(d), np.zeros(d)
    for first in range(0, n, PIECE):
        m = min(PIECE, n - first)
        rows = mixture_piece(random, m, centres, spreads, shares) if kind == "mixture" else random.standard_normal((m, d))
        total += rows.sum(0)
        squares += (rows * rows).sum(0)
        out[first: first + m] = rows
    mean = total / n
    deviation = np.sqrt(squares / n - mean ** 2)
    for first in range(0, n, PIECE):
        out[first: first + PIECE] = (out[first: first + PIECE] - mean) / deviation
    out.flush()
    del out
    part.rename(path)


def make_start(path, matrix, n, d, k, seed):
    """k rows drawn without replacement, in row order."""
    chosen = np.sort(np.random.default_rng([seed, k]).choice(n, k, replace=False))
    np.memmap(matrix, np.float32, "r", shape=(n, d))[chosen].tofile(path)


def inertia(matrix, n, d, centroids):
    """Of all rows to their nearest centroid, in double."""
    x = np.memmap(matrix, np.float32, "r", shape=(n, d))
    c = np.fromfile(centroids, np.float32).reshape(-1, d).astype(np.float64)
    step = max(1000, 30_000_000 // len(c))
    total = 0.0
    for first in range(0, n, step):
        rows = x[first: first + step].astype(np.float64)
        cross = rows @ c.T
        cross *= -2
        cross += (c * c).sum(1)
        total += cross.min(1).sum() + np.einsum("ij,ij->", rows, rows)
    return float(total)
