"""What a scheduler at night relies on: up to date, locks, logs, strict, stale staging."""
import fcntl
import json
import os
import pty
import signal
import subprocess
import unittest

import h5py
import numpy as np

from clientele_cli import BINARY, Case, main, run, write_job

JOB = '''
[input]
file = "data.h5"
[cluster]
k = 3
seed = 1
'''


class Night(Case):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["matrix"] = (random.normal(0, 1, (2000, 3)) + 5 * random.integers(0, 3, (2000, 1))).astype(np.float32)
        self.job = write_job(self.folder, JOB)
        self.out = self.folder / "out"

    def test_up_to_date(self):
        run("run", self.job, "--out", self.out)
        first = (self.out / "run.json").read_bytes()
        self.assertIn("up to date", run("run", self.job, "--out", self.out, "--threads", 1).stderr)
        self.assertEqual(first, (self.out / "run.json").read_bytes())
        # a moved input with the same bytes is the same input, another seed is another run
        self.assertNotIn("up to date", run("run", self.job, "--out", self.out, "--seed", 2).stderr)
        self.assertNotIn("up to date", run("run", self.job, "--out", self.out).stderr)
        # a damaged output is made again
        (self.out / "segments.h5ad").write_bytes(b"broken")
        self.assertNotIn("up to date", run("run", self.job, "--out", self.out).stderr)
        self.assertGreater((self.out / "segments.h5ad").stat().st_size, 100)
        self.assertNotIn("up to date", run("run", self.job, "--out", self.out, "--force").stderr)
        with h5py.File(self.folder / "data.h5", "r+") as file:
            file["matrix"][0, 0] = 77
        self.assertNotIn("up to date", run("run", self.job, "--out", self.out).stderr)

    def test_second_run_on_the_same_folder_names_the_owner(self):
        lock = self.folder / ".out.clientele-lock"
        with lock.open("w") as file:
            file.write("process 4711\n")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
            text = run("run", self.job, "--out", self.out, expect=4).stderr
        self.assertIn("process 4711", text)
        run("run", self.job, "--out", self.out)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["data.h5", "job.toml", "out"])

    def test_strict_publishes_and_exits_9(self):
        arguments = ("run", self.job, "--out", self.out, "--set", "cluster.max_iterations=1", "--set", "cluster.init=random")
        self.assertIn("warning:", run(*arguments).stderr)
        result = run(*arguments, "--strict", "--force", expect=9)
        self.assertIn("report.html", result.stdout)
        self.assertTrue((self.out / "run.json").exists())
        run(*arguments, "--strict", expect=9)  # up to date, and the warning still stands

    def test_json_log(self):
        result = run("run", self.job, "--out", self.out, "--log-format", "json")
        events = [json.loads(line) for line in result.stderr.splitlines()]
        self.assertEqual(events[-1]["event"], "summary")
        self.assertEqual(events[-1]["status"], "done")
        self.assertIn("stage", {event["event"] for event in events})
        result = run("run", self.job, "--out", "/proc/x", "--log-format", "json", expect=4)
        last = json.loads(result.stderr.splitlines()[-1])
        self.assertEqual((last["event"], last["exit_code"]), ("summary", 4))
        self.assertTrue(last["error"]["what"])

    def test_quiet_and_plain_logs(self):
        self.assertEqual(run("run", self.job, "--out", self.out, "--quiet").stderr, "")
        text = run("run", self.job, "--out", self.out, "--force").stderr
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\r", text)
        self.assertRegex(text, r"(?m)^\d\d:\d\d:\d\d \w+")

    def test_quiet_json_log_and_usage_errors(self):
        arguments = ("run", self.job, "--out", self.out, "-q", "--log-format", "json")
        events = [json.loads(line)["event"] for line in run(*arguments, "--set", "cluster.max_iterations=1").stderr.splitlines()]
        self.assertEqual(events, ["warning", "summary"])
        for wrong in (("run", self.job, "--bogus"), ("runn", self.job)):
            last = json.loads(run(*wrong, "--log-format", "json", expect=2).stderr)
            self.assertEqual((last["event"], last["exit_code"]), ("summary", 2))

    def test_each_night_goes_on_from_the_last_model(self):
        arguments = ("run", self.job, "--out", self.out)
        run(*arguments, "-q")
        labels = (self.out / "segments.csv", "--csv")
        first = run(*arguments, "--set", f"cluster.init={self.out}/model.h5", labels[1]).stderr
        self.assertNotIn("up to date", first)
        again = labels[0].read_bytes()
        self.assertTrue((self.out / "model.h5").exists())
        run(*arguments, "--set", f"cluster.init={self.out}/model.h5", "--csv", "--force")
        self.assertEqual(again, labels[0].read_bytes())
        # but nothing else that lies in the folder
        (self.out / "start.h5").write_bytes((self.out / "model.h5").read_bytes())
        self.assertIn("is or holds the input", run(*arguments, "--set", f"cluster.init={self.out}/start.h5", expect=2).stderr)

    def test_hang_ups_that_nohup_ignores_stay_ignored(self):
        process = subprocess.Popen(["nohup", BINARY, "run", self.job, "--out", self.out], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, text=True)
        for line in process.stderr:
            if "clean" in line:
                process.send_signal(signal.SIGHUP)
                break
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def on_terminal(self, env):
        try:
            leader, follower = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            self.skipTest(f"this machine has no pseudo-terminal: {error}")
        process = subprocess.Popen([BINARY, "run", self.job, "--out", self.out, "--force"], stdout=subprocess.DEVNULL, stderr=follower,
                                   env={**os.environ, **env})
        os.close(follower)
        text = b""
        while True:
            try:
                got = os.read(leader, 65536)
            except OSError:
                break
            if not got:
                break
            text += got
        os.close(leader)
        self.assertEqual(process.wait(), 0)
        return text.decode()

    def test_terminal(self):
        self.assertIn("k = 3", self.on_terminal({"NO_COLOR": ""}))
        self.assertNotIn("\x1b[1m", self.on_terminal({"NO_COLOR": "1"}))

    def test_staging_of_a_killed_run_is_removed(self):
        process = subprocess.Popen([BINARY, "run", self.job, "--out", self.out, "--set", "cluster.k=200", "--set", "cluster.restarts=1000"],
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in process.stderr:
            if "clean" in line or "cluster" in line:
                break
        process.kill()
        process.communicate()
        run("run", self.job, "--out", self.out)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["data.h5", "job.toml", "out"])

    def test_closed_standard_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([BINARY, "version"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 4, result.stderr)


if __name__ == "__main__":
    main()
