"""What a record says of the machine and the sources it was measured with."""
import os
import platform
import re
import subprocess
from pathlib import Path


def commit():
    """Of this checkout, with -dirty if files differ from it; empty outside git."""
    return subprocess.run(["git", "-C", str(Path(__file__).resolve().parent), "describe", "--always", "--dirty", "--exclude", "*"],
                          capture_output=True, text=True, check=False).stdout.strip()


def machine_facts():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        text = file.read()
    model = re.search(r"model name\s*:\s*(.*)", text)
    return {"processor": model.group(1) if model else platform.processor(), "cores": os.cpu_count(), "avx512": "avx512f" in text,
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "load": os.getloadavg()[0],
            "python": platform.python_version()}
