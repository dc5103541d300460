"""Row weights, checked from the outside: a table with whole weights against the table with every row repeated as often."""
import unittest

import h5py
import numpy as np

from clientele_cli import Case, main, run_job

JOB = """[input]
file = "{file}"
[normalise]
method = "minmax"
[cluster]
k = 3
stop = "strict"
min_size = {least}
outliers = 0.02
[judge]
resamples = 3
"""
WEIGHTED = '[columns.w]\nrole = "weight"\n'


class Weights(Case):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        groups = np.repeat([0, 1, 2], [300, 200, 100])
        self.x = random.normal(size=600) + 12 * (groups == 1)
        self.y = random.normal(size=600) + 15 * (groups == 2)
        self.shop = random.integers(0, 3, 600)
        self.w = random.integers(0, 6, 600)
        self.w[[self.x.argmin(), self.x.argmax(), self.y.argmin(), self.y.argmax()]] = 1  # minmax does not know weights
        self.write("weighted.h5", np.arange(600), self.w.astype(np.float64))
        self.write("repeated.h5", np.repeat(np.arange(600), self.w))

    def write(self, name, rows, w=None):
        with h5py.File(self.folder / name, "w") as file:
            file["clients/x"], file["clients/y"] = self.x[rows], self.y[rows]
            file["clients/shop"] = self.shop[rows].astype(np.int16)
            if w is not None:
                file["clients/w"] = w

    def job(self, file, least=0, weighted=True, run=""):
        columns = '[columns.shop]\nkind = "category"\nrole = "profile"\n' + (WEIGHTED if weighted else "")
        return JOB.format(file=file, least=least) + columns + run

    def test_a_whole_weight_is_the_row_repeated(self):
        one, weighted, _ = run_job(self.folder, self.job("weighted.h5"), "--csv", out="weighted")
        two, repeated, _ = run_job(self.folder, self.job("repeated.h5", weighted=False), out="repeated")
        self.assertTrue(weighted["weighted"])
        self.assertNotIn("weighted", repeated)
        self.assertEqual(one["result"]["weights"], {"sum": float(self.w.sum()), "sizes": [float(n) for n in two["result"]["sizes"]]})
        self.assertAlmostEqual(one["result"]["inertia"] / two["result"]["inertia"], 1, places=5)
        scores = two["result"]["scores"]
        self.assertEqual([score["metric"] for score in one["result"]["scores"]], [score["metric"] for score in scores])
        self.assertGreater(len(scores), 3)
        for a, b in zip(one["result"]["scores"], scores):
            if a["metric"] == "silhouette":
                self.assertEqual(b["rows"], self.w.sum())  # of all rows, else the two were of different samples
            self.assertAlmostEqual(a["value"] / b["value"], 1, places=4, msg=a["metric"])
        self.assertAlmostEqual(one["result"]["outliers"]["threshold"] / two["result"]["outliers"]["threshold"], 1, places=4)
        for a, b in zip(weighted["segments"], repeated["segments"]):
            self.assertEqual((a["weight"], a["share"]), (b["rows"], b["share"]))
            for column in ("x", "y"):
                self.assertEqual(a["numbers"][column]["quantiles"], b["numbers"][column]["quantiles"])
                for key in ("mean", "sd", "z", "lift", "effect"):
                    self.assertAlmostEqual(a["numbers"][column][key], b["numbers"][column][key], places=9, msg=key)
            self.assertEqual(a["categories"], b["categories"])
            self.assertAlmostEqual(a["mean_distance"] / b["mean_distance"], 1, places=4)
        with h5py.File(self.folder / "weighted/segments.h5ad") as file:
            labels = file["obs/segment_id"][:]
            self.assertEqual(file["uns/segments/weight"][:].tolist(), [s["weight"] for s in weighted["segments"]])
        self.assertTrue((labels >= 0).all())  # rows of weight 0 too
        self.assertEqual(one["result"]["sizes"], np.bincount(labels).tolist())
        members = labels == 0
        self.assertAlmostEqual(weighted["segments"][0]["numbers"]["x"]["mean"], np.average(self.x[members], weights=self.w[members]), places=12)
        self.assertTrue((self.folder / "weighted/profiles.csv").read_text().startswith("segment,name,rows,weight,share,"))
        self.assertIn("The job is weighted", (self.folder / "weighted/report.html").read_text())
        self.assertNotIn("weighted", (self.folder / "repeated/report.html").read_text())

    def test_the_least_size_is_of_weight(self):
        self.w[:] = 1
        self.w[500:] = 4  # 100 rows that weigh 400
        self.write("weighted.h5", np.arange(600), self.w.astype(np.float64))
        kept, _, _ = run_job(self.folder, self.job("weighted.h5", 150), out="kept")
        self.assertEqual((kept["result"]["size_moves"], min(kept["result"]["sizes"])), (0, 100))
        held, _, _ = run_job(self.folder, self.job("weighted.h5", 0.25), out="held")
        self.assertGreater(held["result"]["size_moves"], 0)
        self.assertGreaterEqual(min(held["result"]["weights"]["sizes"]), 225)

    def test_the_same_bytes(self):
        rows = np.arange(140_000) % 600  # more than two blocks of 65,536
        self.w = np.random.default_rng(4).random(600) * (np.arange(600) % 7 > 0)
        self.write("weighted.h5", rows, self.w[rows])
        bodies = []
        for threads, block in ((1, 0), (3, 65536)):
            out = f"t{threads}"
            run_job(self.folder, self.job("weighted.h5", 0.05, run=f"[run]\nthreads = {threads}\nblock_rows = {block}\n"), out=out)
            bodies.append([(self.folder / out / name).read_bytes() for name in ("segments.h5ad", "model.h5", "profiles.json")])
        for one, other in zip(*bodies):
            self.assertEqual(one, other)


if __name__ == "__main__":
    main()
