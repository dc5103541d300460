"""The whole program on a GPU that holds a part of the features only: on the host stand-in, whose memory STAND_IN_BYTES
limits. The features lie in the host's memory or in a scratch file, and every published byte is that of the CPU."""
import filecmp
import json
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from clientele_cli import Case, main, run, write_job  # noqa: E402

ROWS, FEATURES = 390_000, 32
FILES = ("segments.h5ad", "model.h5", "profiles.json", "profiles.csv", "data_quality.json")
JOB = '''
[input]
file = "data.h5"
dataset = "matrix"
[cluster]
k = {k}
restarts = 1
start_rows = 8192
max_iterations = 8
stop = "strict"
[judge]
resamples = 0
[run]
threads = 2
'''


def limited(env):
    """All of the memory is the job's: none is kept back for the driver, which the stand-in lacks."""
    return env and {**env, "CLIENTELE_RUN__DEVICE_MEMORY": env["STAND_IN_BYTES"]}


class StreamedGpu(Case):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(11)
        rows = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
        rows += (np.arange(ROWS) * 3 // ROWS)[:, None] * np.float32(0.6)  # groups lie together, and overlap
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["matrix"] = rows
        self.write("3")

    def write(self, k):
        self.job = write_job(self.folder, JOB.format(k=k))

    def out(self, name, device, *arguments, env=None):
        run("run", self.job, "--out", self.folder / name, "--device", device, "-q", *arguments, env=limited(env))
        return json.loads((self.folder / name / "run.json").read_text())

    def same(self, first, second, files=FILES):
        for file in files:
            self.assertTrue(filecmp.cmp(self.folder / first / file, self.folder / second / file, shallow=False), f"{file} of {second}")

    def plan(self, *arguments, env=None):
        said = run("plan", self.job, "--out", self.folder / "x", "--device", "cuda:0", "--json", *arguments, env=limited(env))
        plan = json.loads(said.stdout)
        self.assertEqual("copy_pass_seconds" in plan["time"], plan["memory"]["regime"] != "resident on the GPU")
        return plan["memory"]

    def small(self, lacking=0.6):
        """A GPU with room for what fitting needs and a part of the features, the limit of its memory enforced."""
        plan = self.plan()
        self.assertEqual(plan["regime"], "resident on the GPU")
        features = ROWS * FEATURES * 4
        return {"STAND_IN_BYTES": str(plan["device_bytes"] - int(features * lacking))}

    def test_from_memory_and_from_a_file(self):
        env = self.small()
        plan = self.plan(env=env)
        self.assertEqual(plan["regime"], "streamed: features in the host's memory, copied to the GPU once a pass")
        self.assertTrue(plan["fits"])
        self.assertLessEqual(plan["device_bytes"], int(env["STAND_IN_BYTES"]))
        self.out("cpu", "cpu")
        memory = self.out("held", "cuda:0", env=env)["memory"]
        self.same("cpu", "held")
        self.assertEqual((memory["regime"], memory["streamed_to"], memory["scratch_bytes"]), ("streamed", "GPU", 0))
        self.assertTrue(memory["pages_pinned"])
        self.assertGreater(memory["pages_bytes"], 0)
        self.assertGreater(memory["blocks_skipped"], 0)
        self.assertTrue("from the host&#39;s memory" in (self.folder / "held" / "report.html").read_text())

        limit = self.plan("--memory", "10GB", env=env)["host_bytes_at_least"] + (24 << 20)
        self.assertEqual(self.plan("--memory", limit, env=env)["regime"],
                         "streamed: features in a scratch file, read and copied to the GPU once a pass")
        memory = self.out("filed", "cuda:0", "--memory", limit, env=env)["memory"]
        self.same("cpu", "filed")
        self.assertGreater(memory["scratch_bytes"], 0)
        self.assertLess(memory["pages_bytes"], memory["scratch_bytes"])

        run("assign", self.folder / "cpu" / "model.h5", "--job", self.job, "--out", self.folder / "scored",
            "--device", "cuda:0", "-q", env=limited(env))
        run("assign", self.folder / "cpu" / "model.h5", self.folder / "data.h5", "--dataset", "matrix", "--out", self.folder / "by_cpu",
            "--device", "cpu", "-q")
        self.same("by_cpu", "scored", ("segments.h5ad",))

    def test_compressed_on_the_gpu(self):
        env = self.small(0.1)
        plan = self.plan(env=env)
        self.assertEqual(plan["regime"],
                         "compressed on the GPU, features in the host's memory: read where the compressed ones do not decide")
        self.assertLessEqual(plan["device_bytes"], int(env["STAND_IN_BYTES"]))
        self.out("cpu", "cpu")
        memory = self.out("held", "cuda:0", env=env)["memory"]
        self.same("cpu", "held")
        self.assertEqual((memory["regime"], memory["streamed_to"], memory["compressed_bytes"]),
                         ("streamed", "GPU", plan["compressed_bytes"]))
        self.assertTrue("compressed on a GPU" in (self.folder / "held" / "report.html").read_text())
        whole = memory["pages_bytes"] // -(-ROWS // memory["block_rows"])
        self.assertLess(memory["bytes_read"], 0.75 * memory["blocks_read"] * whole, "most passes need a few rows of a page")

        limit = self.plan("--memory", "10GB", env=env)["host_bytes_at_least"] + (24 << 20)
        self.assertTrue(self.plan("--memory", limit, env=env)["regime"].startswith("compressed on the GPU, features in a scratch file"))
        memory = self.out("filed", "cuda:0", "--memory", limit, env=env)["memory"]
        self.same("cpu", "filed")
        self.assertGreater(memory["scratch_bytes"], 0)
        self.assertEqual(memory["compressed_bytes"], plan["compressed_bytes"])

    def test_a_sweep_under_a_limit_of_ones_own(self):
        self.write("[2, 3]")
        limit = self.small()["STAND_IN_BYTES"]
        self.assertTrue(self.plan("--set", f"run.device_memory={limit}")["regime"].startswith("streamed: features in the host's"))
        self.out("cpu", "cpu")
        memory = self.out("gpu", "cuda:0", "--set", f"run.device_memory={limit}")["memory"]
        self.same("cpu", "gpu")
        self.assertEqual(memory["regime"], "streamed")
        self.assertEqual(memory["device_limit_bytes"], int(limit))

    def test_spherical_scores_lie_in_the_hosts_memory(self):
        env = self.small()
        self.out("cpu", "cpu", "--set", "cluster.algorithm=\"spherical\"", "--set", "cluster.max_iterations=2")
        for name, device in (("scored", "cuda:0"), ("by_cpu", "cpu")):
            run("assign", self.folder / "cpu" / "model.h5", "--job", self.job, "--out", self.folder / name,
                "--device", device, "-q", env=limited(env))
        self.same("by_cpu", "scored", ("segments.h5ad",))
        memory = json.loads((self.folder / "scored" / "run.json").read_text())["memory"]
        self.assertEqual((memory["regime"], memory["scratch_bytes"]), ("streamed", 0))


if __name__ == "__main__":
    main()
