#!/usr/bin/env python3
"""k-means beside the libraries of the field, in one interleaved run on this machine: the same rows, initial centroids, threads and stopping
rule; the inertia of every result, computed by one function in double over all rows, is compared before any time is:
equal to 1e-6 after 2 rounds, to 1e-3 after 12 (float32 leads the libraries apart), at convergence the same or better.

  scripts/setup.sh peers && scripts/build.sh release
  build/venv-peers/bin/python scripts/bench_kmeans.py --out record.json   everything: hours; --quick: minutes; parts as below
  build/venv-peers/bin/python bench/kmeans_report.py record.json          tables; --plot and --readme write

Parts (--parts):
  rounds     ms per iteration over rounds 3 to 12 after the same start: clientele with and without bounds, every peer (once only if it
             takes more than --within times the best one)
  converge   to strict convergence, at most 300 rounds: seconds from rows in memory to centroids (and labels, where the library gives them);
             only peers whose iteration took at most --within times that of the best peer in `rounds`
  bounds     clientele with bounds against itself without, on structureless rows
  seeding    scikit-learn's kmeans_plusplus against clientele's start (sample, race of --restarts, far rows), inertia after 5 rounds from each
  large      `rounds` at --large-rows rows for four shapes
Rows are float32, each column scaled to mean 0 and variance 1. Kinds:
  mixture        24 groups of unequal size; centres normal, as far apart as 4.2 standard deviations of the noise on average, whatever the number
                 of columns; each group and column has a spread of its own in [0.5, 1.5]; of every four columns the first is lognormal,
                 exp(0.8 z), and the second has Student-t noise with 3 degrees of freedom
  structureless  normal rows, one group: the worst case of bounds
FAISS and superkmeans cannot stop at strict convergence: they are told the number of rounds that clientele needed. superkmeans takes no initial
centroids: its times are given, its inertia is its own. Setup and imports are never timed; every fit runs in its own process. A record that is
there already is added to; a case is measured again only with --again."""
import argparse
import datetime
import importlib.metadata
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from kmeans_data import inertia, make_matrix, make_start  # noqa: E402
from measured_on import commit, machine_facts  # noqa: E402
SHAPES = [(16, 8), (16, 64), (16, 256), (16, 1000), (32, 20), (64, 8), (64, 64), (64, 256), (64, 1000)]
LARGE = [(16, 8), (16, 64), (32, 20), (64, 64)]
SEEDING = [(16, 8), (16, 64), (16, 256), (32, 20), (64, 64)]
PEERS = ["scikit-learn", "scikit-learn-intelex", "faiss-cpu", "faiss-cpu super", "superkmeans"]
OWN_START = {"superkmeans"}
TOLD_ROUNDS = {"faiss-cpu", "faiss-cpu super", "superkmeans"}
FIRST, LAST = 2, 12  # rounds FIRST + 1 .. LAST are what an iteration costs
EQUAL = 1e-6  # relative, of inertia after FIRST rounds from the same start: the same work is done
PATIENCE = 3  # seconds for which a process measures again and again what takes less
NEAR = 1e-3  # after LAST rounds: labels that float32 gets wrong lead libraries apart, clientele agrees with double


# ---- one process ----

def busy_ticks():
    """Of all processors since boot, in seconds."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(v) for v in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def run(command, env=None, stdin="", limit=None):
    """Wall seconds, the share of the machine that other processes used meanwhile, and what was printed. Raises on failure."""
    begin, busy = time.perf_counter(), busy_ticks()
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, text=True, timeout=limit, check=False)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))[:300]}\n{(done.stdout + done.stderr)[-2000:]}")
    return seconds, max(0.0, busy_ticks() - busy - used) / (seconds * os.cpu_count()), done.stdout


class Bench:
    """One record, and what is needed to add to it."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(options.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = Path(options.out)
        self.record = json.loads(self.path.read_text()) if self.path.exists() else {"what": "k-means beside its peers", "cases": {}}
        self.blas = self.record.get("blas_chosen", {})

    def save(self):
        self.path.write_text(json.dumps(self.record, indent=1) + "\n")

    def matrix(self, n, d, kind):
        path = self.folder / f"{kind}-{n}-{d}.f32"
        make_matrix(path, n, d, kind, self.options.seed)
        return path

    def ours(self, shape, kind, rounds, start=None, dense=False, extra=()):
        n, d, k = shape
        answer, save = self.folder / "ours.json", self.folder / "ours.f32"
        command = [self.options.binary, "--rows", n, "--columns", d, "--k", k, "--matrix", self.matrix(n, d, kind), "--rounds", rounds,
                   "--threads", self.options.threads, "--quiet", "--json", answer, "--save", save, *extra]
        command += ["--centroids", start] if start else []
        command += ["--dense"] if dense else []
        _, others, _ = run([str(word) for word in command])
        return {**json.loads(answer.read_text()), "other_processes": others}, save

    def peer(self, program, shape, kind, start, rounds, core=None, **more):
        n, d, k = shape
        answer, save = self.folder / "peer.json", self.folder / "peer.f32"
        threads = str(self.options.threads)
        env = {name: threads for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        core = core if core is not None else self.blas.get(program, "")
        if core:
            env["OPENBLAS_CORETYPE"] = core
        task = {"program": program, "matrix": str(self.matrix(n, d, kind)), "rows": n, "columns": d, "k": k, "centroids": str(start),
                "rounds": rounds, "threads": self.options.threads, "answer": str(answer), "save": str(save), **more}
        _, others, _ = run([sys.executable, str(ROOT / "bench/kmeans_peer.py")], env, json.dumps(task), self.options.limit)
        return {**json.loads(answer.read_text()), "other_processes": others}, save

    def start(self, shape, kind):
        n, d, k = shape
        path = self.folder / "start.f32"
        make_start(path, self.matrix(n, d, kind), n, d, k, self.options.seed)
        return path

    def case(self, name, body):
        """Measures a case unless the record has it; a failing program is recorded, not hidden."""
        if name in self.record["cases"] and not self.options.again:
            return
        print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
        self.record["cases"][name] = {"commit": commit(), "load": os.getloadavg()[0], **body()}
        self.save()


def say(name, seconds):
    print(f"    {name:28s} {1000 * seconds:10.1f} ms", flush=True)


# ---- parts ----

def choose_blas(bench):
    """Each peer's fastest OpenBLAS kernels, tried on one shape: some versions take a processor for an older one."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        cores = ["", "SkylakeX", "Haswell"] if "avx512f" in file.read() else ["", "Haswell", "Zen"]
    shape = (min(bench.options.rows, 200_000), 16, 64)
    start, trials = bench.start(shape, "mixture"), bench.record.setdefault("blas_trials", {})
    for program in bench.options.peers:
        if program in bench.blas:
            continue
        seen = trials.setdefault(program, {})
        for core in cores:
            answer, _ = bench.peer(program, shape, "mixture", start, [FIRST, LAST], core, patience_s=PATIENCE / 2)
            seen[core or "automatic"] = {"ms_per_iteration": per_iteration(answer["fits"]), "kernels": answer["blas"]}
        best = min(seen, key=lambda core: seen[core]["ms_per_iteration"])
        # Another choice of the same kernels is no choice, and a gain of 5 % may be noise.
        gain = seen["automatic"]["ms_per_iteration"] / seen[best]["ms_per_iteration"]
        bench.blas[program] = best if gain > 1.05 and seen[best]["kernels"] != seen["automatic"]["kernels"] else ""
        bench.record["blas_chosen"] = bench.blas
        bench.save()


def per_iteration(fits):
    """ms of a round after the first FIRST, of fits of FIRST and of LAST rounds in turn: setup and the last labels cancel."""
    few, many = (statistics.median(fit["seconds"] for fit in fits[part::2]) for part in (0, 1))
    return 1000 * (many - few) / max(1, fits[1]["rounds"] - fits[0]["rounds"])


def own_per_iteration(fits):
    return statistics.median(statistics.mean(fit["round_ms"][FIRST:]) for fit in fits)


def is_slow(program, runs, within):
    """Its first run took more than `within` times the least of the peers'."""
    times = {name: found[0][0] for name, found in runs.items() if not name.startswith("clientele")}
    return program in times and times[program] > within * min(times.values())


def summary(values):
    return {"median": statistics.median(values), "least": min(values), "all": values}


def measure_rounds(bench, shape, kind):
    n, d, _ = shape
    matrix, start = bench.matrix(n, d, kind), bench.start(shape, kind)
    runs, results, machine = {}, {}, []
    _, save = bench.ours(shape, kind, FIRST, start)
    early = {"clientele": inertia(matrix, n, d, save), "clientele dense": inertia(matrix, n, d, save)}

    def note(name, ms, answer, save):
        runs.setdefault(name, []).append((ms, answer["other_processes"]))
        say(name, ms / 1000)
        if name not in results:
            results[name] = inertia(matrix, n, d, save)
        if name not in early:
            early[name] = inertia(matrix, n, d, f"{save}.{FIRST}")

    failures = {}
    for repeat in range(bench.options.repeats):
        for dense in (False, True):
            fits = 1 + min(5, int(4e9 / (n * d * shape[2])))
            answer, save = bench.ours(shape, kind, LAST, start, dense, ["--roofline", "--repeats", fits])
            machine.append(answer["machine"])
            note("clientele dense" if dense else "clientele", own_per_iteration(answer["fits"]), answer, save)
        once = ["scikit-learn elkan"] if repeat == 0 and bench.options.elkan and n * shape[2] <= 3e8 else []
        for program in [*bench.options.peers, *once]:
            if program in failures or is_slow(program, runs, bench.options.within):
                continue
            try:
                answer, save = bench.peer(program, shape, kind, start, [FIRST, LAST], patience_s=PATIENCE)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                failures[program] = str(error)[-300:]
                continue
            note(program, per_iteration(answer["fits"]), answer, save)
    rates = {key: max(m[key] for m in machine) for key in machine[0]}

    def agreement(name):
        first, last = early[name] / early["clientele"], results[name] / results["clientele"]
        return {"inertia": results[name], "inertia_ratio": last, "inertia_ratio_first": first,
                "comparable": bool(name in OWN_START or (abs(first - 1) <= EQUAL and abs(last - 1) <= NEAR))}
    return {"machine": rates, "failed": failures,
            "roofline_ms": 1000 * max(2 * n * d * shape[2] / (rates["gflops"] * 1e9), 4 * n * d / (rates["gigabytes_read"] * 1e9)),
            "programs": {name: {"ms_per_iteration": summary([ms for ms, _ in run_]), "other_processes": max(o for _, o in run_),
                                **agreement(name)}
                         for name, run_ in runs.items()}}


def contenders(bench, shape, kind):
    """Peers that may be the best to convergence, and how much slower an iteration of each of the others was."""
    n, d, k = shape
    known = bench.record["cases"].get(f"rounds {kind} {n} {d} {k}", {"programs": {}})["programs"]
    times = {name: entry["ms_per_iteration"]["median"] for name, entry in known.items() if not name.startswith("clientele")}
    least = min(times.values(), default=0)
    skipped = {name: ms / least for name, ms in times.items() if ms > bench.options.within * least}
    wanted = bench.options.peers + ["scikit-learn elkan"] * ("scikit-learn elkan" in times)
    return [name for name in wanted if name not in skipped], skipped


def measure_convergence(bench, shape, kind):
    n, d, _ = shape
    matrix, start = bench.matrix(n, d, kind), bench.start(shape, kind)
    runs, results, failures = {}, {}, {}

    def note(name, seconds, rounds, answer, save, **more):
        runs.setdefault(name, []).append({"seconds": seconds, "rounds": rounds, "other_processes": answer["other_processes"], **more})
        say(f"{name} ({rounds} rounds)", seconds)
        if name not in results:
            results[name] = inertia(matrix, n, d, save)

    peers, skipped = contenders(bench, shape, kind)
    for _ in range(bench.options.converge_repeats):
        answer, save = bench.ours(shape, kind, 300, start, extra=["--strict", "--publish"])
        fit = answer["fits"][0]
        iterating = (fit["square_sums_ms"] + fit["iterating_ms"]) / 1000
        note("clientele", answer["rows_ms"] / 1000 + iterating + fit["publish_ms"] / 1000, fit["rounds"], answer, save,
             iterating_s=iterating, stopped_by=fit["stopped_by"])
        for program in peers:
            if program in failures:
                continue
            rounds = fit["rounds"] if program in TOLD_ROUNDS else 300
            try:
                answer, save = bench.peer(program, shape, kind, start, [rounds])
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                failures[program] = str(error)[-300:]
                continue
            note(program, answer["fits"][0]["seconds"], answer["fits"][0]["rounds"], answer, save)
    reference = results["clientele"]
    return {"failed": failures, "skipped": skipped, "programs": {
        name: {"seconds": summary([r["seconds"] for r in run_]), "runs": run_, "inertia": results[name],
               "inertia_ratio": results[name] / reference} for name, run_ in runs.items()}}


def measure_bounds(bench, shape, kind):
    times = {"bounds": [], "dense": []}
    start = bench.start(shape, kind)
    inertias = set()
    for _ in range(max(3, bench.options.repeats)):
        for name, all_times in times.items():
            answer, save = bench.ours(shape, kind, bench.options.bounds_rounds, start, name == "dense")
            all_times.append(answer["fits"][0]["iterating_ms"])
            inertias.add((answer["fits"][0]["inertia"], save.read_bytes()))
            say(name, all_times[-1] / 1000)
    if len(inertias) != 1:
        raise SystemExit("bounds change the result: that is a fault, not a measurement")
    ratios = [a / b for a, b in zip(times["bounds"], times["dense"])]
    return {"rounds": answer["fits"][0]["rounds"], "bounds_ms": summary(times["bounds"]), "dense_ms": summary(times["dense"]), "ratio": summary(ratios)}


def measure_seeding(bench, shape, kind):
    n, d, k = shape
    options, matrix, start = bench.options, bench.matrix(n, d, kind), bench.start(shape, kind)
    rows = {"clientele": [], "scikit-learn": []}
    after = bench.folder / "seeded.f32"
    for seed in range(1, options.seeds + 1):
        command = [Path(options.binary).with_name("seeding_bench"), matrix, n, d, k, options.restarts, seed, options.threads, after]
        _, others, said = run([str(word) for word in command])
        rows["clientele"].append((json.loads(said)["seeding_ms"] / 1000, inertia(matrix, n, d, after), others))
        answer, save = bench.peer("kmeans_plusplus", shape, kind, start, [], bench.blas.get("scikit-learn", ""), seed=seed)
        theirs, others = answer["seeding_s"], answer["other_processes"]
        save.rename(after)
        _, save = bench.ours(shape, kind, 5, after)
        rows["scikit-learn"].append((theirs, inertia(matrix, n, d, save), others))
        for name, found in rows.items():
            say(name, found[-1][0])
    return {"restarts": options.restarts,
            "programs": {name: {"seconds": summary([s for s, _, _ in found]), "inertia_after_5": summary([i for _, i, _ in found]),
                                "other_processes": max(o for _, _, o in found)} for name, found in rows.items()}}


# ---- all of it ----

def facts(options):
    versions = {}
    for package in ("numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "daal", "faiss-cpu", "superkmeans"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return {"date": str(datetime.date.today()), "threads": options.threads, "versions": versions, "seed": options.seed,
            "machine": machine_facts()}


def shapes_of(text):
    return [tuple(map(int, shape.split(","))) for shape in text.split()]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="JSON record, added to if it is there")
    parser.add_argument("--parts", default="rounds,converge,bounds,seeding,large")
    parser.add_argument("--shapes", type=shapes_of, help='such as "16,8 64,256" (d,k); default: all of a part')
    parser.add_argument("--kinds", default="mixture,structureless", help="of rounds and large; converge and seeding use mixture, bounds structureless")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large-rows", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repetitions of `rounds` and `bounds`")
    parser.add_argument("--converge-repeats", type=int, default=1)
    parser.add_argument("--within", type=float, default=2.5, help="see `converge` above")
    parser.add_argument("--bounds-rounds", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=1, help="of clientele's seeding; scikit-learn's has one")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--no-elkan", dest="elkan", action="store_false", help="leave scikit-learn's elkan out (it runs once a shape)")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which one process is given up, and recorded so")
    parser.add_argument("--quick", action="store_true", help="100,000 rows, one repetition, four shapes: a test of the bench, not a measurement")
    parser.add_argument("--again", action="store_true", help="measure cases that the record has already")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", default=str(ROOT / "build/release/lloyd_bench"))
    parser.add_argument("--folder", default=str(ROOT / "build/bench-data"), help="where matrices go (n * d * 4 bytes each; kept)")
    options = parser.parse_args()
    options.peers = [peer for peer in options.peers.split(",") if peer]
    if options.quick:
        options.rows, options.large_rows, options.repeats, options.seeds, options.bounds_rounds = 100_000, 200_000, 1, 1, 20
        options.shapes = options.shapes or [(16, 8), (16, 64), (32, 20), (64, 64)]
    return options


def main():
    options = parse()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bench = Bench(options)
    bench.record.update(facts(options))
    choose_blas(bench)
    parts = {"rounds": (SHAPES, options.rows, options.kinds.split(","), measure_rounds),
             "converge": (SHAPES, options.rows, ["mixture"], measure_convergence),
             "bounds": (SHAPES, options.rows, ["structureless"], measure_bounds),
             "seeding": (SEEDING, options.rows, ["mixture"], measure_seeding),
             "large": (LARGE, options.large_rows, options.kinds.split(","), measure_rounds)}
    for part in filter(None, options.parts.split(",")):
        shapes, n, kinds, measure = parts[part]
        for d, k in options.shapes or shapes:
            for kind in kinds:
                bench.case(f"{part} {kind} {n} {d} {k}", lambda: measure(bench, (n, d, k), kind))
    return 0


if __name__ == "__main__":
    sys.exit(main())
