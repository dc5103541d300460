"""Rows larger than memory: the real binary under run.memory gives the same bytes as without, and its memory stays below."""
import filecmp
import json
import os
import resource
import subprocess
import threading
import time
import unittest

import h5py
import numpy as np

from clientele_cli import BINARY, Case, main, run, write_job

JOB = '''
[input]
file = "data.h5"
dataset = "matrix"
[clean]
missing = "mean"
[cluster]
{start}
max_iterations = 8
[judge]
metrics = ["calinski_harabasz", "squared_silhouette", "simplified_silhouette"]
'''
DRAWN = "k = 5\nrestarts = 1\nseed = 3\nstart_rows = 8192"
GIVEN = 'init = "data.h5:/start"'
FILES = ("segments.h5ad", "model.h5", "profiles.json", "profiles.csv", "data_quality.json")


def write_matrix(path, n, d, seed=1):
    """Overlapping groups, some missing values; written in pieces."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 2, (6, d)).astype(np.float32)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("matrix", (n, d), dtype="f4")
        for first in range(0, n, 1 << 16):
            count = min(1 << 16, n - first)
            rows = centres[random.integers(0, 6, count)] + random.standard_normal((count, d), dtype=np.float32)
            rows[random.integers(0, count, 20), 1] = np.nan
            data[first:first + count] = rows
        file["start"] = centres[:5] / 3


def peak_of(*arguments):
    """Runs the binary; the highest VmHWM that its status ever showed, in bytes."""
    process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]

    def watch():
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    for line in status:
                        if line.startswith("VmHWM"):
                            peak[0] = max(peak[0], int(line.split()[1]) * 1024)
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    watcher.join()
    return process.returncode, peak[0], out, err


class Memory(Case):
    def publish(self, name, *arguments):
        out = self.folder / name
        code, peak, _, err = peak_of("run", self.folder / "job.toml", "--out", out, "--device", "cpu", "--threads", "2", *arguments)
        self.assertEqual(code, 0, err)
        return out, peak

    def same(self, first, second, files=FILES):
        for file in files:
            self.assertTrue(filecmp.cmp(first / file, second / file, shallow=False), f"{file} of {first.name} and {second.name} differ")

    def test_a_matrix_four_times_the_memory(self):
        rows, d, limit = 2_000_000, 64, 128_000_000
        write_matrix(self.folder / "data.h5", rows, d)
        self.assertGreaterEqual(os.path.getsize(self.folder / "data.h5"), 4 * limit)
        write_job(self.folder, JOB.format(start=GIVEN))
        plan = json.loads(run("plan", self.folder / "job.toml", "--json", "--device", "cpu", "--threads", "2", "--set", f"run.memory={limit}").stdout)
        self.assertTrue(plan["memory"]["regime"].startswith("streamed"))
        self.assertTrue(plan["memory"]["fits"])
        self.assertLess(plan["memory"]["host_bytes"], limit)
        self.assertGreater(plan["time"]["scratch_pass_seconds"], 0)
        resident, high = self.publish("resident")
        self.assertGreater(high, 4 * limit)
        streamed, low = self.publish("streamed", "--set", f"run.memory={limit}")
        self.same(resident, streamed)
        record = json.loads((streamed / "run.json").read_text())
        self.assertEqual(record["memory"]["regime"], "streamed")
        self.assertLess(max(low, record["peak_memory_bytes"]), limit)
        self.assertGreater(record["memory"]["bytes_read"], rows * d * 4)
        self.assertEqual(record["warnings"], json.loads((resident / "run.json").read_text())["warnings"])
        self.assertEqual([p.name for p in self.folder.iterdir() if "scratch" in p.name], [])

        whole, part = self.folder / "assigned", self.folder / "assigned-streamed"
        run("assign", resident / "model.h5", self.folder / "data.h5", "--out", whole, "--device", "cpu", "--threads", "2",
            "--dataset", "matrix")
        code, low, _, err = peak_of("assign", resident / "model.h5", self.folder / "data.h5", "--out", part, "--device", "cpu",
                                    "--threads", "2", "--memory", str(limit), "--dataset", "matrix")
        self.assertEqual(code, 0, err)
        self.assertLess(low, limit)
        self.same(whole, part, ("segments.h5ad",))
        self.assertEqual(json.loads((part / "run.json").read_text())["memory"]["regime"], "streamed")


class Columns(Case):
    def test_decoded_chunks_of_all_columns_share_the_limit(self):
        rows, d, limit = 1_000_000, 24, 140_000_000
        random = np.random.default_rng(5)
        group = random.integers(0, 4, rows)
        with h5py.File(self.folder / "data.h5", "w") as file:
            for j in range(d):
                values = (group * ((j % 3) + 1) + random.integers(0, 16, rows) / 16).astype("f8")
                file.create_dataset(f"clients/c{j:02}", data=values, chunks=(131072,), compression="lzf")
        write_job(self.folder, '''
[input]
file = "data.h5"
dataset = "clients"
[cluster]
k = 4
restarts = 1
start_rows = 8192
max_iterations = 4
[judge]
metrics = ["calinski_harabasz"]
structure = false
resamples = 0
''')
        # Without a common budget each column keeps all of its chunks: 192 MB.
        arguments = ("--device", "cpu", "--threads", "8", "--set", f"run.memory={limit}")
        plan = json.loads(run("plan", self.folder / "job.toml", "--json", *arguments).stdout)
        self.assertTrue(plan["memory"]["fits"])
        self.assertLess(plan["memory"]["host_bytes"], limit)
        code, peak, _, err = peak_of("run", self.folder / "job.toml", "--out", self.folder / "out", *arguments)
        self.assertEqual(code, 0, err)
        self.assertLess(peak, limit)
        self.assertEqual(json.loads((self.folder / "out/run.json").read_text())["memory"]["regime"], "streamed")


class Refusals(Case):
    def setUp(self):
        super().setUp()
        write_matrix(self.folder / "data.h5", 300_000, 40)
        write_job(self.folder, JOB.format(start=DRAWN))

    def refused(self, code, *arguments):
        result = subprocess.run([BINARY, "run", str(self.folder / "job.toml"), "--out", str(self.folder / "out"), "--device", "cpu", "--threads", "2",
                                 *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertFalse((self.folder / "out").exists())
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith(".")], [])
        return result.stderr

    def test_too_little_for_labels_alone(self):
        message = self.refused(5, "--set", "run.memory=20MB")
        self.assertIn("run.memory", message)
        self.assertIn("at least", message)
        plan = json.loads(run("plan", self.folder / "job.toml", "--json", "--device", "cpu", "--set", "run.memory=20MB").stdout)
        self.assertFalse(plan["memory"]["fits"])

    def test_sizes_that_are_none(self):
        for text in ("lots", "-5GB", "0", "5 parsecs"):
            self.assertIn("run.memory", self.refused(2, "--set", f"run.memory={text}"))

    def test_scratch_folders_that_will_not_do(self):
        message = self.refused(4, "--set", "run.memory=75MB", "--set", f"run.scratch={self.folder}/absent")
        self.assertIn("absent", message)

    def test_a_scratch_folder_that_is_closed(self):
        if os.geteuid() == 0:
            self.skipTest("root may write anywhere")
        closed = self.folder / "closed"
        closed.mkdir(mode=0o500)
        self.refused(4, "--set", "run.memory=75MB", "--set", f"run.scratch={closed}")

    def test_a_file_size_limit_below_the_scratch_file(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, 20_000_000))
        result = subprocess.run([BINARY, "run", str(self.folder / "job.toml"), "--out", str(self.folder / "out"), "--device", "cpu", "--threads", "2",
                                 "--set", "run.memory=75MB"], capture_output=True, text=True, preexec_fn=limit)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("scratch", result.stderr)

    def test_small_memory_where_it_suffices(self):
        first, second = self.folder / "first", self.folder / "second"
        run("run", self.folder / "job.toml", "--out", first, "--device", "cpu")
        run("run", self.folder / "job.toml", "--out", second, "--device", "cpu", "--set", "run.memory=75MB", "--threads", "2")
        for file in FILES:
            self.assertTrue(filecmp.cmp(first / file, second / file, shallow=False), file)
        self.assertEqual(json.loads((second / "run.json").read_text())["memory"]["regime"], "streamed")

    def test_a_sweep_shares_its_reads(self):
        write_job(self.folder, JOB.format(start="k = [2, 6]\nrestarts = 1\nseed = 3\nstart_rows = 8192").replace('["calinski_harabasz", "squared', '["davies_bouldin", "silhouette", "squared'))
        first = self.folder / "first"
        run("run", self.folder / "job.toml", "--out", first, "--device", "cpu")
        sides = []
        # What the process holds by itself differs by 2 MB from run to run: one or two fits fit at the first limit, three to five at the second.
        for limit in (69_000_000, 80_000_000, 92_000_000):
            out = self.folder / f"streamed-{limit}"
            run("run", self.folder / "job.toml", "--out", out, "--device", "cpu", "--set", f"run.memory={limit}", "--threads", "2")
            for file in FILES:
                self.assertTrue(filecmp.cmp(first / file, out / file, shallow=False), f"{file} under {limit}")
            record = json.loads((out / "run.json").read_text())
            self.assertLess(record["peak_memory_bytes"], limit)
            self.assertEqual(record["memory"]["regime"], "streamed")
            sides.append((record["memory"]["side_by_side"], record["memory"]["bytes_read"]))
        self.assertLessEqual(sides[0][0], 2)
        self.assertGreater(sides[1][0], sides[0][0])
        self.assertEqual(sides[2][0], 5)
        self.assertLess(sides[2][1], 0.6 * sides[0][1])  # 0.55 of what two side by side read, 0.38 of what one by one do


if __name__ == "__main__":
    main()
