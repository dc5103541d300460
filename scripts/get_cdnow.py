#!/usr/bin/env python3
"""Writes the CDNOW purchase log as CSV (client,ts,qty,amount): get_cdnow.py OUT.csv [--sample]

The log (Bruce Hardie's; 69,659 purchases of 23,570 clients, the sample has 6,919 of 2,357) ships inside the PyPI wheel `lifetimes` (MIT),
which is downloaded without its dependencies and not installed. Exit 1 if it cannot be had."""
import argparse
import csv
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MEMBERS = {False: "lifetimes/datasets/CDNOW_master.txt", True: "lifetimes/datasets/CDNOW_sample.txt"}
ROWS = {False: 69659, True: 6919}


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
               "--dest", folder, "lifetimes==0.11.3"]
    if subprocess.run(command, check=False).returncode:
        return None
    return next(Path(folder).glob("*ifetimes-*.whl"), None)


def rows_of(wheel, sample):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        member = next((n for n in names if n.endswith(MEMBERS[sample].rsplit("/", 1)[1])), None)
        if member is None:
            return None
        lines = archive.read(member).decode("ascii").split("\n")
    parsed = []
    for line in lines:
        fields = line.split()
        if sample and len(fields) == 5:      # id in the master file, id in the sample, date, CDs, dollars
            fields = fields[1:]
        if len(fields) == 4 and fields[1].isdigit() and len(fields[1]) == 8:
            parsed.append((int(fields[0]), f"{fields[1][:4]}-{fields[1][4:6]}-{fields[1][6:]}", int(fields[2]), fields[3]))
    return parsed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--sample", action="store_true", help="the 1/10 sample instead of all clients")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(folder)
        rows = rows_of(wheel, options.sample) if wheel else None
    if not rows:
        print("get_cdnow: the log could not be had (no network?)", file=sys.stderr)
        return 1
    if len(rows) != ROWS[options.sample]:
        print(f"get_cdnow: expected {ROWS[options.sample]} purchases, found {len(rows)}", file=sys.stderr)
        return 1
    with open(options.out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["client", "ts", "qty", "amount"])
        writer.writerows(rows)
    print(f"get_cdnow: {len(rows)} purchases in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
