#!/usr/bin/env python3
"""Copies a build's compile commands to FOLDER/compile_commands.json, without precompiled headers.

    scripts/without_pch.py BUILD FOLDER

clang-tidy refuses a file for which gcc's precompiled headers are named. Every header is included
where it is needed, so nothing is missing without them.
"""
import json
import pathlib
import re
import sys

PRECOMPILED = re.compile(r" -Winvalid-pch -include \S+/cmake_pch\.hxx| -fpch-preprocess")


def main() -> None:
    build, folder = map(pathlib.Path, sys.argv[1:])
    commands = json.loads((build / "compile_commands.json").read_text())
    commands = [each for each in commands if not each["file"].endswith("/cmake_pch.hxx.cxx")]
    for each in commands:
        each["command"] = PRECOMPILED.sub("", each["command"])
        if "cmake_pch.hxx " in each["command"]:
            sys.exit(f"without_pch: this still names a precompiled header: {each['command']}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(commands, indent=1))


if __name__ == "__main__":
    main()
