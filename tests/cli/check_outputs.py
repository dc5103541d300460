#!/usr/bin/env python3
"""Checks a finished run with the programs its readers use: anndata, h5py and pandas.

    check_outputs.py RUN_FOLDER [IDS.txt]

segments.h5ad must be valid AnnData with the right ids, categories and types, segments.csv (where written) must say the same, the JSON
files must agree with both, and report.html must be well-formed. IDS.txt: the expected client ids, one a line, in row order.
Prints what it checked; exits 1 at the first thing that is wrong.
"""
import json
import pathlib
import sys
import xml.dom.minidom

import anndata
import h5py
import numpy as np
import pandas as pd


def require(condition, message):
    if not condition:
        sys.exit(f"check_outputs: {message}")


def check_encodings(path):
    """Every group and dataset carries its encoding; no pickles, no chunks, no links out of the file."""
    known = {
        "anndata": "0.1.0", "dataframe": "0.2.0", "categorical": "0.2.0", "string-array": "0.2.0",
        "array": "0.2.0", "dict": "0.1.0", "string": "0.2.0", "numeric-scalar": "0.2.0",
    }
    with h5py.File(path) as f:
        def check(name, item):
            kind = item.attrs.get("encoding-type")
            require(kind in known, f"{name} has encoding-type {kind!r}")
            require(item.attrs["encoding-version"] == known[kind], f"{name}: {kind} {item.attrs['encoding-version']}")

        check("/", f)
        f.visititems(check)
        stored = f["obs/segment_id"]
        require(stored.dtype == np.int32, f"segment_id is {stored.dtype}")
        require(stored.chunks is None and stored.id.get_offset() is not None, "segment_id is not contiguous")
        codes = f["obs/segment/codes"][:]
        require(np.array_equal(codes, stored[:]), "codes of segment differ from segment_id")


def check_rows(obs, names, distinct):
    k = len(names)
    require(list(obs.columns) == ["segment", "segment_id", "distance", "second_best", "margin", "excluded"], f"columns {list(obs.columns)}")
    types = {"segment_id": "int32", "distance": "float32", "second_best": "int32", "margin": "float32"}
    for column, expected in types.items():
        require(str(obs[column].dtype) == expected, f"{column} is {obs[column].dtype}, not {expected}")
    for column in ("segment", "excluded"):
        require(isinstance(obs[column].dtype, pd.CategoricalDtype), f"{column} is not categorical")
    require(list(obs["segment"].cat.categories) == distinct, f"categories {list(obs['segment'].cat.categories)} are not {distinct}")
    ids = obs["segment_id"].to_numpy()
    kept = ids >= 0
    require(ids.min(initial=0) >= -1 and ids.max(initial=-1) < k, f"segment_id outside -1..{k - 1}")
    require(set(ids[kept]) == set(range(k)), "segment_id does not use 0..k-1 without a gap")
    distance, margin, second = (obs[c].to_numpy() for c in ("distance", "margin", "second_best"))
    require(np.isfinite(distance[kept]).all() and (distance[kept] >= 0).all(), "a distance is not a number >= 0")
    require(((margin[kept] >= 0) & (margin[kept] <= 1)).all(), "a margin lies outside 0..1")
    require(np.isnan(distance[~kept]).all() and np.isnan(margin[~kept]).all(), "an excluded row has a distance")
    require((second[~kept] == -1).all(), "an excluded row has a second best segment")
    require((second[kept] != ids[kept]).all() and (second < k).all(), "a second best segment is no other segment")
    require((obs["excluded"].astype(str).to_numpy()[kept] == "").all(), "a kept row has a reason")
    require((obs["excluded"].astype(str).to_numpy()[~kept] != "").all(), "an excluded row has no reason")
    return ids, kept


def distinct_names(names):
    taken, out = set(), []
    for name in names:
        candidate, copy = name, 2
        while candidate in taken:
            candidate, copy = f"{name} ({copy})", copy + 1
        taken.add(candidate)
        out.append(candidate)
    return out


def check_csv(path, obs, distinct):
    table = pd.read_csv(path, dtype={"client_id": str, "segment": str}, keep_default_na=False, na_values={"distance": [""]})
    require(set(table.columns) == {"client_id", "segment_id", "segment", "distance"}, f"columns of segments.csv: {list(table.columns)}")
    require(list(table["client_id"]) == list(obs.index), "client ids differ between segments.csv and segments.h5ad")
    ids = obs["segment_id"].to_numpy()
    require(np.array_equal(table["segment_id"].to_numpy(), ids), "segment_id differs between segments.csv and segments.h5ad")
    require(list(table["segment"]) == [distinct[i] if i >= 0 else "" for i in ids], "names differ between segments.csv and segments.h5ad")
    stored = table["distance"].to_numpy(dtype=np.float64).astype(np.float32)
    require(np.array_equal(stored, obs["distance"].to_numpy(), equal_nan=True), "distances differ between segments.csv and segments.h5ad")


def check_json(folder, adata, ids, kept):
    run = json.loads((folder / "run.json").read_text())
    profiles = json.loads((folder / "profiles.json").read_text())
    k = run["result"]["k"]
    counts = np.bincount(ids[kept], minlength=k)
    require(list(counts) == list(run["result"]["sizes"]), f"sizes in run.json {run['result']['sizes']} are not {list(counts)}")
    require([s["rows"] for s in profiles["segments"]] == list(counts), "rows in profiles.json are not the counts of segments.h5ad")
    require(run["rows"]["read"] == len(ids) and run["rows"]["kept"] == kept.sum(), f"row counts of run.json: {run['rows']}")
    stored = adata.uns["run"]
    require(json.loads(stored["result"])["k"] == k, "uns/run/result has another k")
    for forbidden in ("seconds", "stages", "device", "checksums", "peak_memory_bytes"):
        require(forbidden not in stored, f"uns/run holds {forbidden}, which differs between machines")
    require(json.loads(adata.uns["segments"]["json"])["segments"] == profiles["segments"], "uns/segments is not profiles.json")
    require(np.array_equal(adata.uns["segments"]["rows"], counts), "uns/segments/rows are not the counts")
    return k


def main():
    folder = pathlib.Path(sys.argv[1])
    path = folder / "segments.h5ad"
    check_encodings(path)
    adata = anndata.read_h5ad(path)
    require(isinstance(adata.obs, pd.DataFrame), "obs is not a DataFrame")
    require(adata.X is None, "X is there")
    names = [s["name"] for s in json.loads((folder / "profiles.json").read_text())["segments"]]
    distinct = distinct_names(names)
    ids, kept = check_rows(adata.obs, names, distinct)
    k = check_json(folder, adata, ids, kept)
    require(adata.n_vars > 0 and list(adata.var.columns) == ["source", "block"], f"var: {adata.var.columns}")
    if len(sys.argv) > 2:
        expected = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
        require(list(adata.obs.index) == expected, "client ids are not the expected ones")
    checked = ["segments.h5ad"]
    if (folder / "segments.csv").exists():
        check_csv(folder / "segments.csv", adata.obs, distinct)
        checked.append("segments.csv")
    if (folder / "report.html").exists():
        page = (folder / "report.html").read_text(encoding="utf-8")
        xml.dom.minidom.parseString(page.encode("utf-8"))
        require("<script" not in page and "src=" not in page, "report.html loads or runs something")
        checked.append("report.html")
    print(f"check_outputs: {', '.join(checked)}: {len(ids)} clients, {int(kept.sum())} in {k} segments, {adata.n_vars} features")


if __name__ == "__main__":
    main()
