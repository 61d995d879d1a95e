#!/usr/bin/env python3
"""Reads what ctest wrote, for scripts/test.

Usage: scripts/test_results.py --skipped FILE...  print `skipped: N` of JUnit files, fail if not 0
       scripts/test_results.py --reports FILE...  print each line of a test that begins `report:`
       scripts/test_results.py --targets BUILD    print the CMake targets of the tests on stdin
A test counts as skipped if ctest did not run it, or if it is a Python program whose unittest says
that it skipped cases. Exit code: 0, or 1 where something was skipped or a file cannot be read.
"""

import argparse
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

UNITTEST_SKIPPED = re.compile(r"^(?:OK|FAILED) \(.*?\bskipped=(\d+)", re.M)


def cases_of(files):
    """(name, status, output) of each test."""
    for file in files:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            yield case.get("name"), case.get("status"), case.findtext("system-out") or ""


def print_skipped(files):
    skipped = 0
    for name, status, output in cases_of(files):
        if status not in ("run", "fail"):
            skipped += 1
            print(f"{name}: {status}", file=sys.stderr)
        for match in UNITTEST_SKIPPED.finditer(output):
            skipped += int(match.group(1))
            print(f"{name}: skipped {match.group(1)} of its cases", file=sys.stderr)
    sys.stderr.flush()
    print(f"skipped: {skipped}")
    return 1 if skipped else 0


def print_reports(files):
    for name, _, output in cases_of(files):
        # unittest leaves a test's name, or dots, before what the test prints first.
        lines = re.findall(r"^(?:.* \.\.\. |\.+)?report: ?(.*)$", output, re.M)
        if lines:
            print(f"\n{name} reports:")
            print("\n".join("  " + line for line in lines))
    return 0


def print_targets(build, listing):
    """A test whose command is a program of the build folder needs that program; any other may need
    anything, so then it is `all`. ctest names no command for a program that was never built: our
    own tests are called like their targets."""
    targets = set()
    for test in json.loads(listing)["tests"]:
        command = Path(test.get("command", [str(build.resolve() / test["name"])])[0])
        inside = build.resolve() in command.parents
        targets.add(command.name if inside else "all")
    print("all" if "all" in targets or not targets else " ".join(sorted(targets)))
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--skipped", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--reports", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--targets", type=Path, metavar="BUILD")
    options = parser.parse_args()
    try:
        if options.skipped:
            return print_skipped(options.skipped)
        if options.reports:
            return print_reports(options.reports)
        if options.targets:
            return print_targets(options.targets, sys.stdin.read())
    except (OSError, ElementTree.ParseError, json.JSONDecodeError) as error:
        print(f"test_results: cannot read what ctest wrote: {error}", file=sys.stderr)
        return 1
    parser.print_usage(sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
