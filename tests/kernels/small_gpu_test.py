"""The whole program on a GPU that is too small for the job: on the host stand-in, whose memory STAND_IN_BYTES limits."""
import json
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from clientele_cli import Case, main, run, write_job  # noqa: E402

ROWS = 40000
LARGE = {"STAND_IN_BYTES": str(1 << 30)}
SMALL = {"STAND_IN_BYTES": str(40 << 20)}  # enough to clean and normalise, less than what clustering may take


class SmallGpu(Case):
    def setUp(self):
        super().setUp()
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["matrix"] = np.random.default_rng(3).normal(size=(ROWS, 3)).astype(np.float32)
        self.job = write_job(self.folder, '[input]\nfile = "data.h5"\n[cluster]\nk = 2\nrestarts = 1\nmax_iterations = 3\n')

    def out(self, name, device, env, expect=0):
        return run("run", self.job, "--out", self.folder / name, "--device", device, "-q", env=env, expect=expect)

    def record(self, name):
        return json.loads((self.folder / name / "run.json").read_text())

    def plan(self, device, env):
        return json.loads(run("plan", self.job, "--out", self.folder / "x", "--device", device, "--json", env=env).stdout)

    def test_auto_uses_the_cpu_and_says_why(self):
        self.out("large", "auto", LARGE)
        self.out("small", "auto", SMALL)
        large, small = self.record("large"), self.record("small")
        self.assertEqual(large["device"]["name"], "cuda")
        self.assertFalse(any("GPU memory" in warning for warning in large["warnings"]), large["warnings"])
        self.assertEqual(small["device"]["name"], "cpu")
        self.assertIn("GPU memory", small["device"]["reason"])
        self.assertTrue(any("GPU memory" in warning for warning in small["warnings"]), small["warnings"])
        for file in ("segments.h5ad", "model.h5", "profiles.json"):
            self.assertEqual((self.folder / "large" / file).read_bytes(), (self.folder / "small" / file).read_bytes(), file)

    def test_a_gpu_asked_for_by_name_is_refused(self):
        said = self.out("named", "cuda:0", SMALL, expect=5).stderr
        for part in ("too little memory", str(40 << 20), "hint:"):
            self.assertIn(part, said)
        self.assertFalse((self.folder / "named").exists())

    def test_plan_knows(self):
        large, small, named = self.plan("auto", LARGE), self.plan("auto", SMALL), self.plan("cuda:0", SMALL)
        self.assertEqual(large["device"]["name"], "cuda")
        self.assertTrue(large["memory"]["fits"])
        self.assertEqual(large["memory"]["device_free_bytes"], 1 << 30)
        self.assertEqual(large["memory"]["device_limit_bytes"], (1 << 30) - (256 << 20), "a share is the driver's")
        self.assertEqual(small["device"]["name"], "cpu")
        self.assertIn("GPU memory", small["device"]["reason"])
        self.assertTrue(small["memory"]["fits"])
        self.assertFalse(named["memory"]["fits"])
        self.assertGreater(named["memory"]["device_bytes"], named["memory"]["device_free_bytes"])

    def test_a_limit_of_ones_own(self):
        limited = {**LARGE, "CLIENTELE_RUN__DEVICE_MEMORY": "40MiB"}
        memory = self.plan("cuda:0", limited)["memory"]
        self.assertEqual((memory["device_free_bytes"], memory["device_limit_bytes"], memory["fits"]), (1 << 30, 40 << 20, False))
        said = self.out("limited", "cuda:0", limited, expect=5).stderr
        for part in ("40.0 MiB of the 1.0 GiB that are free on cuda:0", "Raise run.device_memory"):
            self.assertIn(part, said)
        self.assertIn("run.device_memory", self.plan("auto", limited)["device"]["reason"])

    def test_assign_uses_the_cpu_too(self):
        self.out("large", "auto", LARGE)
        run("assign", self.folder / "large" / "model.h5", self.folder / "data.h5", "--out", self.folder / "scored",
            "--device", "auto", "-q", env=SMALL)
        self.assertEqual(self.record("scored")["device"]["name"], "cpu")


if __name__ == "__main__":
    main()
