#!/usr/bin/env python3
"""Sorts a fuzzer's findings: faults of the HDF5 library itself, which the program answers with exit 3, and faults of clientele.

    fuzz_faults.py TARGET ARTIFACT...

Each artifact is run once more and belongs to the module of the innermost frame of its report that is neither the C library's nor the
sanitizers'. Prints how many there are of each; a fault of clientele is shown in full, and the exit status is 1.
"""
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ +(?:in )?(.*)$")
PASSED_OVER = re.compile(r"^(__interceptor_|__asan_|__sanitizer|__lsan|__ubsan|fuzzer::|raise|abort|operator (new|delete)|malloc|realloc|calloc|free\b)"
                         r"|/libc\.so|/libc-|/libpthread|linux-vdso|/compiler-rt/|asan_|Fuzzer[A-Z]")


def report_of(target, artifact):
    run = subprocess.run([target, "-timeout=5", "-rss_limit_mb=4096", artifact], capture_output=True, text=True, errors="replace")
    return run.returncode, run.stderr


def owner(report):
    """'hdf5', 'clientele', or '' for a report without frames."""
    for line in report.splitlines():
        frame = FRAME.match(line)
        if frame and not PASSED_OVER.search(frame.group(1)):
            return "hdf5" if "libhdf5" in frame.group(1) else "clientele"
    return ""


def main():
    target, artifacts = sys.argv[1], sys.argv[2:]
    found = {"hdf5": 0, "clientele": 0, "gone": 0}
    with ThreadPoolExecutor(2) as pool:
        for artifact, (code, report) in zip(artifacts, pool.map(lambda path: report_of(target, path), artifacts)):
            whose = "gone" if code == 0 else owner(report) or "clientele"
            found[whose] += 1
            if whose == "clientele" and found[whose] <= 3:
                print(f"fault of clientele: {artifact}\n{report[-6000:]}")
    print(f"findings: {found['clientele']} of clientele, {found['hdf5']} of the HDF5 library itself, {found['gone']} that did not come again")
    sys.exit(1 if found["clientele"] else 0)


if __name__ == "__main__":
    main()
