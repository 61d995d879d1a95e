#!/usr/bin/env python3
"""Holds the walls between the rooms: who may include whom, and what a pure room may not touch.

All rooms share one include root, so the linker alone cannot stop a wrong include. This script does;
ctest runs it as `rooms`. Before it looks at the tree it plants each kind of violation in a
temporary folder and makes sure that it finds every one.

Usage: scripts/check_rooms.py              test itself, then check the tree
       scripts/check_rooms.py --self-test  test itself only
       scripts/check_rooms.py --root DIR   check another tree
Exit code: 0 nothing found, 1 findings (each with file, line and what to do instead), 2 usage.
"""

import argparse
import re
import sys
from pathlib import Path

import room_rules as rules
import room_rules_test
from source_text import Finding, code_only, line_of, source_files, without_directives

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)


def room_of(path):
    """The room a file belongs to: the longest name in ROOMS that begins its path, or nothing."""
    matching = [room for room in rules.ROOMS if path == room or path.startswith(room + "/")]
    return max(matching, key=len, default=None)


def check_own_include(path, line, target):
    """An include in quotes: a full path from the root, along an arrow of ROOMS."""
    if ".." in target.split("/") or room_of(target) is None:
        yield Finding(
            path, line, "full-path", f'"{target}" is not a path from the root of the tree',
            'write the whole path, as in "replication/types/ids.hpp"',
        )
        return
    if target.endswith(".cpp"):
        yield Finding(
            path, line, "arrow", f'"{target}" is a source file',
            "include a header; let CMake compile sources",
        )
    here, there = room_of(path), room_of(target)
    allowed = rules.ROOMS[here]
    if here != there and rules.EVERYTHING not in allowed and there not in allowed:
        may = ", ".join(allowed) if allowed else "nothing but the standard library"
        yield Finding(
            path, line, "arrow", f"{here} may not include {there} ({target})",
            f"{here} may include {may}; pass a value or a port of replication/ports.hpp in, "
            "or move what both need down to replication/types",
        )


def check_foreign_include(path, line, header):
    """An include in angle brackets: standard, system, or third-party in its one home."""
    if room_of(header) and "/" in header:
        yield Finding(
            path, line, "full-path", f"<{header}> is ours", f'write "{header}" in quotes'
        )
        return
    pure = rules.is_pure(path)
    if pure and header in rules.IMPURE_HEADERS and not rules.is_excepted(path, header):
        instead = rules.IMPURE_HEADERS[header]
        yield Finding(path, line, "pure", f"<{header}> in replication/", instead)
    if header in rules.STANDARD_HEADERS or path.startswith(rules.HOMES_DO_NOT_BIND):
        return
    for home in rules.HOMES:
        if re.match(home.headers, header):
            if not re.match(home.where, path):
                yield Finding(
                    path, line, "home", f"<{header}> has its home in {home.place}",
                    f"use what {home.place} offers, behind its own types",
                )
            return
    if rules.is_system_header(header):
        if pure:
            yield Finding(
                path, line, "pure", f"<{header}> reaches the operating system",
                "take it as a value or through replication/ports.hpp",
            )
        return
    yield Finding(
        path, line, "home", f"<{header}> is third-party and has no home",
        "give it one file and a line in HOMES of scripts/room_rules.py",
    )


def check_includes(path, text):
    for match in INCLUDE.finditer(code_only(text, keep_strings=True)):
        line = line_of(text, match.start())
        if match.group(1):
            yield from check_own_include(path, line, match.group(1))
        else:
            yield from check_foreign_include(path, line, match.group(2))


def check_header(path, text):
    if not path.endswith(".hpp"):
        return
    code = code_only(text)
    if not re.match(r"\s*#pragma once\b", code):
        yield Finding(
            path, 1, "pragma-once", "a header without #pragma once as its first line of code",
            "begin with #pragma once",
        )
    for match in re.finditer(r"^\s*using\s+namespace\s+(?!std::[\w:]*literals\b)", code, re.M):
        yield Finding(
            path, line_of(code, match.end()), "using-namespace",
            "a header that opens a namespace for all its readers", "write the names in full",
        )


def check_purity(path, text):
    if not rules.is_pure(path):
        return
    code = without_directives(code_only(text))
    for pattern, what, instead in rules.IMPURE_CODE:
        for match in re.finditer(pattern, code):
            if rules.is_excepted(path, match.group()):
                continue
            yield Finding(path, line_of(code, match.start()), "pure", what, instead)
    for offset, declaration in rules.mutable_state(code):
        yield Finding(
            path, line_of(code, offset), "global-state",
            f"`{declaration}` outlives a call and can change",
            "make it const or constexpr, or a member of the object whose state it is",
        )


def check_tree(root):
    """All findings of a tree, in order of path and line."""
    findings = []
    for path in source_files(root):
        if not path.endswith((".cpp", ".hpp", ".h", ".cc", ".cxx", ".hh")) or "/" not in path:
            continue
        if room_of(path) is None:
            findings.append(Finding(
                path, 1, "room", "a source outside every room",
                "move it into a room, or name its folder in ROOMS of scripts/room_rules.py",
            ))
            continue
        if not path.endswith((".cpp", ".hpp")):
            findings.append(Finding(path, 1, "ending", "neither .cpp nor .hpp", "rename it"))
        text = (Path(root) / path).read_text(encoding="utf-8", errors="replace")
        for check in (check_includes, check_header, check_purity):
            findings += check(path, text)
    return sorted(findings)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--self-test", action="store_true", help="test the script itself only")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()

    planted, missed = room_rules_test.run(check_tree)
    if missed:
        print("check_rooms: the script itself is broken:\n  " + "\n  ".join(missed))
        return 1
    if options.self_test:
        print(f"check_rooms: found all {planted} planted violations, and nothing in clean code")
        return 0
    findings = check_tree(options.root)
    for finding in findings:
        print(finding)
    print(f"check_rooms: {len(findings)} findings ({planted} planted ones were found first)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
