#!/usr/bin/env python3
"""CSV or Parquet -> HDF5 that `clientele` reads.

  to_hdf5.py clients.csv clients.h5                              one 1-D dataset a column, in the group /clients
  to_hdf5.py purchases.csv purchases.h5 --group purchases --time ts --money amount
  to_hdf5.py features.parquet features.h5 --matrix --id client   one n x d float32 dataset with column names, ids beside it

Numbers keep their type; true and false become flags. Dates and times become int64 UTC seconds (CSV: --time, repeatable; Parquet
also by their type), money becomes int64 minor units (--money, repeatable; --minor-digits 2), text becomes fixed-length UTF-8
(--var-length for variable).
What is missing: a column of numbers, flags or dates that has gaps becomes float64 and its gaps NaN, so a date is then seconds as
float64 (a client table reads that; the time of an event must not be missing). Missing text is empty. Missing money is an error.
CSV and Parquet are read in pieces; --matrix keeps none of them, otherwise the converted columns stay in memory until the end. The
output is written beside its name and renamed when complete. Exit codes: 2 wrong options, 3 input, 4 output cannot be written."""
import argparse
import decimal
import os
import sys

import h5py
import numpy as np
import pandas as pd

PIECE_ROWS = 500_000
USAGE, INPUT, OUTPUT = 2, 3, 4


def fail(text, code=INPUT):
    print(f"to_hdf5: {text}", file=sys.stderr)
    sys.exit(code)


def csv_pieces(path, options):
    keep_text = {name: str for name in options.money + options.text}
    try:
        yield from pd.read_csv(path, chunksize=PIECE_ROWS, dtype=keep_text, sep=options.separator)
    except pd.errors.EmptyDataError:
        fail(f"{path} is empty")
    except UnicodeDecodeError as error:
        fail(f"{path} is not UTF-8 ({error.reason}: {error.object[error.start:error.start + 1].hex()}); convert it first")
    except (pd.errors.ParserError, ValueError, OSError) as error:
        fail(f"{path} cannot be read: {' '.join(str(error).split())}")


def parquet_pieces(path):
    import pyarrow
    import pyarrow.parquet
    first = 0
    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(PIECE_ROWS):
            frame = batch.to_pandas(ignore_metadata=True)  # an index that has a name is a column like the others
            frame.index = range(first, first + len(frame))
            first += len(frame)
            yield frame.drop(columns=[c for c in frame.columns if str(c).startswith("__index_level_")])
    except (pyarrow.ArrowException, OSError) as error:
        fail(f"{path} cannot be read: {' '.join(str(error).split())}")


def pieces(path, options):
    """Data frames of at most PIECE_ROWS rows, numbered on; money and text columns stay text so that nothing is rounded."""
    rows = 0
    for frame in parquet_pieces(path) if path.endswith((".parquet", ".pq")) else csv_pieces(path, options):
        named = options.time + options.money + options.text + ([options.id] if options.id else [])
        missing = [c for c in named if c not in frame.columns]
        if missing:
            fail(f"no column {missing[0]} in {path}; there are: {', '.join(map(str, frame.columns))}", USAGE)
        rows += len(frame)
        if len(frame):
            yield frame
    if rows == 0:
        fail(f"{path} holds no rows")


def minor_units(series, name, digits):
    """Exact decimal arithmetic; a value with more digits than the currency has is an error, not a rounding."""
    scale = decimal.Decimal(10) ** digits
    out = np.empty(len(series), np.int64)
    for i, text in enumerate(series):
        try:
            value = decimal.Decimal(str(text)) * scale
            whole = int(value)
            out[i] = whole
        except (decimal.InvalidOperation, ValueError, OverflowError):
            fail(f"column {name}, row {series.index[i]}: '{text}' is no amount of money")
        if value != whole:
            fail(f"column {name}, row {series.index[i]}: '{text}' has more than {digits} decimal places (see --minor-digits)")
    return out


def seconds(series, name):
    """int64, or float64 with NaN where a date is missing."""
    if pd.api.types.is_numeric_dtype(series.dtype):
        return numbers(series)
    times = pd.to_datetime(series, utc=True, errors="coerce", format="ISO8601")
    if (times.isna() & series.notna()).any():  # another notation: that of the first row
        times = pd.to_datetime(series, utc=True, errors="coerce")
    wrong = np.flatnonzero(times.isna() & series.notna())
    if len(wrong):
        fail(f"column {name}, row {series.index[wrong[0]]}: '{series.iloc[wrong[0]]}' is no date or time")
    whole = times.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    return np.where(times.isna(), np.nan, whole) if times.isna().any() else whole


def numbers(series):
    return series.to_numpy(np.float64, na_value=np.nan) if series.isna().any() else series.to_numpy()


def convert(series, name, options):
    """The column as numbers, flags or encoded texts (dtype object); None where all of it is missing and tells no type."""
    if name in options.money:
        return minor_units(series, name, options.minor_digits)
    is_text = name in options.text
    if series.isna().all() and not is_text:
        return None
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if name in options.time or (inferred in ("datetime64", "datetime", "date") and not is_text):
        return seconds(series, name)
    if inferred == "boolean" and not is_text:
        return series.astype(np.float64).to_numpy() if series.isna().any() else series.to_numpy(bool)
    if inferred in ("decimal", "integer", "floating", "mixed-integer-float") and not is_text:
        return numbers(series if pd.api.types.is_numeric_dtype(series.dtype) else pd.to_numeric(series.astype(np.float64)))
    text = series.astype(object).where(series.notna(), "").astype(str)
    return np.array([t.encode("utf-8") for t in text], dtype=object)


def fixed(values, width):
    return values.astype(f"S{max(1, width)}")


class ColumnWriter:
    """Collects the pieces of one column; keeps one type, widening numbers when a later piece needs it."""

    def __init__(self, group, name, options):
        self.group, self.name, self.options, self.parts = group, name, options, []

    def add(self, values, rows):
        """values None: `rows` missing ones."""
        if values is not None and values.dtype == object:
            values = fixed(values, max((len(v) for v in values), default=1))
        self.parts.append(values if values is not None else rows)

    def close(self):
        kinds = {part.dtype.kind for part in self.parts if not isinstance(part, int)}
        if "S" in kinds and kinds != {"S"}:
            fail(f"column {self.name} is text in some rows and numbers in others; name it with --text {self.name}")
        gap = np.full(1, b"") if "S" in kinds else np.full(1, np.nan)
        values = np.concatenate([np.repeat(gap, part) if isinstance(part, int) else part for part in self.parts])
        if values.dtype.kind == "S":
            text = h5py.string_dtype("utf-8") if self.options.var_length else h5py.string_dtype("utf-8", values.dtype.itemsize)
            # HDF5 2 does not convert ASCII to UTF-8: the bytes are handed over as what they are.
            self.group.create_dataset(self.name, data=values.astype(object if self.options.var_length else text), dtype=text)
        else:
            self.group.create_dataset(self.name, data=values, compression=self.options.compression,
                                      shuffle=bool(self.options.compression))


def write_columns(file, path, options):
    writers, group, rows = {}, file.create_group(options.group), 0
    for frame in pieces(path, options):
        for name in map(str, frame.columns):
            if "/" in name or name in ("", "."):
                fail(f"column '{name}' cannot be the name of a dataset; rename it, or use --matrix")
            writer = writers.setdefault(name, ColumnWriter(group, name, options))
            writer.add(convert(frame[name], name, options), len(frame))
        rows += len(frame)
    for writer in writers.values():
        writer.close()
    return rows


def matrix_column(series, name, options):
    values = convert(series, name, options)
    if values is None:
        return np.full(len(series), np.nan, np.float32)
    if values.dtype == object:
        fail(f"column {name} is text (row {series.index[0]}: '{series.iloc[0]}'), a matrix holds numbers only; leave --matrix out")
    return values.astype(np.float32)


def write_matrix(file, path, options):
    dataset, rows = None, 0
    ids = ColumnWriter(file, "client_id", options)
    for frame in pieces(path, options):
        if options.id:
            ids.add(convert(frame.pop(options.id), options.id, options), len(frame))
        names = [str(c) for c in frame.columns]
        if not names:
            fail(f"{path} holds no columns but the ids")
        if dataset is None:
            dataset = file.create_dataset(options.group, shape=(0, len(names)), maxshape=(None, len(names)), dtype="f4",
                                          chunks=(max(1, min(65536, 2**22 // (4 * len(names)))), len(names)), compression=options.compression)
            dataset.attrs["columns"] = np.array(names, dtype=h5py.string_dtype())
        values = np.column_stack([matrix_column(frame[c], str(c), options) for c in frame.columns])
        dataset.resize(rows + len(values), axis=0)
        dataset[rows:] = values
        rows += len(values)
    if options.id:
        ids.close()
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
    if options.id and not options.matrix:
        fail("--id goes with --matrix; without it the ids are a column like the others (input.id names it)", USAGE)
    if not os.path.isfile(options.input):
        fail(f"no file {options.input}")
    if os.path.exists(options.output) and os.path.samefile(options.input, options.output):
        fail("input and output are the same file", USAGE)
    staged = options.output + ".part"
    try:
        with h5py.File(staged, "w", libver=("earliest", "v110")) as file:
            rows = (write_matrix if options.matrix else write_columns)(file, options.input, options)
        os.replace(staged, options.output)
    except OSError as error:  # those of reading end where they arise
        fail(f"{options.output} cannot be written: {' '.join(str(error).split())}", OUTPUT)
    finally:
        if os.path.isfile(staged):
            os.unlink(staged)
    print(f"to_hdf5: {rows} rows in {options.output}:/{options.group}")


if __name__ == "__main__":
    main()
