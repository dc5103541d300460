#!/usr/bin/env python3
"""Writes the fuzzers' seed corpus: make_corpus.py FOLDER. FOLDER/read holds small HDF5 files of every layout as h5py writes them (needs h5py and
numpy), FOLDER/job the annotated example jobs. Nothing of it is committed: it is the same every time."""
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np

VALUES = np.arange(12, dtype="f4").reshape(4, 3)
IDS = np.array([11, 12, 13, 14], dtype="i8")


def matrix(file):
    file["matrix"] = VALUES
    file["matrix"].attrs["columns"] = ["a", "b", "c"]
    file["client_id"] = IDS


def packed(file):
    file.create_dataset("x", data=VALUES.astype(">i4"), chunks=(2, 2), compression="gzip", shuffle=True, fletcher32=True)
    file["client_id"] = np.array([b"p", b"qq", b"r", b"s"], dtype="S2")


def lzf(file):
    file.create_dataset("x", data=np.repeat(VALUES, 40, axis=0).astype("f8"), chunks=(64, 3), compression="lzf", shuffle=True)


def growing(file):
    file.create_dataset("x", data=VALUES.astype("f2"), chunks=(3, 3), maxshape=(None, 3), compression="gzip")


def scaled(file):
    file.create_dataset("x", data=VALUES.astype("i2"), chunks=(2, 3), scaleoffset=0)


def columns(file):
    group = file.create_group("clients")
    group["active"] = np.array([True, False, True, True])
    group["city"] = np.array(["Rome", "Bonn", "", "Rome"], dtype=h5py.string_dtype())
    group["plan"] = np.array([b"x", b"y", b"x", b""], dtype="S3")
    group.create_dataset("tier", data=[0, 1, 0, 1], dtype=h5py.enum_dtype({"low": 0, "high": 1}, basetype="i1"))
    group["spend"] = h5py.SoftLink("/clients/active")
    file["outside"] = h5py.ExternalLink("other.h5", "/x")


def records(file):
    kind = np.dtype([("client_id", "i8"), ("spend", ">f8"), ("code", "S4"), ("note", h5py.string_dtype()), ("pair", "f4", (2,))])
    file.create_dataset("table", data=np.array([(1, 2.5, b"ab", "x", (1, 2)), (2, -1, b"", "", (3, 4))], dtype=kind), chunks=(2,), compression="gzip")


def events(file):
    for name, values in {"client": [1, 2, 1], "ts": [10, 20, 30], "amount": [5, -6, 7]}.items():
        file["events/" + name] = np.array(values, dtype="i8")


def frame(group, index, columns):
    group.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
    group.attrs["column-order"] = np.array(list(columns), dtype=h5py.string_dtype()) if columns else np.array([], dtype="f8")
    group["_index"] = np.array(index, dtype=h5py.string_dtype())
    for name, write in columns.items():
        write(group.create_group(name))


def categorical(group):
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    group["codes"] = np.array([0, 1, -1, 0], dtype="i1")
    group["categories"] = np.array(["low", "high"], dtype=h5py.string_dtype())


def nullable(group):
    group.attrs.update({"encoding-type": "nullable-integer", "encoding-version": "0.1.0"})
    group["values"] = IDS
    group["mask"] = np.array([False, True, False, False])


def anndata(file, sparse):
    file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    frame(file.create_group("obs"), ["p", "q", "r", "s"], {"tier": categorical, "orders": nullable})
    frame(file.create_group("var"), ["x", "y", "z"], {})
    if not sparse:
        file["X"] = VALUES
        return
    group = file.create_group("X")
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array([4, 3])})
    group["data"] = np.array([1, 2, 3], dtype="f4")
    group["indices"] = np.array([0, 1, 2], dtype="i4")
    group["indptr"] = np.array([0, 1, 2, 2, 3], dtype="i4")


SEEDS = {"matrix": matrix, "packed": packed, "lzf": lzf, "growing": growing, "scaled": scaled, "columns": columns, "records": records,
         "events": events, "dense": lambda file: anndata(file, False), "sparse": lambda file: anndata(file, True)}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_corpus.py FOLDER")
    read = Path(sys.argv[1]) / "read"
    job = Path(sys.argv[1]) / "job"
    read.mkdir(parents=True, exist_ok=True)
    job.mkdir(parents=True, exist_ok=True)
    for name, write in SEEDS.items():
        for version in ("earliest", "v110"):
            with h5py.File(read / f"{name}-{version}.h5", "w", libver=(version, "v110")) as file:
                write(file)
    for example in (Path(__file__).resolve().parents[2] / "scripts" / "jobs").glob("*.toml"):
        shutil.copy(example, job / example.name)


if __name__ == "__main__":
    main()
