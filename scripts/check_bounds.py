#!/usr/bin/env python3
"""Holds the table of bounds in docs/SECURITY.md and the code together.

Every constant of replication/types/limits.hpp has a user outside of that file and a row in the
table. So has every other constant of the program whose name says that it bounds something, unless
bounds_exceptions.py says why not. Every row names a constant that stands in the file which enforces
it, and a test that is there, or says why none tries it. Exit code: 0 in order, 1 findings.
"""

import re
import subprocess
import sys
from pathlib import Path

from bounds_exceptions import EXCEPTIONS

ROOT = Path(__file__).resolve().parent.parent
LIMITS = "replication/types/limits.hpp"
TABLE = "docs/SECURITY.md"
UNITS = {"kKiB", "kMiB"}
NONE = "none"
ROW = re.compile(r"^\| `(k\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$")
BOUND = re.compile(r"^ *(?:inline |static )*constexpr [^=;{(]*?"
                   r"\b(k[A-Z]\w*(?:Max|Bytes|PerSecond|Window|Kept|Limit))\b *[={]", re.MULTILINE)


def sources() -> dict[str, str]:
    """Every source file of the program, without its tests and benchmarks."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.hpp"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in listed
            if not name.startswith(("tests/", "bench/")) and (ROOT / name).is_file()}


def constants(text: str) -> list[str]:
    return [name for name in re.findall(r"^inline constexpr [^=;{]*?\b(k\w+)", text, re.MULTILINE)
            if name not in UNITS]


def bounds(files: dict[str, str]) -> set[tuple[str, str]]:
    """Constants of all files but LIMITS whose names say that they bound something: with the place
    of each, its file without the ending."""
    return {(stem(path), name) for path, text in files.items() if path != LIMITS
            for name in BOUND.findall(text)}


def stem(path: str) -> str:
    return path.rpartition(".")[0]


def rows(text: str) -> list[tuple[str, list[str], str]]:
    """The constant, the files that enforce it, and what is said of its tests."""
    found = [ROW.match(line) for line in text.splitlines()]
    return [(row[1], re.findall(r"`([^`]+)`", row[3]), row[4].strip()) for row in found if row]


def of_rows(listed, files: dict[str, str], exists) -> list[str]:
    out = []
    for name, places, said in listed:
        if not places:
            out.append(f"{TABLE}: {name} is enforced nowhere")
        out += [f"{TABLE}: {name} does not stand in {path}" for path in places
                if re.search(rf"\b{name}\b", files.get(path, "")) is None]
        tests = re.findall(r"`([^`]+)`", said)
        out += [f"{TABLE}: {name} has the test {test}, which is not there" for test in tests
                if not exists(test)]
        if not tests and not re.match(rf"{NONE}: \w+ \w+", said):
            out.append(f"{TABLE}: {name} has no test, and nothing says why")
    return out


def of_limits(limits: str, listed, files: dict[str, str]) -> list[str]:
    out = []
    names = {name for name, _, _ in listed}
    for name in constants(limits):
        if not any(re.search(rf"\b{name}\b", text) for path, text in files.items()
                   if path != LIMITS):
            out.append(f"{LIMITS}: {name} is used nowhere")
        if name not in names:
            out.append(f"{LIMITS}: {name} has no row in {TABLE}")
    return out


def of_others(listed, files: dict[str, str], exceptions: dict[str, list[str]]) -> list[str]:
    """`exceptions`: by reason, "file without ending: kName kName..."."""
    in_table = {(stem(path), name) for name, places, _ in listed for path in places}
    excepted = {(place, name) for group in exceptions.values() for line in group
                for place, _, names in [line.partition(": ")] for name in names.split()}
    found = bounds(files)
    out = [f"{place}: {name} has no row in {TABLE}" for place, name in
           sorted(found - in_table - excepted)]
    out += [f"{place}: {name} is an exception, and is not there or has a row" for place, name in
            sorted((excepted - found) | (excepted & in_table))]
    return out


def findings(limits: str, table: str, files: dict[str, str], exists, exceptions) -> list[str]:
    """What is out of order; `exists` says of a path whether it is there."""
    listed = rows(table)
    return (of_limits(limits, listed, files) + of_others(listed, files, exceptions) +
            of_rows(listed, files, exists))


def main() -> int:
    files = sources()
    out = findings(files[LIMITS], (ROOT / TABLE).read_text(encoding="utf-8"), files,
                   lambda path: (ROOT / path).is_file(), EXCEPTIONS)
    print("\n".join(out), file=sys.stderr)
    return 1 if out else 0


if __name__ == "__main__":
    sys.exit(main())
