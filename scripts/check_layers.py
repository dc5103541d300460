#!/usr/bin/env python3
"""Holds the code to the house (CONTRIBUTING.md): who may include whom, one door per third party, no CUDA outside kernels/,
no printing outside src/app, short files and functions. Prints each fault as file:line: text; exit 1 if there is any.
There is no suppression list. `--self-test` proves that each rule can fail."""
import posixpath
import re
import sys
import tempfile
from pathlib import Path

# A room sees only rooms of the floors below it; judge sees cluster, business sees both (floors 4a < 4b < 4c).
FLOOR = {"base": 0, "data": 1, "compute": 1, "comm": 1, "env": 2, "prep": 3, "cluster": 4.0, "judge": 4.1,
         "business": 4.2, "report": 5, "app": 6}
KERNELS_SEE = {"base", "compute"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_KERNEL_FUNCTION_LINES = 120

# Header pattern, places that may include it, how many files may (0: any number).
DOORS = [
    (r"hdf5(_hl)?\.h|H5\w+\.h", ("src/data/hdf5/", "tests/support/"), 0),
    (r"mpi\.h", ("src/comm/mpi_comm.cpp",), 1),
    (r"CLI/.*|CLI11\.hpp", ("src/app/",), 1),
    (r"toml\+\+/.*|toml(\+\+)?\.h(pp)?", ("src/app/",), 1),
    (r"nlohmann/.*", ("include/clientele/base/json.h",), 1),
    (r"hwy/.*", ("src/compute/cpu/",), 0),
    (r"(libdeflate|lzf|zlib|zstd|lz4|blosc)\.h", ("src/data/hdf5/",), 0),
    (r"xxhash\.h|xxh3\.h", ("src/base/",), 0),
    (r"cuda.*|cublas.*|cub/.*|thrust/.*|curand.*|cooperative_groups.*|nv/.*", ("kernels/",), 0),
]
CUDA_WORDS = re.compile(r"\b(cuda[A-Z]\w*|cublas[A-Z]\w*|__global__|__shared__|dim3|__launch_bounds__)\b|(?<!CLIENTELE_HD )\b__device__\b")
MACRO_HEADER = "include/clientele/base/host_device.h"
PRINTING = re.compile(r"\bstd::(cout|cerr|clog|puts|printf)\b|(?<![\w.>])(printf|puts|putchar|perror)\s*\(|\bfprintf\s*\(\s*(stderr|stdout)")
SUFFIXES = {".h", ".cpp", ".cu", ".cuh", ".hpp", ".cc"}


def strip(text):
    """The same text with comments, strings and preprocessor lines blanked; line breaks stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
    text = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.M)


def functions(code):
    """(first line, last line) of every function body at namespace or class level."""
    stack, begin, found = [], 0, []
    for position, char in enumerate(code):
        if char == "{":
            head = code[begin:position].strip()
            inside = any(kind == "function" for kind, _ in stack)
            scope = re.match(r"(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|enum|union|extern)\b", head, re.S)
            is_function = not inside and not scope and "(" in head and not re.search(r"=\s*$", head)
            start = begin + len(code[begin:position]) - len(code[begin:position].lstrip())
            stack.append(("function" if is_function else "scope", start))
            begin = position + 1
        elif char == "}":
            if stack:
                kind, start = stack.pop()
                if kind == "function":
                    found.append((code.count("\n", 0, start) + 1, code.count("\n", 0, position) + 1))
            begin = position + 1
        elif char == ";":
            begin = position + 1
    return found


def room_of(path):
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ["include", "clientele"] and len(parts) > 3:
        return parts[2]
    return "kernels" if parts[0] == "kernels" else None


def may_see(room, other):
    if room is None or room == other:
        return True
    if room == "kernels":
        return other in KERNELS_SEE
    return other in FLOOR and FLOOR[other] < FLOOR[room]


def check_includes(path, raw, doors_used):
    room = room_of(path)
    for number, line in enumerate(raw.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        header = match.group(1)
        if header.startswith("clientele/") and header.count("/") > 1:
            other = header.split("/")[1]
            if not may_see(room, other):
                yield number, f"room '{room}' may not include '{header}': arrows go down only"
        elif ".." in header.split("/") and room and room_of(posixpath.normpath(posixpath.join(posixpath.dirname(path), header))) != room:
            yield number, f"'{header}' climbs out of its room"
        for pattern, places, count in DOORS:
            if re.fullmatch(pattern, header):
                if not path.startswith(places):
                    yield number, f"'{header}' outside its door ({', '.join(places)})"
                else:
                    doors_used.setdefault(pattern, (count, set()))[1].add(path)


def check_text(path, raw):
    code = strip(raw)
    product = path.startswith(("src/", "include/", "kernels/"))
    lines = raw.count("\n")
    if lines > MAX_FILE_LINES:
        yield 1, f"{lines} lines; a file has at most {MAX_FILE_LINES}"
    limit = MAX_KERNEL_FUNCTION_LINES if path.startswith("kernels/") else MAX_FUNCTION_LINES
    for first, last in functions(code):
        if last - first + 1 > limit:
            yield first, f"function of {last - first + 1} lines; at most {limit}"
    for number, line in enumerate(code.split("\n"), 1):
        if product and not path.startswith("kernels/") and path != MACRO_HEADER and CUDA_WORDS.search(line):
            yield number, "a CUDA word outside kernels/"
        if product and not path.startswith("src/app/") and PRINTING.search(line):
            yield number, "printing outside src/app"
        if product and re.search(r"#\s*if.*CUDA", line):
            yield number, "#ifdef for a backend"
    if product and path != MACRO_HEADER:
        for number, line in enumerate(raw.split("\n"), 1):
            if re.match(r"\s*#\s*(el)?if\w*.*\b(CUDA|CLIENTELE_HAS|__CUDA)", line) and not path.startswith("kernels/"):
                yield number, "#ifdef for a backend"


def check(root):
    faults, doors_used = [], {}
    for top in ("src", "include", "kernels", "tests", "bench"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SUFFIXES or not file.is_file():
                continue
            path = file.relative_to(root).as_posix()
            raw = file.read_text(encoding="utf-8", errors="replace")
            faults += [(path, n, text) for n, text in check_includes(path, raw, doors_used)]
            faults += [(path, n, text) for n, text in check_text(path, raw)]
    for count, files in doors_used.values():
        if count and len(files) > count:
            faults.append((sorted(files)[1], 1, f"a second door: {', '.join(sorted(files))}"))
    return faults


SELF_TEST = {
    "src/data/a.cpp": ('#include "clientele/compute/backend.h"\n', "arrows go down"),
    "src/cluster/b.cpp": ('#include "clientele/judge/judge.h"\n', "arrows go down"),
    "kernels/c.cu": ('#include "clientele/data/schema.h"\n', "arrows go down"),
    "src/prep/d.cpp": ("#include <hdf5.h>\n", "outside its door"),
    "src/compute/e.cpp": ("#include <cuda_runtime.h>\n", "outside its door"),
    "src/compute/f.cpp": ("cudaStream_t stream;\n", "CUDA word"),
    "src/judge/g.cpp": ('void f() { std::cout << 1; }\n', "printing"),
    "src/base/h.cpp": ("int x;\n" * 401, "401 lines"),
    "src/base/i.cpp": ("int f(int a) {\n" + "  a += 1;\n" * 60 + "  return a;\n}\n", "function of"),
    "src/base/j.cpp": ('#include "../data/x.h"\n', "climbs out"),
    "src/compute/k.cpp": ("#ifdef CLIENTELE_HAS_CUDA\n#endif\n", "#ifdef for a backend"),
    "src/app/l.cpp": ("#include <CLI/CLI.hpp>\n", None),
    "src/app/m.cpp": ("#include <CLI/CLI.hpp>\n", "second door"),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        for path, (text, _) in SELF_TEST.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        faults = check(Path(folder))
    missed = [path for path, (_, expected) in SELF_TEST.items()
              if expected and not any(f == path and expected in t for f, _, t in faults)]
    wrong = [f for f, _, _ in faults if SELF_TEST[f][1] is None]
    for path in missed + wrong:
        print(f"self-test: wrong verdict for {path}")
    return 1 if missed or wrong else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = Path(__file__).resolve().parent.parent
    faults = check(root)
    for path, number, text in faults:
        print(f"{path}:{number}: {text}")
    print(f"check_layers: {len(faults)} fault(s)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
