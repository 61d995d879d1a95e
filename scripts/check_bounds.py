#!/usr/bin/env python3
"""Holds the table of bounds in docs/SECURITY.md and the code together.

Every constant of replication/types/limits.hpp has a user outside of that file and a row in the
table; every row names a constant that stands in the file which enforces it, and a test that is
there, or says that none tries it. Exit code: 0 in order, 1 findings.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMITS = "replication/types/limits.hpp"
TABLE = "docs/SECURITY.md"
UNITS = {"kKiB", "kMiB"}
NONE = "none"
ROW = re.compile(r"^\| `(k\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$")


def sources() -> dict[str, str]:
    """Every source file of the program, without its tests and benchmarks."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.hpp"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in listed
            if not name.startswith(("tests/", "bench/")) and (ROOT / name).is_file()}


def constants(text: str) -> list[str]:
    return [name for name in re.findall(r"^inline constexpr [^=;{]*?\b(k\w+)", text, re.MULTILINE)
            if name not in UNITS]


def rows(text: str) -> dict[str, tuple[list[str], list[str]]]:
    """By constant: the files that enforce it, and its tests."""
    out = {}
    for line in text.splitlines():
        found = ROW.match(line)
        if found:
            places = re.findall(r"`([^`]+)`", found.group(3))
            tests = re.findall(r"`([^`]+)`", found.group(4))
            out[found.group(1)] = (places, tests or [found.group(4).strip()])
    return out


def findings(limits: str, table: str, files: dict[str, str], exists) -> list[str]:
    """What is out of order; `exists` says of a path whether it is there."""
    out = []
    listed = rows(table)
    bounds = constants(limits)

    def stands_in(name: str, path: str) -> bool:
        return re.search(rf"\b{name}\b", files.get(path, "")) is not None

    for name in bounds:
        used = any(stands_in(name, path) for path in files if path != LIMITS)
        if not used:
            out.append(f"{LIMITS}: {name} is used nowhere")
        if name not in listed:
            out.append(f"{LIMITS}: {name} has no row in {TABLE}")
    for name, (places, tests) in listed.items():
        if not places:
            out.append(f"{TABLE}: {name} is enforced nowhere")
        out += [f"{TABLE}: {name} does not stand in {path}" for path in places
                if not stands_in(name, path)]
        out += [f"{TABLE}: {name} has the test {test}, which is not there" for test in tests
                if test != NONE and not exists(test)]
    return out


def main() -> int:
    files = sources()
    out = findings(files[LIMITS], (ROOT / TABLE).read_text(encoding="utf-8"), files,
                   lambda path: (ROOT / path).is_file())
    print("\n".join(out), file=sys.stderr)
    return 1 if out else 0


if __name__ == "__main__":
    sys.exit(main())
