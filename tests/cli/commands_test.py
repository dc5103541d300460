"""Every command on good input, through the real binary."""
import json
import re
import shutil
import unittest

import h5py
import numpy as np

from clientele_cli import ROOT, Case, main, run, write_job

JOB = '''
[input]
file = "clients.h5"
[cluster]
k = 4
seed = 1
'''


class Commands(Case):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "clients.h5"
        run("generate", "--clients", 3000, "--features", 4, "--segments", 4, "--separation", 60, "--seed", 3, "--ids", "--out", self.data, "-q")
        self.job = write_job(self.folder, JOB)
        self.out = self.folder / "out"

    def test_run_publishes_every_file(self):
        result = run("run", self.job, "--out", self.out, "--csv")
        self.assertIn(str(self.out / "report.html"), result.stdout)
        self.assertIn(str(self.out / "segments.h5ad"), result.stdout)
        self.assertIn("k = 4", result.stderr)
        names = {path.name for path in self.out.iterdir()}
        self.assertEqual(names, {"segments.h5ad", "segments.csv", "profiles.csv", "profiles.json", "model.h5", "data_quality.json", "run.json", "report.html"})
        record = json.loads((self.out / "run.json").read_text())
        self.assertEqual((record["schema"], record["kind"]), (1, "run"))
        self.assertEqual(record["rows"], {"read": 3000, "kept": 3000, "excluded": {}})
        self.assertEqual(sum(record["result"]["sizes"]), 3000)
        self.assertEqual(set(record["checksums"]), names - {"run.json"})
        self.assertEqual(record["job"]["cluster"]["k"], {"value": [4], "origin": "job.toml:5:5"})
        self.assertEqual(record["job"]["output"]["folder"]["origin"], "command line --out")
        self.assertEqual(record["job"]["cluster"]["restarts"]["origin"], "default")
        self.assertGreater(record["peak_memory_bytes"], 1 << 20)
        self.assertTrue({stage["name"] for stage in record["stages"]} >= {"fingerprint", "open", "clean", "normalise", "features", "cluster", "profile", "write"})

    def test_planted_segments_are_found(self):
        run("run", self.job, "--out", self.out)
        with h5py.File(self.out / "segments.h5ad") as file, h5py.File(self.data) as truth:
            found = file["obs/segment_id"][:]
            planted = truth["truth/segment"][:]
        table = np.zeros((4, 4), int)
        np.add.at(table, (found, planted), 1)
        self.assertEqual((table > 0).sum(), 4, table)  # a permutation: ARI 1

    def test_plan_reads_nothing_and_tells(self):
        text = run("plan", self.job, "--out", self.out).stdout
        for part in ("rows: 3000", "features", "device", "memory", "up_to_date: no", "job.toml:5:5"):
            self.assertIn(part, text)
        self.assertFalse(self.out.exists())
        plan = json.loads(run("plan", self.job, "--out", self.out, "--json").stdout)
        self.assertEqual(plan["features"]["features"], 4)
        self.assertGreater(plan["time"]["expected_seconds"], 0)
        self.assertGreaterEqual(plan["time"]["all_iterations_seconds"], plan["time"]["expected_seconds"])
        run("run", self.job, "--out", self.out)
        plan = json.loads(run("plan", self.job, "--out", self.out, "--json").stdout)
        self.assertTrue(plan["output"]["up_to_date"].startswith("yes"), plan["output"])

    def test_validate(self):
        self.assertIn("valid job", run("validate", self.job).stdout)
        self.assertIn("[cluster]", run("validate", "--keys").stdout)
        resolved = json.loads(run("validate", self.job, "--json", "--set", "cluster.k=[2,3]", env={"CLIENTELE_CLUSTER__SEED": "9"}).stdout)
        self.assertEqual(resolved["cluster"]["k"], {"value": [2, 3], "origin": "command line --set"})
        self.assertEqual(resolved["cluster"]["seed"], {"value": 9, "origin": "environment CLIENTELE_CLUSTER__SEED"})
        self.assertIn("CLIENTELE_CLUSTER__KK", run("validate", self.job, env={"CLIENTELE_CLUSTER__KK": "9"}, expect=2).stderr)

    def test_example_jobs_are_valid(self):
        jobs = sorted((ROOT / "scripts/jobs").glob("*.toml"))
        self.assertGreaterEqual(len(jobs), 3)
        for job in jobs:
            run("validate", job)

    def test_inspect(self):
        self.assertIn("matrix", run("inspect", self.data).stdout)
        self.assertIsInstance(json.loads(run("inspect", self.data, "--json").stdout), dict)
        self.assertIn("does not exist", run("inspect", self.folder / "none.h5", expect=3).stderr)

    def test_doctor_and_version(self):
        text = run("doctor", "--out", self.folder).stdout
        self.assertRegex(text, r"(?m)^(ok|warning): output folder: ")
        facts = json.loads(run("doctor", "--json").stdout)
        self.assertGreaterEqual(facts["threads"], 1)
        self.assertIn("scalar", facts["simd"])
        version = json.loads(run("version", "--json").stdout)
        self.assertIn(version["version"], run("version").stdout)
        self.assertIn(version["version"], run("--version").stdout)

    def test_help_is_generated_from_the_specs(self):
        text = run("run", "--help").stdout
        for part in ("--set", "[normalise]", "winsorise", "max_iterations", "default 300", "CLIENTELE_SECTION__KEY"):
            self.assertIn(part, text)
        self.assertNotIn("resume", text)
        self.assertIn("doctor", run("--help").stdout)
        self.assertIn("error:", run(expect=2).stderr)
        self.assertIn("error:", run("frobnicate", expect=2).stderr)
        self.assertIn("`clientele run`", run("runn", self.job, expect=2).stderr)
        self.assertIn("1 to 100000", text)
        self.assertIn("error:", run("run", self.job, "--bogus", expect=2).stderr)

    def test_generate_is_the_same_twice_and_refuses_to_overwrite(self):
        again = self.folder / "again.h5"
        run("generate", "--clients", 3000, "--features", 4, "--segments", 4, "--separation", 60, "--seed", 3, "--ids", "--out", again)
        with h5py.File(self.data) as one, h5py.File(again) as two:
            for name in ("matrix", "truth/segment", "client_id"):
                np.testing.assert_array_equal(one[name][:], two[name][:])
        self.assertIn("--force", run("generate", "--clients", 10, "--out", again, expect=4).stderr)
        run("generate", "--clients", 10, "--kind", "structureless", "--features", 3, "--tails", "--out", again, "--force")
        with h5py.File(again) as file:
            self.assertEqual(file["matrix"].shape, (10, 3))

    def test_events_to_segments_and_back(self):
        log = self.folder / "events.h5"
        run("generate", "--kind", "events", "--clients", 2000, "--segments", 3, "--seed", 5, "--out", log)
        shutil.copy(ROOT / "scripts/jobs/rfm_events.toml", self.folder)
        job = self.folder / "rfm_events.toml"
        run("run", job, "--out", self.out, "--k", "3")
        record = json.loads((self.out / "run.json").read_text())
        self.assertEqual(record["rows"]["read"], 2000)
        self.assertIsNotNone(record["behaviour"])
        # The same clients through the saved model, read as the job says.
        run("assign", self.out / "model.h5", "--job", job, "--out", self.folder / "scored")
        self.same_columns(self.out, self.folder / "scored")

    def test_clients_excluded_by_behaviour_are_published_with_their_reason(self):
        with h5py.File(self.folder / "log.h5", "w") as file:
            file["client"] = np.repeat(np.arange(40), 3)
            file["ts"] = np.arange(120) * 86400
            amount = np.arange(120) % 7 * 100 + 50
            amount[np.repeat(np.arange(40) % 8 == 3, 3)] = 0
            file["amount"] = amount
        job = write_job(self.folder, '[events]\nfile = "log.h5"\namount = "amount"\npaying_only = true\n[behaviour]\n'
                        'features = ["recency", "monetary"]\n[cluster]\nk = 2\n', "log.toml")
        run("run", job, "--out", self.out)
        record = json.loads((self.out / "run.json").read_text())
        self.assertEqual(record["rows"], {"read": 40, "kept": 35, "excluded": {"not_paying": 5}})
        with h5py.File(self.out / "segments.h5ad") as file:
            labels = file["obs/segment_id"][:]
        np.testing.assert_array_equal(np.flatnonzero(labels == -1), np.arange(3, 40, 8))

    def test_table_joined_with_events(self):
        with h5py.File(self.folder / "both.h5", "w") as file:
            random = np.random.default_rng(1)
            file["clients/client_id"] = np.arange(100, 200)
            file["clients/size"] = random.normal(0, 1, 100)
            file["log/client"] = random.integers(90, 190, 900)
            file["log/ts"] = random.integers(0, 86400 * 300, 900)
            file["log/amount"] = random.integers(1, 9999, 900)
        job = write_job(self.folder, '[input]\nfile = "both.h5"\ndataset = "/clients"\n[events]\nfile = "both.h5"\ndataset = "/log"\namount = "amount"\n'
                        '[behaviour]\nfeatures = ["recency", "monetary"]\n[cluster]\nk = 2\n', "both.toml")
        run("run", job, "--out", self.out)
        record = json.loads((self.out / "run.json").read_text())
        self.assertEqual((record["rows"]["read"], record["input"]["columns"]), (100, 3))

    def same_columns(self, one, two):
        with h5py.File(one / "segments.h5ad") as first, h5py.File(two / "segments.h5ad") as second:
            for name in ("segment_id", "distance", "second_best", "margin"):
                self.assertEqual(first[f"obs/{name}"][:].tobytes(), second[f"obs/{name}"][:].tobytes(), name)

    def test_assign(self):
        run("run", self.job, "--out", self.out)
        scored = self.folder / "scored"
        result = run("assign", self.out / "model.h5", self.data, "--out", scored, "--csv")
        self.assertIn("segments.h5ad", result.stdout)
        self.same_columns(self.out, scored)
        self.assertTrue((scored / "segments.csv").exists())
        record = json.loads((scored / "run.json").read_text())
        self.assertEqual(record["rows"]["kept"], 3000)
        self.assertEqual(set(record["checksums"]), {"segments.h5ad", "segments.csv", "data_quality.json"})
        self.assertIn("up to date", run("assign", self.out / "model.h5", self.data, "--out", scored, "--csv").stderr)

    def test_gaps_where_training_had_none_are_scored_by_the_median(self):
        run("run", self.job, "--out", self.out)
        with h5py.File(self.data) as file:
            name = next(name for name in file if file[name].ndim == 2)
            x = file[name][:]
        filled = x[:50].copy()
        filled[:, 1] = np.median(x[:, 1].astype(np.float64))
        gaps = x[:50].copy()
        gaps[:, 1] = np.nan
        found = []
        for title, rows in (("gaps", gaps), ("filled", filled)):
            with h5py.File(self.folder / f"{title}.h5", "w") as file:
                file[name] = rows
            run("assign", self.out / "model.h5", self.folder / f"{title}.h5", "--out", self.folder / title)
            with h5py.File(self.folder / title / "segments.h5ad") as file:
                found.append((file["obs/segment_id"][:], file["obs/distance"][:]))
        self.assertTrue((found[0][0] >= 0).all())
        np.testing.assert_array_equal(found[0][0], found[1][0])
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5)

    def test_numbers_declared_categories_shape_segments_and_score(self):
        random = np.random.default_rng(5)
        tariff = np.array([100, 9, -1])[random.integers(0, 3, 600)]  # the segments lie in nothing but this column
        with h5py.File(self.folder / "train.h5", "w") as file:
            file["clients/tariff"] = tariff.astype(np.int16)
            file["clients/noise"] = random.normal(0, 1, 600)
        job = write_job(self.folder, '[input]\nfile = "train.h5"\n[cluster]\nk = 3\n[columns.tariff]\nkind = "category"\n'
                        '[columns.noise]\nweight = 0.01\n', "train.toml")
        self.assertIn('"features": 3', run("plan", job, "--json").stdout)
        run("run", job, "--out", self.out)
        with h5py.File(self.out / "segments.h5ad") as file:
            labels = file["obs/segment_id"][:]
        self.assertEqual(len({(label, int(code)) for label, code in zip(labels, tariff)}), 3)
        self.assertIn("tariff", (self.out / "profiles.json").read_text())
        with h5py.File(self.folder / "new.h5", "w") as file:
            file["clients/tariff"] = np.append(tariff[:99], [77])
            file["clients/noise"] = np.zeros(100)
        result = run("assign", self.out / "model.h5", self.folder / "new.h5", "--out", self.folder / "scored")
        self.assertIn("77", result.stderr)
        quality = json.loads((self.folder / "scored/data_quality.json").read_text())
        self.assertEqual(quality["unseen_categories"], {"tariff": 1})
        with h5py.File(self.folder / "scored/segments.h5ad") as new:
            np.testing.assert_array_equal(labels[:99], new["obs/segment_id"][:99])
        with h5py.File(self.folder / "train.h5", "a") as file:
            del file["clients/tariff"]
            file["clients/tariff"] = tariff + 0.5
        text = run("run", job, "--out", self.folder / "none", expect=3).stderr
        self.assertIn("tariff", text)
        self.assertIn("whole numbers", text)

    def test_assign_matches_columns_and_categories_by_name(self):
        random = np.random.default_rng(2)
        kinds = np.array([b"gold", b"iron", b"tin"])[random.integers(0, 3, 400)]
        size = random.normal(0, 1, 400)
        size[:5] = np.nan

        def table(path, kinds, rename="size"):
            with h5py.File(path, "w") as file:
                file["clients/zzz"] = np.arange(len(kinds))  # a column that the model does not know or need
                file["clients/kind"] = kinds
                file["clients/" + rename] = size[: len(kinds)]
        with h5py.File(self.folder / "train.h5", "w") as file:
            file["clients/kind"] = kinds
            file["clients/size"] = size
        job = write_job(self.folder, '[input]\nfile = "train.h5"\n[cluster]\nk = 3\n', "train.toml")
        run("run", job, "--out", self.out)
        table(self.folder / "new.h5", np.append(kinds[:99], [b"lead"]))
        result = run("assign", self.out / "model.h5", self.folder / "new.h5", "--out", self.folder / "scored")
        self.assertIn("lead", result.stderr)
        with h5py.File(self.out / "segments.h5ad") as fitted, h5py.File(self.folder / "scored/segments.h5ad") as new:
            np.testing.assert_array_equal(fitted["obs/segment_id"][:99], new["obs/segment_id"][:99])
            np.testing.assert_array_equal(fitted["obs/distance"][:99], new["obs/distance"][:99])
        table(self.folder / "wrong.h5", kinds, rename="sizes")
        text = run("assign", self.out / "model.h5", self.folder / "wrong.h5", "--out", self.folder / "none", expect=3).stderr
        self.assertIn("size", text)
        self.assertIn("sizes", text)
        self.assertFalse((self.folder / "none").exists())
        run("assign", self.data, self.data, "--out", self.folder / "none", expect=3)

    def test_report_is_made_again(self):
        run("run", self.job, "--out", self.out)
        page = (self.out / "report.html").read_bytes()
        record = (self.out / "run.json").read_bytes()
        (self.out / "report.html").unlink()
        self.assertIn("report.html", run("report", self.out).stdout)
        self.assertEqual(page, (self.out / "report.html").read_bytes())
        self.assertEqual(record, (self.out / "run.json").read_bytes())
        run("report", self.folder, expect=3)

    def test_given_centroids_and_warm_start(self):
        run("run", self.job, "--out", self.out)
        with h5py.File(self.out / "model.h5") as model:
            name = next(k for k in model if "normalised" in k) if not "centroids_normalised" in model else "centroids_normalised"
            given = model[name][:]
        with h5py.File(self.folder / "start.h5", "w") as file:
            file["given"] = given
        run("run", self.job, "--out", self.folder / "given", "--set", f"cluster.init={self.folder}/start.h5:/given")
        self.same_columns(self.out, self.folder / "given")
        run("run", self.job, "--out", self.folder / "warm", "--set", f"cluster.init={self.out}/model.h5")
        self.same_columns(self.out, self.folder / "warm")
        warm = json.loads((self.folder / "warm/run.json").read_text())
        self.assertLessEqual(warm["result"]["iterations"], 2)
        text = run("run", self.job, "--out", self.folder / "x", "--k", 3, "--set", f"cluster.init={self.out}/model.h5", expect=2).stderr
        self.assertIn("k = 4", text)
        text = run("run", self.job, "--out", self.folder / "x", "--set", f"cluster.init={self.folder}/start.h5:/taken", expect=3).stderr
        self.assertIn("inspect", text)

    def test_sweep_publishes_the_chosen_k(self):
        run("run", self.job, "--out", self.out, "--k", "[2,6]")
        record = json.loads((self.out / "run.json").read_text())["result"]
        self.assertEqual([c["k"] for c in record["candidates"]], [2, 3, 4, 5, 6])
        self.assertEqual(record["k"], 4)
        with h5py.File(self.out / "segments.h5ad") as file:
            labels = file["obs/segment_id"][:]
        self.assertEqual(np.bincount(labels).tolist(), record["sizes"])
        self.assertTrue(re.search(r"\w", record["choice"]["reason"]))


if __name__ == "__main__":
    main()
