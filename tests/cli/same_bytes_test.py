"""Same job, same data, same bytes: the published files of the real binary over threads, block sizes, instruction sets, reruns, layouts and
filters. (Ranks are threads in the unit tests; a GPU is compared by scripts/gpu_check.sh.)"""
import filecmp
import re
import shutil
import unittest

import h5py
import numpy as np

from clientele_cli import Case, main, run, write_job

JOB = '''
[input]
file = "data.h5"
[normalise]
method = "{method}"
{extra}
[cluster]
k = {k}
restarts = 2
seed = 3
'''
FILES = ("segments.h5ad", "model.h5", "profiles.json", "profiles.csv", "data_quality.json")


def clients(n=150_000, d=5, seed=1):
    """Overlapping mixture with a heavy tail, exact ties, duplicates and missing values; more than two 65,536-row blocks."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 3, (6, d))
    rows = centres[random.integers(0, 6, n)] + random.normal(0, 1.3, (n, d))
    rows[:, 1] = np.exp(rows[:, 1] / 2)
    rows[: n // 50] = rows[n // 2]
    rows[n // 50: n // 25] = np.round(rows[n // 50: n // 25])
    rows[random.integers(0, n, 500), 2] = np.nan
    return rows.astype(np.float32)


def simd_levels():
    text = run("doctor").stdout
    found = re.search(r"(?im)^.*simd.*$", text)
    line = found.group(0) if found else ""
    return [level for level in ("scalar", "avx2", "avx512") if level in line.lower()] or ["scalar"]


class SameBytes(Case):
    def publish(self, name, *arguments):
        out = self.folder / name
        run("run", self.folder / "job.toml", "--out", out, "--device", "cpu", *arguments)
        return out

    def same(self, first, second, files=FILES):
        for file in files:
            self.assertTrue(filecmp.cmp(first / file, second / file, shallow=False), f"{file} of {first.name} and {second.name} differ")

    def prepare(self, rows, method="zscore", extra="", k=6):
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["matrix"] = rows
        write_job(self.folder, JOB.format(method=method, extra=extra, k=k))

    def test_axes(self):
        for method, extra in (("zscore", ""), ("log_zscore", "winsorise = [0.01, 0.99]"), ("robust", ""), ("quantile", "")):
            with self.subTest(method=method):
                self.prepare(np.abs(clients()) if method == "log_zscore" else clients(), method, extra)
                reference = self.publish("reference", "--set", "run.threads=1", "--set", "run.simd=scalar")
                axes = [("run.threads", t) for t in (2, 3, 7)] + [("run.block_rows", b) for b in (1000, 65536)]
                axes += [("run.simd", level) for level in simd_levels()]
                for key, value in axes if method == "zscore" else axes[1:4]:
                    self.same(reference, self.publish(f"{key}-{value}", "--set", f"{key}={value}"))
                shutil.rmtree(reference)
                for folder in self.folder.glob("run.*"):
                    shutil.rmtree(folder)

    def test_sweep_and_rerun(self):
        self.prepare(clients(70_000), k="[2, 5]")
        first = self.publish("first", "--set", "run.threads=1")
        self.same(first, self.publish("second", "--set", "run.threads=3"))
        before = (first / "run.json").read_bytes()
        self.assertIn("up to date", (lambda r: r.stdout + r.stderr)(run("run", self.folder / "job.toml", "--out", first, "--device", "cpu")))
        self.assertEqual(before, (first / "run.json").read_bytes())
        run("run", self.folder / "job.toml", "--out", first, "--device", "cpu", "--force")
        self.same(first, self.folder / "second")

    def test_adversarial_rows(self):
        random = np.random.default_rng(5)
        rows = np.concatenate([np.tile(np.float32([[1, 2, 3], [-1, 2, 3]]), (5000, 1)), random.integers(-2, 3, (9000, 3)).astype(np.float32),
                               np.float32(2.0 ** 36) * random.normal(0, 1, (3000, 3)).astype(np.float32),
                               np.float32(1e-40) * random.normal(0, 1, (3000, 3)).astype(np.float32)])
        self.prepare(rows[random.permutation(len(rows))], "quantile", k=7)
        reference = self.publish("reference", "--set", "run.threads=1", "--set", "run.simd=scalar")
        for threads in (2, 7):
            self.same(reference, self.publish(f"threads{threads}", "--set", f"run.threads={threads}"))

    def test_layouts_and_filters(self):
        rows = clients(30_000)
        results = []
        names = np.array([f"f{j}" for j in range(rows.shape[1])], dtype=h5py.string_dtype())
        for name, write in {
            "contiguous": lambda f: f.create_dataset("matrix", data=rows),
            "gzip": lambda f: f.create_dataset("matrix", data=rows, chunks=(1000, 2), compression="gzip", shuffle=True, fletcher32=True),
            "lzf": lambda f: f.create_dataset("matrix", data=rows, chunks=(777, 5), compression="lzf"),
            "double": lambda f: f.create_dataset("matrix", data=rows.astype(np.float64)),
            "big-endian": lambda f: f.create_dataset("matrix", data=rows.astype(">f4")),
            "columns": lambda f: [f.create_dataset(f"clients/f{j}", data=rows[:, j]) for j in range(rows.shape[1])],
            "compound": lambda f: f.create_dataset("table", data=np.rec.fromarrays(rows.T, names=[f"f{j}" for j in range(rows.shape[1])])),
        }.items():
            with h5py.File(self.folder / "data.h5", "w") as file:
                made = write(file)
                if isinstance(made, h5py.Dataset) and made.ndim == 2:
                    made.attrs["columns"] = names
            write_job(self.folder, JOB.format(method="zscore", extra="", k=4))
            out = self.publish(name)
            with h5py.File(out / "segments.h5ad") as file:
                results.append((name, [file[f"obs/{c}"][:].tobytes() for c in ("segment_id", "distance", "second_best", "margin")]))
            self.same(self.folder / "contiguous", out, ("profiles.json", "profiles.csv"))
        for name, columns in results[1:]:
            self.assertEqual(columns, results[0][1], name)

    def test_assign_gives_the_fit_back(self):
        self.prepare(clients(40_000))
        fitted = self.publish("fitted")
        run("assign", fitted / "model.h5", self.folder / "data.h5", "--out", self.folder / "again")
        with h5py.File(fitted / "segments.h5ad") as one, h5py.File(self.folder / "again/segments.h5ad") as two:
            for column in ("segment_id", "distance", "second_best", "margin"):
                self.assertEqual(one[f"obs/{column}"][:].tobytes(), two[f"obs/{column}"][:].tobytes(), column)


if __name__ == "__main__":
    main()
