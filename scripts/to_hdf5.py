#!/usr/bin/env python3
"""CSV or Parquet -> HDF5 that `clientele` reads.

  to_hdf5.py clients.csv clients.h5                              one 1-D dataset a column, in the group /clients
  to_hdf5.py purchases.csv purchases.h5 --group purchases --time ts --money amount
  to_hdf5.py features.parquet features.h5 --matrix --id client   one n x d float32 dataset with column names, ids beside it

Dates and times become int64 UTC seconds (--time, repeatable), money becomes int64 minor units (--money, repeatable; --minor-digits 2),
text becomes fixed-length UTF-8 (--var-length for variable), numbers keep their type, missing numbers are NaN, missing text is empty.
CSV is read in pieces, so that files larger than memory work; the output is written beside its name and renamed when complete."""
import argparse
import decimal
import os
import sys

import h5py
import numpy as np
import pandas as pd

PIECE_ROWS = 500_000


def fail(text):
    print(f"to_hdf5: {text}", file=sys.stderr)
    sys.exit(3)


def pieces(path, options):
    """Data frames of at most PIECE_ROWS rows; money and text columns stay text so that nothing is rounded."""
    if path.endswith((".parquet", ".pq")):
        import pyarrow.parquet
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(PIECE_ROWS):
            yield batch.to_pandas()
        return
    keep_text = {name: str for name in options.money + options.text}
    yield from pd.read_csv(path, chunksize=PIECE_ROWS, dtype=keep_text, sep=options.separator)


def minor_units(series, name, digits):
    """Exact decimal arithmetic; a value with more digits than the currency has is an error, not a rounding."""
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy(np.int64) * 10**digits
    scale = decimal.Decimal(10) ** digits
    out = np.empty(len(series), np.int64)
    for i, text in enumerate(series):
        try:
            value = decimal.Decimal(str(text)) * scale
            whole = int(value)
        except (decimal.InvalidOperation, ValueError, OverflowError):
            fail(f"column {name}, row {i}: '{text}' is no amount of money")
        if value != whole:
            fail(f"column {name}, row {i}: '{text}' has more than {digits} decimal places (see --minor-digits)")
        out[i] = whole
    return out


def seconds(series, name):
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy(np.int64)
    times = pd.to_datetime(series, utc=True, errors="coerce")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        fail(f"column {name}, row {row}: '{series.iloc[row]}' is no date or time")
    return times.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)


def convert(series, name, options):
    if name in options.money:
        return minor_units(series, name, options.minor_digits)
    if name in options.time or pd.api.types.is_datetime64_any_dtype(series.dtype):
        return seconds(series, name)
    if pd.api.types.is_bool_dtype(series.dtype):
        return series.to_numpy(bool)
    if pd.api.types.is_numeric_dtype(series.dtype) and name not in options.text:
        return series.to_numpy(np.float64, na_value=np.nan) if series.isna().any() else series.to_numpy()
    text = series.astype(object).where(series.notna(), "").astype(str)
    return np.array([t.encode("utf-8") for t in text], dtype=object)


def fixed(values, width):
    return values.astype(f"S{max(1, width)}")


class ColumnWriter:
    """Appends pieces of one column; keeps one type, widening numbers when a later piece needs it."""

    def __init__(self, group, name, options):
        self.group, self.name, self.options, self.parts = group, name, options, []

    def add(self, values):
        if values.dtype == object:
            values = fixed(values, max((len(v) for v in values), default=1))
        self.parts.append(values)

    def close(self):
        kinds = {part.dtype.kind for part in self.parts}
        if "S" in kinds and kinds != {"S"}:
            fail(f"column {self.name} is text in some rows and numbers in others; name it with --text {self.name}")
        values = np.concatenate(self.parts) if self.parts else np.empty(0)
        if values.dtype.kind == "S":
            text = h5py.string_dtype("utf-8") if self.options.var_length else h5py.string_dtype("utf-8", values.dtype.itemsize)
            values = values.astype(object) if self.options.var_length else values
            self.group.create_dataset(self.name, data=values, dtype=text)
        else:
            self.group.create_dataset(self.name, data=values, compression=self.options.compression,
                                      shuffle=bool(self.options.compression))


def write_columns(file, path, options):
    writers, group = {}, file.create_group(options.group)
    for frame in pieces(path, options):
        missing = [c for c in options.time + options.money if c not in frame.columns]
        if missing:
            fail(f"no column {missing[0]} in {path}; there are: {', '.join(map(str, frame.columns))}")
        for name in frame.columns:
            writers.setdefault(str(name), ColumnWriter(group, str(name), options)).add(convert(frame[name], name, options))
    for writer in writers.values():
        writer.close()
    return sum(len(part) for part in next(iter(writers.values())).parts) if writers else 0


def write_matrix(file, path, options):
    dataset, names, ids, rows = None, None, [], 0
    for frame in pieces(path, options):
        if options.id:
            ids.append(convert(frame.pop(options.id), options.id, options))
        if dataset is None:
            names = [str(c) for c in frame.columns]
            dataset = file.create_dataset(options.group, shape=(0, len(names)), maxshape=(None, len(names)), dtype="f4",
                                          chunks=(max(1, min(65536, 2**22 // (4 * len(names)))), len(names)), compression=options.compression)
            dataset.attrs["columns"] = np.array(names, dtype=h5py.string_dtype())
        values = np.column_stack([np.asarray(convert(frame[c], c, options), np.float32) for c in frame.columns])
        dataset.resize(rows + len(values), axis=0)
        dataset[rows:] = values
        rows += len(values)
    if ids:
        column = ColumnWriter(file, "client_id", options)
        for part in ids:
            column.add(part)
        column.close()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--group", help="group of the columns, or name of the matrix")
    parser.add_argument("--matrix", action="store_true", help="one n x d float32 dataset instead of a group of columns")
    parser.add_argument("--id", help="with --matrix: the column that holds client ids")
    parser.add_argument("--time", action="append", default=[], help="column of dates or times -> int64 UTC seconds")
    parser.add_argument("--money", action="append", default=[], help="column of money -> int64 minor units")
    parser.add_argument("--text", action="append", default=[], help="column that is text even where it looks like numbers")
    parser.add_argument("--minor-digits", type=int, default=2)
    parser.add_argument("--separator", default=",")
    parser.add_argument("--var-length", action="store_true", help="variable-length strings")
    parser.add_argument("--compression", choices=["gzip", "lzf"], help="default: none, which is read fastest")
    options = parser.parse_args()
    options.group = options.group or ("matrix" if options.matrix else "clients")
    if not os.path.exists(options.input):
        fail(f"no file {options.input}")
    staged = options.output + ".part"
    try:
        with h5py.File(staged, "w", libver=("earliest", "v110")) as file:
            rows = (write_matrix if options.matrix else write_columns)(file, options.input, options)
        os.replace(staged, options.output)
    finally:
        if os.path.exists(staged):
            os.unlink(staged)
    print(f"to_hdf5: {rows} rows in {options.output}:/{options.group}")


if __name__ == "__main__":
    main()
