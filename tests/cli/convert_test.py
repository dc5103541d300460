"""scripts/to_hdf5.py: what it makes of CSV and Parquet, the program reads with the right values; what it cannot convert ends in one line."""
import contextlib
import importlib.util
import io
import json
import subprocess
import sys
from unittest import mock

import h5py
import numpy as np
import pandas as pd

from clientele_cli import ROOT, Case, main, run, write_job

SCRIPT = ROOT / "scripts/to_hdf5.py"
specification = importlib.util.spec_from_file_location("to_hdf5", SCRIPT)
to_hdf5 = importlib.util.module_from_spec(specification)
specification.loader.exec_module(to_hdf5)
WITHOUT_PARQUET = importlib.util.find_spec("pyarrow") is None
JOB = '[input]\nfile = "t.h5"\n[columns.joined]\nkind = "time"\n[clean]\nmissing = "median"\n[cluster]\nk = 2\n'


def clients(rows=300):
    """Every kind of column, each but the ids and the spend with gaps."""
    random = np.random.default_rng(1)
    group = random.integers(0, 2, rows)
    return pd.DataFrame({
        "client_id": [f"c{i}" for i in range(rows)],
        "spend": 100.0 * group + random.normal(size=rows),
        "visits": pd.array([None if i % 50 == 3 else int(5 * g + i % 4) for i, g in enumerate(group)], dtype="Int64"),
        "vip": [None if i % 40 == 1 else i % 3 == 0 for i in range(rows)],
        "joined": [None if i % 60 == 7 else f"2020-01-{1 + i % 28:02d}" for i in range(rows)],
        "plan": [None if i % 30 == 2 else ["basic", "gold", "größer"][i % 3] for i in range(rows)],
    })


class Convert(Case):
    def convert(self, *arguments, expect=0):
        """Runs the script's main() in this process: loading pandas takes longer than the tests do."""
        said, code = io.StringIO(), 0
        with contextlib.chdir(self.folder), mock.patch.object(sys, "argv", ["to_hdf5", *arguments]), \
                contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                to_hdf5.main()
            except SystemExit as end:
                code = end.code
        self.assertEqual(code, expect, said.getvalue())
        return said.getvalue()

    def refused(self, code, words, *arguments):
        said = self.convert(*arguments, expect=code)
        self.assertIn(words, said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.suffix in (".h5", ".part")], [])

    def csv(self, text, name="a.csv"):
        (self.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def check_values(self, table):
        """The program's own profile of the converted file against pandas' of the table."""
        out = self.folder / "out"
        run("run", write_job(self.folder, JOB), "--out", out, "-q")
        found = json.loads((out / "profiles.json").read_text())["population"]
        times = pd.to_datetime(table["joined"]).map(lambda t: np.nan if pd.isna(t) else t.timestamp())
        expected = {"spend": table["spend"], "visits": table["visits"].astype(float), "vip": table["vip"].astype(float), "joined": times}
        self.assertEqual(sorted(found["numbers"]), sorted(expected))
        for name, values in expected.items():
            values = values.to_numpy(float)
            self.assertEqual(found["numbers"][name]["missing"], int(np.isnan(values).sum()), name)
            self.assertAlmostEqual(found["numbers"][name]["mean"], np.nanmean(values), delta=1e-9 * abs(np.nanmean(values)), msg=name)
        shares = {entry["category"]: entry["share"] for entry in found["categories"]["plan"]}
        self.assertEqual(set(shares), {"basic", "gold", "größer"})
        for name, share in table["plan"].value_counts(normalize=True).items():
            self.assertAlmostEqual(shares[name], share)
        with h5py.File(out / "segments.h5ad") as file:
            index = file["obs"][file["obs"].attrs["_index"]][:]
            self.assertEqual([i.decode() for i in index], table["client_id"].tolist())

    def test_csv(self):
        table = clients()
        table.to_csv(self.folder / "t.csv", index=False)
        for options in ((), ("--var-length",), ("--compression", "lzf"), ("--compression", "gzip")):
            with self.subTest(options=options):
                self.convert("t.csv", "t.h5", "--time", "joined", *options)
                self.check_values(table)

    def test_parquet(self):
        if WITHOUT_PARQUET:
            self.skipTest("no pyarrow")
        table = clients()
        for form in ("date", "timestamp", "category", "named index"):
            with self.subTest(form=form):
                stored = table.copy()
                dates = pd.to_datetime(stored["joined"])
                stored["joined"] = dates.dt.date if form == "date" else dates
                if form == "category":
                    stored["plan"] = stored["plan"].astype("category")
                (stored.set_index("client_id") if form == "named index" else stored).to_parquet(self.folder / "t.parquet")
                self.convert("t.parquet", "t.h5")
                self.check_values(table)

    def test_matrix_with_ids(self):
        table = clients()[["client_id", "spend", "vip"]]
        table.to_csv(self.folder / "t.csv", index=False)
        self.convert("t.csv", "t.h5", "--matrix", "--id", "client_id")
        with h5py.File(self.folder / "t.h5") as file:
            self.assertEqual(file["matrix"].attrs["columns"].tolist(), ["spend", "vip"])
            np.testing.assert_array_equal(file["matrix"][:], table[["spend", "vip"]].to_numpy(np.float32))
            self.assertEqual([i.decode() for i in file["client_id"][:]], table["client_id"].tolist())

    def test_types_that_only_a_later_piece_shows(self):
        self.csv("name,vip,n,when\n,,,\n,,,\nBo,True,1,2020-01-01\nZoë,False,2,2020-01-02T00:00:01\n")
        with mock.patch.object(to_hdf5, "PIECE_ROWS", 2):
            self.convert("a.csv", "a.h5", "--time", "when")
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual([t.decode() for t in file["clients/name"][:]], ["", "", "Bo", "Zoë"])
            np.testing.assert_array_equal(file["clients/vip"][:], [np.nan, np.nan, 1, 0])
            np.testing.assert_array_equal(file["clients/n"][:], [np.nan, np.nan, 1, 2])
            np.testing.assert_array_equal(file["clients/when"][:], [np.nan, np.nan, 1577836800, 1577923201])

    def test_wrong_options(self):
        self.csv("id,name\n1,Bo\n")
        self.refused(2, "no column typo in a.csv; there are: id, name", "a.csv", "a.h5", "--matrix", "--id", "typo")
        self.refused(2, "no column ts", "a.csv", "a.h5", "--time", "ts")
        self.refused(2, "--id goes with --matrix", "a.csv", "a.h5", "--id", "id")
        self.refused(2, "same file", "a.csv", "a.csv")

    def test_input_that_cannot_be_converted(self):
        self.refused(3, "no file none.csv", "none.csv", "a.h5")
        self.refused(3, "a.csv is empty", self.csv(""), "a.h5")
        self.refused(3, "holds no rows", self.csv("a,b\n"), "a.h5")
        self.refused(3, "not UTF-8", self.csv(b"a\nK\xf6ln\n"), "a.h5")
        self.refused(3, "cannot be read", self.csv("a\n1,2\n1,2,3\n"), "a.h5")
        self.refused(3, "'soon' is no date or time", self.csv("a\n2020-01-01\nsoon\n"), "a.h5", "--time", "a")
        self.refused(3, "row 1: 'nan' is no amount of money", self.csv("a,b\n1.20,x\n,y\n"), "a.h5", "--money", "a")
        self.refused(3, "column name is text", self.csv("id,name\n1,Bo\n"), "a.h5", "--matrix", "--id", "id")
        self.refused(3, "'per/month' cannot be the name", self.csv("per/month\n1\n"), "a.h5")

    def test_the_script_itself(self):
        self.csv("id,name\n1,Bo\n2,Cy\n")
        result = subprocess.run([sys.executable, SCRIPT, "a.csv", "a.h5"], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 rows in a.h5:/clients", result.stdout)

    def test_output_that_cannot_be_written(self):
        self.refused(4, "cannot be written", self.csv("a\n1\n"), "none/a.h5")


if __name__ == "__main__":
    main()
