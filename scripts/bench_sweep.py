#!/usr/bin/env python3
"""Times a sweep over k with restarts, every index reported for every k, against one fit of the largest k from one start on the same rows; and
scikit-learn's time for the same, measured for some k and one restart each and extrapolated to all of them.

  scripts/build.sh release && build/venv/bin/python scripts/bench_sweep.py --out record.json

Rows: overlapping mixtures with heavy-tailed columns. Times are those of the stage "cluster" in run.json: starts, fits, publication, indices."""
import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from measured_on import commit, machine_facts  # noqa: E402
MEASURED = (2, 8, 14, 20)

JOB = """
[input]
file = "rows.h5"
[normalise]
method = "none"
[cluster]
k = {k}
restarts = {restarts}
seed = 1
stop = "{stop}"
[run]
threads = {threads}
device = "cpu"
[judge]
{judge}
"""


def mixture(n, d, k, seed, spread):
    random = np.random.default_rng(seed)
    centres = random.normal(0, spread, (k, d))
    x = random.standard_normal((n, d), dtype=np.float32)
    x += centres[random.integers(0, k, n)].astype(np.float32)
    x[:, ::4] = np.exp(x[:, ::4] * np.float32(0.5))
    return x


def clientele(binary, folder, **values):
    job = folder / "job.toml"
    job.write_text(JOB.format(**values))
    subprocess.run([binary, "run", job, "--out", folder / "out", "--force", "--quiet"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    run = json.loads((folder / "out/run.json").read_text())
    seconds = next(stage["seconds"] for stage in run["stages"] if stage["name"] == "cluster")
    return seconds, run["result"]


def peer(x, k):
    """One restart: its fit, and the indices on the result."""
    begin = time.perf_counter()
    model = KMeans(k, n_init=1, random_state=1, algorithm="lloyd").fit(x)
    fitted = time.perf_counter() - begin
    begin = time.perf_counter()
    calinski_harabasz_score(x, model.labels_)
    davies_bouldin_score(x, model.labels_)
    silhouette_score(x, model.labels_, sample_size=4000, random_state=1)
    return fitted, time.perf_counter() - begin, float(model.inertia_)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / "build/release/clientele")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--groups", type=int, default=20)
    parser.add_argument("--spread", type=float, default=1.0, help="of the groups' centres, in standard deviations of a group")
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--stop", default="inertia")
    parser.add_argument("--judge", default="", help="lines of the [judge] section")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--out")
    options = parser.parse_args()
    options.binary = Path(options.binary).resolve()
    x = mixture(options.rows, options.columns, options.groups, 1, options.spread)
    record = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": commit(), "machine": machine_facts(),
              "options": {key: str(value) for key, value in vars(options).items() if key not in ("binary", "out")}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with h5py.File(folder / "rows.h5", "w") as file:
            file["matrix"] = x
        common = {"stop": options.stop, "threads": options.threads, "judge": options.judge}
        single, sweep = [], []
        for _ in range(options.repeats):
            single.append(clientele(options.binary, folder, k=20, restarts=1, **common))
            sweep.append(clientele(options.binary, folder, k="[2, 20]", restarts=options.restarts, **common))
        one, many = min(s for s, _ in single), min(s for s, _ in sweep)
        candidates = sweep[0][1]["candidates"]
    record["single_s"], record["sweep_s"], record["ratio"] = one, many, many / one
    record["iterations"] = {"single": single[0][1]["iterations"], "sweep": {c["k"]: c["iterations"] for c in candidates}}
    record["indices"] = {c["k"]: {s["metric"]: s["value"] for s in c["scores"]} for c in candidates}
    print(f"one fit, k = 20: {one:.3f} s; sweep k = 2..20 x {options.restarts}: {many:.3f} s, {many / one:.1f} times")
    if not options.without_peer:
        measured = {k: peer(x, k) for k in MEASURED}
        ks = range(2, 21)
        fit = sum(np.interp(k, MEASURED, [measured[m][0] for m in MEASURED]) for k in ks) * options.restarts
        judged = sum(np.interp(k, MEASURED, [measured[m][1] for m in MEASURED]) for k in ks)
        record["scikit_learn"] = {"version": sklearn.__version__, "measured": {k: v for k, v in measured.items()}, "extrapolated_s": fit + judged,
                                  "inertia_ratio": {c["k"]: c["inertia"] / measured[c["k"]][2] for c in candidates if c["k"] in measured}}
        print(f"scikit-learn, extrapolated from k = {MEASURED}, one restart each: {fit + judged:.0f} s")
    if options.out:
        Path(options.out).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
