#!/usr/bin/env python3
"""Lists C++ files, one a line, for scripts/check.sh.

Usage: scripts/cpp_files.py --all              every .cpp and .hpp that we wrote
       scripts/cpp_files.py --since COMMIT     those that differ from COMMIT, and new ones
       scripts/cpp_files.py ... --compiled DIR only sources of DIR/compile_commands.json; a changed
                                               header stands for one source that includes it
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from source_text import source_files

ROOT = Path(__file__).resolve().parent.parent


def git_lines(*arguments):
    """What git prints, or nothing where git cannot tell (no commit yet, no repository)."""
    answer = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    return answer.stdout.splitlines() if answer.returncode == 0 else None


def changed_since(commit):
    """Names of changed and new files; nothing known means that everything may have changed."""
    changed = git_lines("diff", "--name-only", commit)
    new = git_lines("ls-files", "--others", "--exclude-standard")
    return None if changed is None or new is None else {*changed, *new}


def as_compiled(files, every, build):
    """The sources among `files`, and for each header a source that includes it."""
    commands = json.loads((build / "compile_commands.json").read_text())
    compiled = {Path(command["file"]).resolve() for command in commands}
    sources = [file for file in every if (ROOT / file).resolve() in compiled]
    chosen = set(files) & set(sources)
    texts = {}
    for header in sorted(file for file in files if file.endswith(".hpp")):
        own = header[: -len(".hpp")] + ".cpp"
        for source in [own] if own in sources else sources:
            if source not in texts:
                texts[source] = (ROOT / source).read_text(encoding="utf-8", errors="replace")
            if f'#include "{header}"' in texts[source]:
                chosen.add(source)
                break
    return sorted(chosen)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true")
    which.add_argument("--since", metavar="COMMIT")
    parser.add_argument("--compiled", type=Path, metavar="DIR")
    options = parser.parse_args()

    every = [file for file in source_files(ROOT) if file.endswith((".cpp", ".hpp"))]
    changed = None if options.all else changed_since(options.since)
    files = every if changed is None else [file for file in every if file in changed]
    if options.compiled:
        files = as_compiled(files, every, options.compiled)
    sys.stdout.writelines(file + "\n" for file in files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
