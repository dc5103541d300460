"""The whole program on the CPU and on the CUDA backend, here on its host stand-in: every published file, byte for byte.
scripts/gpu_check.sh does the same on a device, with larger shapes."""
import filecmp
import json
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from clientele_cli import Case, main, run, write_job  # noqa: E402

FILES = ("segments.h5ad", "model.h5", "profiles.json", "profiles.csv", "data_quality.json")
JOBS = {
    "zscore, ties and gaps": "[cluster]\nk = 4\nrestarts = 2\n",
    "one segment, minmax": '[normalise]\nmethod = "minmax"\n[cluster]\nk = 1\n',
    "spherical, robust": '[normalise]\nmethod = "robust"\n[cluster]\nalgorithm = "spherical"\nk = 5\n',
    "sweep, quantile, small blocks": '[normalise]\nmethod = "quantile"\n[cluster]\nk = [2, 3]\n[run]\nblock_rows = 1000\n',
    "sweep side by side": "[cluster]\nk = [2, 9]\nrestarts = 2\nstart_rows = 1000\n",
    "spherical sweep side by side": '[cluster]\nalgorithm = "spherical"\nk = [2, 6]\nrestarts = 2\nstart_rows = 1000\n',
    "random, log, winsorised": '[normalise]\nmethod = "log_zscore"\nwinsorise = [0.01, 0.99]\n[cluster]\nk = 6\ninit = "random"\n',
    "weights": '[columns.f0]\nrole = "weight"\n[cluster]\nk = 3\n',
}

SIDE_BY_SIDE = {"sweep side by side": 8, "spherical sweep side by side": 5}  # fits that share each read of the rows


def clients():
    random = np.random.default_rng(4)
    rows = random.normal(size=(3000, 5)) * [1, 3, 1, 100, 1] + 4 * random.integers(0, 4, 3000)[:, None]
    rows[:, 0] = random.integers(1, 5, 3000)
    rows[:, 4] = np.round(rows[:, 4])
    rows[:100] = rows[7]
    rows[random.integers(100, 3000, 40), 2] = np.nan
    return rows.astype(np.float32)


class SameBytes(Case):
    def fits_side_by_side(self, job):
        plan = run("plan", job, "--out", self.folder / "none", "--device", "cuda:0", "--json")
        return json.loads(plan.stdout)["memory"]["side_by_side"]

    def test_cpu_and_cuda(self):
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["matrix"] = clients()
            file["matrix"].attrs["columns"] = np.array([f"f{j}" for j in range(5)], dtype=h5py.string_dtype())
        for name, lines in JOBS.items():
            with self.subTest(name):
                job = write_job(self.folder, '[input]\nfile = "data.h5"\n' + lines)
                if name in SIDE_BY_SIDE:
                    self.assertEqual(self.fits_side_by_side(job), SIDE_BY_SIDE[name])
                for device in ("cpu", "cuda:0"):
                    run("run", job, "--out", self.folder / device[:3], "--device", device, "--force", "-q")
                for file in FILES:
                    self.assertTrue(filecmp.cmp(self.folder / "cpu" / file, self.folder / "cud" / file, shallow=False), file)


if __name__ == "__main__":
    main()
