"""Bad input gets a clear error and nothing half-published: every line of the promise, through the real binary. Each case looks at the exit code,
at what the message says, and that the public output is the old one or none."""
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

from clientele_cli import BINARY, Case, main, run, write_job

JOB = '''
[input]
file = "data.h5"
{input}
[cluster]
k = 3
restarts = 1
{rest}
'''


def rows(n=300, d=3, seed=1):
    random = np.random.default_rng(seed)
    return (random.normal(0, 1, (n, d)) + 6 * random.integers(0, 3, (n, 1))).astype(np.float32)


class BadInput(Case):
    """Every case runs twice: into no output folder, and over an earlier run that must stay as it is."""

    def setUp(self):
        super().setUp()
        self.data = self.folder / "data.h5"
        self.out = self.folder / "out"

    def job(self, input="", rest=""):
        return write_job(self.folder, JOB.format(input=input, rest=rest))

    def write(self, fill):
        with h5py.File(self.data, "w") as file:
            fill(file)

    def listing(self):
        return sorted(path.name for path in self.folder.iterdir())

    def refused(self, code, *parts, input="", rest="", arguments=()):
        job = self.job(input, rest)
        before = self.listing()
        result = run("run", job, "--out", self.out, *arguments, expect=code)
        text = result.stderr
        self.assertRegex(text, r"(?m)^error: ")
        text = text[text.index("error: "):]
        for part in parts:
            self.assertIn(part, text)
        self.assertEqual(result.stdout, "")
        self.assertEqual(before, self.listing(), "something was left behind")
        self.old_run_survives(code, job, arguments)
        return text

    def old_run_survives(self, code, job, arguments):
        with h5py.File(self.folder / "good.h5", "w") as file:
            file["matrix"] = rows()
        good = write_job(self.folder, JOB.format(input="", rest="").replace("data.h5", "good.h5"), "good.toml")
        run("run", good, "--out", self.out, "-q")
        before = {path.name: path.read_bytes() for path in self.out.iterdir()}
        names = self.listing()
        run("run", job, "--out", self.out, *arguments, expect=code)
        self.assertEqual(before, {path.name: path.read_bytes() for path in self.out.iterdir()})
        self.assertEqual(names, self.listing())
        shutil.rmtree(self.out)

    # ---- exit 3: the input ----

    def test_missing_file(self):
        self.refused(3, "data.h5", "does not exist", "hint:")

    def test_not_hdf5(self):
        self.data.write_bytes(b"client,amount\n1,2\n" * 100)
        self.refused(3, "data.h5", "HDF5")

    def test_truncated(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows(20000, 8)))
        content = self.data.read_bytes()
        for share in (0.02, 0.5, 0.99):
            self.data.write_bytes(content[: int(len(content) * share)])
            with self.subTest(share=share):
                self.refused(3, "data.h5")

    def test_missing_dataset(self):
        self.write(lambda f: f.create_dataset("clients", data=rows()))
        self.refused(3, "data.h5", "client", input='dataset = "/client"')

    def test_three_dimensions(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows().reshape(10, 30, 3)))
        self.refused(3, "/matrix", "10 x 30 x 3", input='dataset = "/matrix"')

    def test_empty(self):
        self.write(lambda f: f.create_dataset("matrix", data=np.zeros((0, 4), np.float32)))
        self.refused(3, "matrix", input='dataset = "/matrix"')

    def test_strings(self):
        self.write(lambda f: f.create_dataset("matrix", data=np.full((5, 2), b"abc", "S3")))
        self.refused(3, "matrix", input='dataset = "/matrix"')

    def test_ids_of_another_length(self):
        def fill(file):
            file["matrix"] = rows(300)
            file["client_id"] = np.arange(299)
        self.write(fill)
        self.refused(3, "client_id", "300", "299")

    def test_unknown_filter(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows(), chunks=(100, 3), compression="gzip"))
        patched = self.data.read_bytes()
        # The filter message of the object header: id 1 (deflate) becomes 32123, which nobody has registered.
        place = patched.index(b"deflate\0") - 8
        self.data.write_bytes(patched[:place] + (32123).to_bytes(2, "little") + patched[place + 2:])
        self.refused(3, "32123", input='dataset = "/matrix"')

    def test_external_link(self):
        with h5py.File(self.folder / "elsewhere.h5", "w") as file:
            file["matrix"] = rows()
        self.write(lambda f: f.__setitem__("matrix", h5py.ExternalLink("elsewhere.h5", "/matrix")))
        self.refused(3, "matrix", input='dataset = "/matrix"')

    def test_external_storage(self):
        (self.folder / "raw.bin").write_bytes(rows().tobytes())
        self.write(lambda f: f.create_dataset("matrix", (300, 3), np.float32, external=[(str(self.folder / "raw.bin"), 0, 3600)]))
        self.refused(3, "external", input='dataset = "/matrix"')

    def test_virtual_dataset(self):
        with h5py.File(self.folder / "part.h5", "w") as file:
            file["matrix"] = rows()

        def fill(file):
            layout = h5py.VirtualLayout(shape=(300, 3), dtype=np.float32)
            layout[:] = h5py.VirtualSource(str(self.folder / "part.h5"), "matrix", shape=(300, 3))
            file.create_virtual_dataset("matrix", layout)
        self.write(fill)
        self.refused(3, "virtual", input='dataset = "/matrix"')

    def test_shape_bomb(self):
        self.write(lambda f: f.create_dataset("matrix", (1 << 40, 1 << 10), np.float64, chunks=(1024, 1024), compression="gzip"))
        self.refused(3, "matrix", input='dataset = "/matrix"')

    def test_all_missing_column(self):
        data = rows()
        data[:, 1] = np.nan
        self.write(lambda f: f.create_dataset("matrix", data=data))
        self.refused(3, "f1", "missing", "hint:")
        record = run("run", self.job(rest='[clean]\nmissing = "drop"'), "--out", self.out)
        self.assertIn("report.html", record.stdout)

    def test_infinite_under_policy_fail(self):
        data = rows()
        data[7, 2] = np.inf
        self.write(lambda f: f.create_dataset("matrix", data=data))
        self.refused(3, "f2", "infinite")

    def test_duplicates_under_policy_fail(self):
        def fill(file):
            file["matrix"] = rows()
            file["client_id"] = np.append(np.arange(299), 5)
        self.write(fill)
        self.refused(3, "duplicate", "5", rest='[clean]\nduplicates = "fail"')

    # The HDF5 library crashes on the first and never returns from the second: known faults of its older versions.
    def test_texts_that_the_library_cannot_survive(self):
        with h5py.File(self.data, "w") as file:
            file["clients/city"] = np.array(["Rome", "Bonn", "Oslo"] * 100, dtype=object)
            file["clients/x"] = np.arange(300.0)
        whole = self.data.read_bytes()
        first = whole.index(b"GCOL") + 16  # the header of the first text: index, references, size
        for begin, end, value in ((first + 8, first + 16, 2**31 - 1), (first, first + 16, 0)):
            data = bytearray(whole)
            data[begin:end] = value.to_bytes(end - begin, "little")
            self.data.write_bytes(data)
            text = run("run", self.job(), "--out", self.out, expect=3).stderr
            for part in ("error: ", "damaged", "data.h5", "hint:"):
                self.assertIn(part, text)
            self.assertFalse(self.out.exists())
        self.data.write_bytes(whole)
        run("run", self.job(), "--out", self.out)
        self.assertEqual(sorted(p for p in self.listing() if p.startswith(".")), [], "the next run takes away what was left")

    def test_an_open_k_ends_at_the_number_of_distinct_rows(self):
        with h5py.File(self.data, "w") as file:
            file["matrix"] = np.repeat(np.eye(5), 40, axis=0)
        job = write_job(self.folder, '[input]\nfile = "data.h5"\n', "open.toml")
        result = run("run", job, "--out", self.out)
        self.assertIn("No k above 5", result.stderr)
        record = json.loads((self.out / "run.json").read_text())
        self.assertLessEqual(record["result"]["k"], 5)

    def test_more_segments_than_distinct_rows(self):
        self.write(lambda f: f.create_dataset("matrix", data=np.tile(np.float32([[0, 0], [1, 2]]), (50, 1))))
        self.refused(3, "distinct", "2")

    def test_constant_column_is_dropped_and_counted(self):
        data = rows()
        data[:, 1] = 4
        self.write(lambda f: f.create_dataset("matrix", data=data))
        run("run", self.job(), "--out", self.out)
        self.assertIn("f1", (self.out / "data_quality.json").read_text())
        with h5py.File(self.out / "segments.h5ad") as file:
            self.assertEqual(len(file["obs/segment_id"]), 300)

    def test_no_column_to_cluster_on(self):
        def fill(file):
            for name in ("age", "size"):
                file[f"clients/{name}"] = np.arange(300.0)
        self.write(fill)
        roles = '[columns.age]\nrole = "profile"\n[columns.size]\nrole = "profile"'
        self.refused(3, "no column is left to cluster on", rest=roles)
        run("plan", self.job(rest=roles))
        roles = '[columns.age]\nrole = "ignore"\n[columns.size]\nrole = "ignore"'
        self.refused(3, rest=roles)

    # ---- exit 2: the job ----

    def test_everything_wrong_in_a_job_is_listed_at_once(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        self.refused(2, "job.toml:4:", "unknown key \"layuot\"", "\"layout\"", "cluster.stop", "[judg]", "cluster.seed: expected a whole number",
                     "winsorise", input='layuot = "matrix"', rest='stop = "strickt"\nseed = "x"\n[normalise]\nwinsorise = [2, 1]\n[judg]\nsample = 3')

    def test_unknown_column(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        self.refused(2, "f9", rest="[columns.f9]\nweight = 2")

    def test_broken_toml(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        self.refused(2, "job.toml:", rest="[clean\nconstant = keep")

    # ---- exit 4: the output ----

    def good(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows(3000)))
        return self.job()

    def test_foreign_folder_is_left_untouched(self):
        job = self.good()
        self.out.mkdir()
        (self.out / "thesis.txt").write_text("mine")
        result = run("run", job, "--out", self.out, expect=4)
        self.assertIn("hint:", result.stderr)
        self.assertEqual([(p.name, p.read_text()) for p in self.out.iterdir()], [("thesis.txt", "mine")])
        self.assertEqual(self.listing(), ["data.h5", "job.toml", "out"])

    def contents(self, folder):
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    def left_untouched(self, *arguments, says=()):
        """The command and its plan exit 4, and the output folder is as before."""
        before = self.contents(self.out)
        text = run(*arguments, "--out", self.out, expect=4).stderr
        if arguments[0] == "run":
            self.assertEqual(text[text.index("error:"):], run("plan", *arguments[1:], "--out", self.out, expect=4).stderr)
        for part in (*says, "hint:"):
            self.assertIn(part, text)
        self.assertEqual(before, self.contents(self.out))
        return text

    def test_a_run_json_of_others_is_foreign(self):
        job = self.good()
        self.out.mkdir()
        (self.out / "precious").write_text("mine")
        for text in ('{"a": 1}', "no json", "[]", '{"schema": 1, "program": {"name": "other"}, "checksums": {}}', '{"program": 3}'):
            with self.subTest(text=text):
                (self.out / "run.json").write_text(text)
                self.left_untouched("run", job, says=("left untouched", "run.json"))

    def test_files_that_people_added_are_never_lost(self):
        job = self.good()
        run("run", job, "--out", self.out, "-q")
        (self.out / "notes.txt").write_text("mine")
        (self.out / "sub").mkdir()
        (self.out / "sub" / "deep.txt").write_text("mine too")
        self.left_untouched("run", job, "--seed", 5, says=("notes.txt, sub", "left untouched"))
        shutil.rmtree(self.out / "sub")
        (self.out / "notes.txt").unlink()
        (self.out / "segments.h5ad").unlink()  # a result with a gap may be replaced
        (self.out / ".run.json.next").write_text("of a `clientele report` that was killed")
        run("run", job, "--seed", 5, "--out", self.out, "-q")
        self.assertNotIn(".run.json.next", self.contents(self.out))

    def test_runs_and_scorings_never_replace_each_other(self):
        job = self.good()
        run("run", job, "--out", self.out, "-q")
        model = shutil.copy(self.out / "model.h5", self.folder / "model.h5")
        self.left_untouched("assign", model, self.data, says=("clientele run",))
        shutil.rmtree(self.out)
        run("assign", model, self.data, "--out", self.out, "-q")
        self.left_untouched("run", job, says=("clientele assign",))
        run("assign", model, self.data, "--out", self.out, "--csv", "-q")

    def test_assign_never_replaces_what_it_reads(self):
        job = self.good()
        run("run", job, "--out", self.out, "-q")
        model = self.out / "model.h5"
        self.left_untouched("assign", model, self.data, says=("is or holds the input", "model.h5"))
        scored = self.folder / "scored"
        run("assign", model, self.data, "--out", scored, "-q")
        new = shutil.copy(self.data, scored / "new.h5")
        before = self.contents(scored)
        self.assertIn("is or holds the input", run("assign", model, new, "--out", scored, expect=4).stderr)
        inside = write_job(self.folder, f'[input]\nfile = "scored/new.h5"\n[cluster]\nk = 2\n', "inside.toml")
        self.assertIn("is or holds the input", run("assign", model, "--job", inside, "--out", scored, expect=4).stderr)
        self.assertEqual(before, self.contents(scored))

    def test_a_link_does_not_hide_that_the_output_holds_the_input(self):
        job = self.good()
        self.out.mkdir()
        shutil.move(self.data, self.out / "in.h5")
        link = self.folder / "link"
        link.symlink_to(self.out)
        job.write_text(job.read_text().replace("data.h5", "out/in.h5"))
        self.assertIn("is or holds the input", run("run", job, "--out", link, expect=2).stderr)
        job.write_text(job.read_text().replace("out/in.h5", "link/in.h5"))
        self.assertIn("is or holds the input", run("run", job, "--out", self.out, expect=2).stderr)
        self.assertTrue((self.out / "in.h5").exists())

    def test_contradictions_are_found_before_the_fit(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        self.refused(2, "profile.names has 4 names", "at most 3 segments", "the name \"b\"", "columns.f0.block has no meaning",
                     "columns.f0.transform has no meaning", "columns.f0.weight has no meaning", "[blocks.unused] is declared", "clean.stale_days",
                     "clean.as_of",
                     rest="[columns.f0]\nrole = \"profile\"\nblock = \"used\"\ntransform = \"log1p\"\nweight = 2\n"
                          "[columns.f1]\nblock = \"used\"\n[blocks.used]\n[blocks.unused]\nweight = 2\n"
                          "[clean]\nfuture = \"drop\"\nstale_days = 3\n[profile]\nnames = [\"a\", \"b\", \"b\", \"c\"]")
        self.refused(2, "found 3.0", rest="[judge]\nsample = 3.0")
        self.refused(2, "1 to 100000, found 200000", arguments=("--k", 200000))

    def test_names_beyond_the_chosen_k_are_told(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        job = self.job(rest='[profile]\nnames = ["a", "b", "c", "d", "e", "f"]')
        text = run("run", job, "--out", self.out, "--k", "[2,6]").stderr
        self.assertIn("the last names are unused", text)

    def test_names_of_the_input_cannot_reach_the_terminal_raw(self):
        bad = "a\x1b[31mred\nerror: forged"

        def fill(file):
            data = rows()
            data[7, 1] = np.inf
            file["matrix"] = data
            file["matrix"].attrs["columns"] = ["x", bad, "z"]
        self.write(fill)
        job = self.job()
        for arguments in (("inspect", self.data), ("plan", job), ("run", job, "--out", self.out)):
            result = run(*arguments, expect=3 if arguments[0] == "run" else 0)
            self.assertNotIn("\x1b", result.stdout + result.stderr)
            self.assertNotRegex(result.stdout + result.stderr, "(?m)^error: forged")
            self.assertIn("a\\x1b[31mred\\nerror: forged", result.stdout + result.stderr)

    def test_a_file_in_the_way(self):
        job = self.good()
        self.out.write_text("a file")
        run("run", job, "--out", self.out, expect=4)
        self.assertEqual(self.out.read_text(), "a file")
        result = run("run", job, "--out", self.out / "below", expect=4)  # cannot be written even by root
        self.assertIn("out", result.stderr)
        self.assertEqual(self.listing(), ["data.h5", "job.toml", "out"])

    def test_folder_that_nobody_can_write(self):
        result = run("run", self.good(), "--out", "/proc/clientele-out", expect=4)
        self.assertIn("/proc", result.stderr)

    def test_file_size_limit(self):
        """Writing fails part of the way, as on a full disk."""
        job = self.good()
        for limit in (10, 5000, 60000):
            with self.subTest(limit=limit):
                def limited(limit=limit):
                    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                result = subprocess.run([BINARY, "run", job, "--out", self.out], capture_output=True, text=True, preexec_fn=limited)
                self.assertEqual(result.returncode, 4, result.stderr)
                self.assertTrue(result.stderr.rstrip().split("error: ")[-1])
                self.assertEqual(self.listing(), ["data.h5", "job.toml"])

    def test_disk_full(self):
        place = self.folder / "small"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", place], capture_output=True).returncode:
            self.skipTest("a small file system cannot be mounted here; test_file_size_limit stands in for it")
        try:
            self.write(lambda f: f.create_dataset("matrix", data=rows(40000)))
            result = run("run", self.job(), "--out", place / "out", expect=4)
            self.assertIn("space", result.stderr)
            self.assertEqual(list(place.iterdir()), [])
        finally:
            subprocess.run(["umount", place], check=True)

    # ---- exit 5: the device ----

    def test_gpu_by_name_where_there_is_none(self):
        self.write(lambda f: f.create_dataset("matrix", data=rows()))
        if "cuda:9" in run("doctor").stdout:
            self.skipTest("ten GPUs")
        self.refused(5, "cuda:9", "hint:", arguments=("--device", "cuda:9"))

    # ---- 130 and 143: interrupted ----

    def test_signals_half_way(self):
        random = np.random.default_rng(3)
        self.write(lambda f: f.create_dataset("matrix", data=random.normal(0, 1, (200000, 8)).astype(np.float32)))
        job = self.job(rest="max_iterations = 100000").read_text().replace("k = 3", "k = 60").replace("restarts = 1", "restarts = 500")
        (self.folder / "job.toml").write_text(job)
        for code, number in ((129, signal.SIGHUP), (130, signal.SIGINT), (143, signal.SIGTERM)):
            for stage in ("clean", "read and normalise", "starts", "k-means"):
                with self.subTest(signal=number, stage=stage):
                    init = "kmeans++_full" if stage == "k-means" else "kmeans++"  # which races its 500 starts first
                    process = subprocess.Popen([BINARY, "run", self.folder / "job.toml", "--out", self.out, "--set", f"cluster.init={init}"],
                                               stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                    for line in process.stderr:
                        if stage in line:
                            break
                    time.sleep(0.1)
                    process.send_signal(number)
                    started = time.monotonic()
                    _, text = process.communicate(timeout=60)
                    self.assertEqual(process.returncode, code, text)
                    self.assertLess(time.monotonic() - started, 10)
                    self.assertEqual(self.listing(), ["data.h5", "job.toml"])


if __name__ == "__main__":
    main()
