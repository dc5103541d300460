#!/usr/bin/env python3
"""Tables and a roofline plot from a record of scripts/bench_kmeans.py. No figure in them comes from anywhere else.

  kmeans_report.py RECORD.json                       every table, as Markdown, to standard output
  kmeans_report.py RECORD.json --plot roofline.svg   the plot as well
  kmeans_report.py RECORD.json --readme README.md    the short table, between the two `kmeans` comments of that file (made before "## Limits")"""
import argparse
import json
import math
import os
import re
import sys
import textwrap
from pathlib import Path

PEERS = ["scikit-learn", "scikit-learn elkan", "scikit-learn-intelex", "faiss-cpu", "faiss-cpu super", "superkmeans"]
SHORT = {"scikit-learn": "scikit-learn", "scikit-learn elkan": "elkan", "scikit-learn-intelex": "intelex", "faiss-cpu": "FAISS",
         "faiss-cpu super": "FAISS super", "superkmeans": "SuperKMeans"}
SAME_OR_BETTER = 1e-4  # at convergence other roundings lead to other local optima
BEGIN, END = "<!-- kmeans: begin (bench/kmeans_report.py) -->", "<!-- kmeans: end -->"


class Record:
    def __init__(self, path, statistic):
        self.text = json.loads(Path(path).read_text(encoding="utf-8"))
        self.statistic = statistic

    def cases(self, part, kind):
        """(n, d, k) -> case."""
        out = {}
        for name, case in self.text["cases"].items():
            words = name.split()
            if words[:2] == [part, kind]:
                out[tuple(map(int, words[2:]))] = case
        return dict(sorted(out.items()))

    def value(self, summary):
        return summary[self.statistic]


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)])


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def mean_ratio(values):
    return f"{geometric_mean(values):.1f}" if values else "-"


def ms(record, case, name):
    entry = case["programs"].get(name)
    return record.value(entry["ms_per_iteration"]) if entry else None


def comparable_peers(case):
    """Peers that did the same work (bench_kmeans.py: EQUAL, NEAR). superkmeans has a start of its own."""
    return [p for p in PEERS if p in case["programs"] and case["programs"][p]["comparable"]]


def best_ratio(record, case):
    ours = ms(record, case, "clientele")
    ratios = [ms(record, case, p) / ours for p in comparable_peers(case)]
    return min(ratios) if ratios else None


def roofline_share(record, case):
    return case["roofline_ms"] / ms(record, case, "clientele dense")


def rounds_table(record, part, kind):
    rows = []
    for (n, d, k), case in record.cases(part, kind).items():
        ours = ms(record, case, "clientele")
        cells = []
        for peer in PEERS:
            theirs = ms(record, case, peer)
            if theirs is None:
                cells.append("failed" if peer in case["failed"] else "-")
            elif not case["programs"][peer]["comparable"]:
                cells.append(f"other result ({case['programs'][peer]['inertia_ratio'] - 1:+.1e})")
            else:
                drift = abs(case["programs"][peer]["inertia_ratio"] - 1) > 1e-6 and peer != "superkmeans"
                cells.append(f"{number(theirs)} ({theirs / ours:.1f}){' ~' if drift else ''}")
        best = best_ratio(record, case)
        others = max(entry["other_processes"] for entry in case["programs"].values())
        rows.append([f"{d}, {k}", number(ours), number(ms(record, case, "clientele dense")), f"{100 * roofline_share(record, case):.0f}", *cells,
                     f"{best:.1f}" if best else "-", f"{100 * others:.0f}"])
    head = ["d, k", "clientele", "no bounds", "of roofline %", *(SHORT[p] for p in PEERS), "x best peer", "others' load %"]
    return table(head, rows) if rows else ""


def same_or_better(case, peer):
    """clientele's inertia is not above the peer's."""
    return peer == "superkmeans" or case["programs"][peer]["inertia_ratio"] >= 1 - SAME_OR_BETTER


def converge_ratios(record, case):
    ours = record.value(case["programs"]["clientele"]["seconds"])
    return {p: record.value(case["programs"][p]["seconds"]) / ours for p in PEERS if p in case["programs"] and same_or_better(case, p)}


def converge_table(record, kind="mixture"):
    rows, best = [], []
    for (n, d, k), case in record.cases("converge", kind).items():
        ours = case["programs"]["clientele"]
        ratios = converge_ratios(record, case)
        cells = []
        for peer in PEERS:
            entry = case["programs"].get(peer)
            if entry is None:
                slower = case["skipped"].get(peer)
                cells.append("failed" if peer in case["failed"] else f"not run ({slower:.1f} x best)" if slower else "-")
                continue
            text = f"{number(record.value(entry['seconds']))}"
            text += f" ({ratios[peer]:.1f})" if peer in ratios else " (better inertia)"
            cells.append(text + f" {entry['inertia_ratio'] - 1:+.0e}")
        if ratios:
            best.append(min(ratios.values()))
        rows.append([f"{d}, {k}", str(ours["runs"][0]["rounds"]), number(record.value(ours["seconds"])), number(ours["runs"][0]["iterating_s"]),
                     *cells, f"{min(ratios.values()):.1f}" if ratios else "-"])
    head = ["d, k", "rounds", "clientele s", "of it iterating", *(f"{SHORT[p]} s (ratio) inertia" for p in PEERS), "x best peer"]
    return f"{table(head, rows)}\n\nGeometric mean over the best peer of each shape: {mean_ratio(best)}" if rows else ""


def bounds_table(record):
    rows = [[f"{d}, {k}", str(case["rounds"]), number(record.value(case["bounds_ms"])), number(record.value(case["dense_ms"])),
             f"{record.value(case['ratio']):.3f}"] for (_, d, k), case in record.cases("bounds", "structureless").items()]
    return table(["d, k", "rounds", "with bounds ms", "without ms", "ratio (at most 1.05)"], rows) if rows else ""


def seeding_rows(record):
    for (_, d, k), case in record.cases("seeding", "mixture").items():
        ours, theirs = case["programs"]["clientele"], case["programs"]["scikit-learn"]
        yield (d, k, record.value(ours["seconds"]), record.value(theirs["seconds"]),
               record.value(ours["inertia_after_5"]) / record.value(theirs["inertia_after_5"]))


def seeding_table(record):
    rows = [[f"{d}, {k}", f"{1000 * a:.1f}", f"{1000 * b:.0f}", f"{b / a:.0f}", f"{quality:.5f}"] for d, k, a, b, quality in seeding_rows(record)]
    return table(["d, k", "clientele ms", "kmeans_plusplus ms", "ratio", "inertia after 5 rounds, clientele / scikit-learn"], rows) if rows else ""


def blas_line(record):
    trials = record.text.get("blas_trials", {})
    parts = []
    for peer, seen in trials.items():
        best = record.text["blas_chosen"].get(peer) or "automatic"
        tried = ", ".join(f"{core} {entry['ms_per_iteration']:.3g} ms" for core, entry in seen.items())
        parts.append(f"{SHORT[peer]}: {tried}; used: {best} ({', '.join(seen[best]['kernels']) or 'no OpenBLAS'})")
    return "OPENBLAS_CORETYPE tried: " + "; ".join(parts) if parts else ""


def machine_line(record):
    machine = record.text["machine"]
    rates = [case["machine"] for case in record.text["cases"].values() if "machine" in case]
    line = f"{record.text['date']}, {machine['processor']} ({'AVX-512' if machine['avx512'] else 'AVX2'}), {record.text['threads']} threads"
    if rates:
        line += (f", measured peak {max(r['gflops'] for r in rates):.0f} GFLOP/s float32 and {max(r['gigabytes_read'] for r in rates):.0f} GB/s read")
    versions = ", ".join(f"{name} {version}" for name, version in record.text["versions"].items())
    return f"{line}. {versions}."


def everything(record):
    parts = [machine_line(record), blas_line(record)]
    for part, kinds in (("rounds", ("mixture", "structureless")), ("large", ("mixture", "structureless"))):
        for kind in kinds:
            found = rounds_table(record, part, kind)
            if found:
                n = next(iter(record.cases(part, kind)))[0]
                parts += [f"### ms per iteration, n = {n:g}, {kind} (in brackets: times clientele; ~: inertia another from the 7th digit on)", found]
    for title, found in (("To strict convergence or 300 rounds, mixture", converge_table(record)),
                         ("Bounds on structureless rows", bounds_table(record)), ("Seeding", seeding_table(record))):
        if found:
            parts += [f"### {title}", found]
    return "\n\n".join(part for part in parts if part)


# ---- README ----

README_PEERS = ["scikit-learn", "scikit-learn-intelex", "faiss-cpu", "superkmeans"]


def readme_row(record, shape, case, converged):
    ours = ms(record, case, "clientele")
    row = [f"{shape[1]}, {shape[2]}", number(ours), f"{100 * roofline_share(record, case):.0f} %"]
    for peer in README_PEERS:
        theirs = ms(record, case, peer) if peer in comparable_peers(case) else None
        row.append(f"{theirs / ours:.1f}" if theirs else "-")
    ratios = converge_ratios(record, converged) if converged else {}
    row.append(number(record.value(converged["programs"]["clientele"]["seconds"])) if converged else "-")
    row.append(f"{min(ratios.values()):.1f}" if ratios else "-")
    return row


def readme_block(record, record_path, plot):
    cases, converged = record.cases("rounds", "mixture"), record.cases("converge", "mixture")
    n = next(iter(cases))[0]
    head = ["d, k", "ms an iteration", "of the roofline", *(f"x {SHORT[p]}" for p in README_PEERS), "to convergence, s", "x best peer"]
    rows = [readme_row(record, shape, case, converged.get(shape)) for shape, case in cases.items()]
    lines = [BEGIN, "### k-means alone", "",
             f"{n:g} rows, overlapping mixture with heavy-tailed columns, the same initial centroids and rounds; inertia over all rows, in double, equal to 1e-6 "
             f"after 2 rounds before times are compared. {machine_line(record)} Share of the roofline: a pass without bounds against "
             "max(2 n k d / peak, 4 n d / bandwidth).", "", table(head, rows), ""]
    best = [min(found.values()) for found in (converge_ratios(record, case) for case in converged.values()) if found]
    if best:
        lines.append(f"To convergence (strict, at most 300 rounds; inertia the same to {SAME_OR_BETTER:g} or better) {mean_ratio(best)} times the best peer in the "
                     f"geometric mean of the {len(best)} shapes measured{'; -: not measured yet' if len(best) < len(cases) else ''}. "
                     "SuperKMeans takes no initial centroids: its rounds are timed from a start of its own.")
    large = {shape: best_ratio(record, case) for shape, case in record.cases("large", "mixture").items()}
    if large:
        lines.append(f"An iteration over {next(iter(large))[0]:g} rows, best peer over clientele: " + ", ".join(f"{ratio:.1f} at {d}, {k}" for (_, d, k), ratio in large.items()) + ".")
    seeding = list(seeding_rows(record))
    if seeding:
        lines.append("k-means++ against scikit-learn's: " + ", ".join(f"{b / a:.0f} times at {d}, {k}" for d, k, a, b, _ in seeding) + ".")
    bounds = [record.value(case["ratio"]) for case in record.cases("bounds", "structureless").values()]
    if bounds:
        lines.append(f"On structureless rows, the worst case of bounds, a fit with them takes {min(bounds):.2f} to {max(bounds):.2f} of that without "
                     f"({len(bounds)} shapes measured).")
    if plot:
        lines += ["", f"![Roofline: GFLOP/s of a pass over its operations per byte]({plot})"]
    lines += ["", f"    build/venv-peers/bin/python bench/kmeans_report.py {record_path}    # every table; scripts/bench_kmeans.py measures", END]
    plain = ("|", "#", "<", "!", " ")
    return "\n".join(line if line.startswith(plain) else textwrap.fill(line, 170, break_on_hyphens=False) for line in lines)


def write_readme(path, block):
    text = Path(path).read_text(encoding="utf-8")
    if BEGIN in text:
        text = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, text, flags=re.S)
    else:
        text = text.replace("## Limits", block + "\n\n## Limits", 1)
    Path(path).write_text(text, encoding="utf-8")


# ---- plot ----

def plot_roofline(record, path, part="rounds", kind="mixture"):
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "clientele", "font.size": 9})
    from matplotlib import pyplot
    cases = record.cases(part, kind)
    gflops = max(case["machine"]["gflops"] for case in cases.values())
    read = max(case["machine"]["gigabytes_read"] for case in cases.values())
    figure, axes = pyplot.subplots(figsize=(7.5, 4.4))
    intensities = [k / 2 for _, _, k in cases]
    ends = [min(intensities) / 2, max(intensities) * 2]
    axes.plot([ends[0], gflops / read, ends[1]], [ends[0] * read, gflops, gflops], color="black", linewidth=1.2, zorder=1)
    axes.text(gflops / read, gflops * 1.06, f"{gflops:.0f} GFLOP/s, {read:.0f} GB/s", va="bottom")
    marks = {"clientele dense": ("o", "#0b6e4f"), "scikit-learn": ("^", "#d1495b"), "scikit-learn-intelex": ("s", "#edae49"),
             "faiss-cpu": ("D", "#00798c"), "superkmeans": ("x", "#7d7d7d")}
    columns = sorted({d for _, d, _ in cases})
    for name, (mark, colour) in marks.items():
        for d in columns:
            points = [(k / 2, 2e-6 * n * dd * k / ms(record, case, name)) for (n, dd, k), case in cases.items()
                      if dd == d and name in case["programs"] and case["programs"][name]["comparable"]]
            if points:
                axes.plot(*zip(*points), mark, color=colour, markersize=4 + columns.index(d) * 1.5, fillstyle="full" if d == columns[0] else "none",
                          label=f"{SHORT.get(name, 'clientele')}, d = {d}")
    axes.set(xscale="log", yscale="log", xlabel="operations per byte of rows (k / 2)", ylabel="GFLOP/s of 2 n k d operations an iteration", xlim=ends)
    axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes.legend(fontsize=7, ncols=1, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(path, facecolor="white", metadata={"Date": None} if str(path).endswith(".svg") else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record")
    parser.add_argument("--statistic", choices=["median", "least"], default="median")
    parser.add_argument("--plot", help="SVG or PNG to write")
    parser.add_argument("--readme", help="file to put the short table into")
    options = parser.parse_args()
    record = Record(options.record, options.statistic)
    print(everything(record))
    if options.plot:
        plot_roofline(record, options.plot)
    if options.readme:
        beside = Path(options.readme).resolve().parent
        relative = [path and os.path.relpath(Path(path).resolve(), beside) for path in (options.record, options.plot)]
        write_readme(options.readme, readme_block(record, *relative))
    return 0


if __name__ == "__main__":
    sys.exit(main())
