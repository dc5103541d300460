"""Runs the real binary for the tests in this folder. CLIENTELE_BIN names it."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("CLIENTELE_BIN", str(ROOT / "build/release/clientele"))
SKIPPED = 77


def run(*arguments, expect=0, env=None, timeout=600, cwd=None):
    """Runs the program; fails with everything it said unless it exits with `expect` (None: anything)."""
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=cwd,
                            env={**os.environ, **(env or {})})
    if expect is not None and result.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, arguments))}\nexit {result.returncode}, expected {expect}\n"
                             f"{result.stdout[-4000:]}\n{result.stderr[-4000:]}")
    return result


def write_job(folder, text, name="job.toml"):
    path = Path(folder) / name
    path.write_text(text)
    return path


def run_job(folder, text, *arguments, out="out", expect=0, env=None):
    """Writes a job, runs it into folder/out and returns (run.json, profiles.json, data_quality.json)."""
    job = write_job(folder, text)
    target = Path(folder) / out
    run("run", job, "--out", target, *arguments, expect=expect, env=env)
    return tuple(json.loads((target / name).read_text()) for name in ("run.json", "profiles.json", "data_quality.json"))


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="clientele-test-")
        self.folder = Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)


def main():
    """unittest, but a run in which every test was skipped exits with 77, which CTest shows as skipped."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
