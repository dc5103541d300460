"""What the program publishes opens in the programs of its readers: anndata, h5py, pandas and an XML parser (check_outputs.py)."""
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

from clientele_cli import Case, main, run, write_job

CHECK = Path(__file__).with_name("check_outputs.py")


class Outputs(Case):
    def check(self, folder, ids):
        expected = self.folder / "ids.txt"
        expected.write_text("".join(f"{i}\n" for i in ids), encoding="utf-8")
        found = subprocess.run([sys.executable, CHECK, folder, expected], capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
        self.assertIn("segments.csv", found.stdout)

    def rows(self, n):
        random = np.random.default_rng(5)
        x = random.normal(size=(n, 3)) + 6 * random.integers(0, 3, n)[:, None]
        x[7] = np.nan
        return x

    def published(self, job, ids):
        out = self.folder / "out"
        run("run", write_job(self.folder, job), "--out", out, "--csv", "-q")
        self.check(out, ids)
        return out

    def test_text_ids_and_excluded_rows(self):
        ids = ["Zoë", "a,b", 'say "x"', "<&>", " ", "line"] + [f"c{i}" for i in range(294)]
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["matrix"] = self.rows(300)
            file["client_id"] = np.array(ids, dtype=h5py.string_dtype())
        self.published('[input]\nfile = "a.h5"\n[clean]\nmissing = "drop"\n[cluster]\nk = 3\n', ids)

    def test_integer_ids_and_given_names(self):
        ids = np.arange(300) * 10**15 + 7
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["matrix"] = self.rows(300)
            file["client_id"] = ids
        self.published('[input]\nfile = "a.h5"\n[cluster]\nk = 3\n[profile]\nnames = ["Größte", "", "Other & <more>"]\n', ids)

    def test_rows_are_the_ids_where_there_are_none(self):
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["matrix"] = self.rows(300)
        self.published('[input]\nfile = "a.h5"\n[cluster]\nk = [2, 4]\n', range(300))

    def test_events(self):
        run("generate", "--kind", "events", "--clients", 400, "--segments", 3, "--seed", 2, "--out", self.folder / "e.h5", "-q")
        with h5py.File(self.folder / "e.h5") as file:
            clients = sorted(set(file["events"]["client"][:].tolist()))
        self.published('[events]\nfile = "e.h5"\namount = "amount"\n[cluster]\nk = 3\n', clients)

    def test_other_programs_read_the_model(self):
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["matrix"] = self.rows(300)
            file["client_id"] = np.arange(300)
        out = self.published('[input]\nfile = "a.h5"\n[cluster]\nk = 3\n', range(300))
        with h5py.File(out / "model.h5") as file:  # its seal lies behind what HDF5 reads
            self.assertEqual(file.attrs["k"], 3)
            self.assertEqual(file["centroids_normalised"].shape, (3, 3))


if __name__ == "__main__":
    main()
