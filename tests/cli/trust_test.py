"""Whether segments are worth having, their least size, and outliers: what the files say, checked from the outside."""
import json
import unittest

import h5py
import numpy as np

from clientele_cli import Case, main, run, run_job, write_job

BLOBS = '[input]\nfile = "blobs.h5"\n[cluster]\nseed = 2\n'


class Trust(Case):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(8)
        groups = np.repeat([0, 1, 2, 3], [700, 500, 292, 8])
        self.blobs = random.normal(size=(1500, 3)) + np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [30, 30, 30]])[groups]
        for name, matrix in (("blobs.h5", self.blobs), ("noise.h5", random.normal(size=(1500, 3)))):
            with h5py.File(self.folder / name, "w") as file:
                file["matrix"] = matrix

    def test_groups_that_are_there(self):
        record, _, _ = run_job(self.folder, BLOBS + 'k = [2, 6]\nmin_size = 0.05\n')
        result = record["result"]
        self.assertEqual(result["k"], 3)
        self.assertTrue(result["choice"]["worth_having"])
        self.assertEqual(result["choice"]["doubts"], [])
        self.assertTrue(result["choice"]["structure"]["found"])
        self.assertGreaterEqual(min(result["sizes"]), 75)
        self.assertEqual(result["stability"]["words"], ["stable"] * 3)
        self.assertEqual([g["k"] for g in result["choice"]["gates"]], [2, 3, 4, 5, 6])
        self.assertIn("stability", result["candidates"][0])
        page = (self.folder / "out/report.html").read_text()
        self.assertIn("How sure they are", page)
        self.assertNotIn("No segments worth having", page)

    def test_no_segments_worth_having_is_said_everywhere(self):
        job = write_job(self.folder, '[input]\nfile = "noise.h5"\n[cluster]\nk = [2, 4]\n')
        said = run("run", job, "--out", self.folder / "out")
        self.assertIn("no segments worth having", said.stderr)
        record = json.loads((self.folder / "out/run.json").read_text())
        self.assertFalse(record["result"]["choice"]["worth_having"])
        self.assertIn("one cloud without gaps", record["result"]["choice"]["doubts"][0])
        self.assertTrue(record["warnings"][-1].startswith("No segments worth having."), record["warnings"])
        page = (self.folder / "out/report.html").read_text()
        self.assertLess(page.index("No segments worth having."), page.index("sorted into"))
        self.assertEqual(page.count("No segments worth having."), 1)
        # A warning like any other: a strict run ends with 9, and the result is there.
        run("run", job, "--out", self.folder / "strict", "--set", "run.strict=true", expect=9)
        one, _, _ = run_job(self.folder, '[input]\nfile = "noise.h5"\n[cluster]\nk = [1, 3]\n', out="one")
        self.assertEqual(one["result"]["k"], 1)
        off, _, _ = run_job(self.folder, '[input]\nfile = "noise.h5"\n[cluster]\nk = [2, 3]\n[judge]\nstructure = false\nresamples = 0\n', out="off")
        self.assertTrue(off["result"]["choice"]["worth_having"])
        self.assertNotIn("stability", off["result"])

    def test_the_least_size_is_kept_and_assign_agrees(self):
        small, _, _ = run_job(self.folder, BLOBS + 'k = 4\n', out="small")
        self.assertEqual(small["result"]["sizes"][-1], 8)
        record, profiles, _ = run_job(self.folder, BLOBS + 'k = 4\nmin_size = 100\n', out="held")
        self.assertEqual(record["result"]["k"], 4)
        self.assertGreaterEqual(min(record["result"]["sizes"]), 100)
        self.assertGreater(record["result"]["size_moves"], 0)
        run("assign", self.folder / "held/model.h5", self.folder / "blobs.h5", "--out", self.folder / "scored", "-q")
        with h5py.File(self.folder / "held/segments.h5ad") as fitted, h5py.File(self.folder / "scored/segments.h5ad") as scored:
            self.assertTrue(np.array_equal(fitted["obs/segment_id"][:], scored["obs/segment_id"][:]))
        said = run("run", write_job(self.folder, BLOBS + 'k = 4\nmin_size = 0.25\n'), "--out", self.folder / "none", expect=None).stderr
        self.assertTrue("segments instead of 4" in said or json.loads((self.folder / "none/run.json").read_text())["result"]["k"] == 4, said)
        said = run("run", write_job(self.folder, BLOBS + 'k = 4\nmin_size = 376\n'), "--out", self.folder / "error", expect=3).stderr
        self.assertIn("too large for k segments", said)
        self.assertIn("share", run("validate", write_job(self.folder, BLOBS + 'k = 4\nmin_size = 0.3\n'), expect=2).stderr)

    def test_outliers_are_marked_and_new_clients_alike(self):
        record, profiles, _ = run_job(self.folder, BLOBS + 'k = 3\noutliers = 0.02\n', "--csv")
        with h5py.File(self.folder / "out/segments.h5ad") as file:
            distance, segment, flag = (file[f"obs/{name}"][:] for name in ("distance", "segment_id", "outlier"))
        threshold = record["result"]["outliers"]["threshold"]
        self.assertEqual(threshold, np.quantile(distance.astype(np.float64), 1 - 0.02))
        self.assertTrue(np.array_equal(flag, distance > threshold))
        self.assertEqual(record["result"]["outliers"]["rows"], 30)
        sizes = np.bincount(segment[flag == 1], minlength=3).tolist()
        self.assertEqual(record["result"]["outliers"]["sizes"], sizes)
        self.assertEqual([s["outliers"] for s in profiles["segments"]], sizes)
        lines = (self.folder / "out/segments.csv").read_text().splitlines()
        self.assertEqual(lines[0], "client_id,segment,segment_id,distance,outlier")
        self.assertEqual([int(line[-1]) for line in lines[1:]], flag.tolist())
        self.assertIn(",outliers,", (self.folder / "out/profiles.csv").read_text().splitlines()[0])
        with h5py.File(self.folder / "new.h5", "w") as file:
            file["matrix"] = np.concatenate([self.blobs, [[500, -500, 500]]])
        run("assign", self.folder / "out/model.h5", self.folder / "new.h5", "--out", self.folder / "scored", "-q")
        with h5py.File(self.folder / "scored/segments.h5ad") as file:
            self.assertEqual(file["obs/outlier"][:].tolist(), flag.tolist() + [1])
        scored = json.loads((self.folder / "scored/run.json").read_text())
        self.assertEqual(scored["result"]["outliers"], {"threshold": threshold, "rows": 31, "sizes": scored["result"]["outliers"]["sizes"]})
        plain, _, _ = run_job(self.folder, BLOBS + 'k = 3\n', out="plain")
        self.assertNotIn("outliers", plain["result"])
        with h5py.File(self.folder / "plain/segments.h5ad") as file:
            self.assertNotIn("outlier", file["obs"])

    def test_the_same_bytes(self):
        bodies = []
        for threads in (1, 3):
            job = BLOBS + f'k = [2, 5]\nmin_size = 0.04\noutliers = 0.01\n[run]\nthreads = {threads}\n'
            run_job(self.folder, job, out=f"t{threads}")
            bodies.append([(self.folder / f"t{threads}" / name).read_bytes() for name in ("segments.h5ad", "model.h5", "profiles.json")])
        self.assertEqual(bodies[0], bodies[1])


if __name__ == "__main__":
    main()
