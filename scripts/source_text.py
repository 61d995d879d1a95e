"""Reading C++ as text, for check_rooms.py and tidy.py: which files are ours, and what is code.

A heuristic, not a compiler: it is meant for clang-formatted sources, and both scripts test
themselves on examples each time they run.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

# Folders that hold nothing we wrote, by name, at any depth.
FOREIGN_FOLDERS = {".git", ".cache", ".idea", ".vscode", "__pycache__", "node_modules"}
# The same by path from the root: what machines made, and data that others wrote.
DATA_FOLDERS = ("build", "tests/vectors", "tests/data", "tests/golden", "tests/fuzz/corpus")

# One alternative per thing in which a brace or a word means nothing. The order matters: a raw
# string may hold quotes, and the ' of 65'536 opens no character.
_NOT_CODE = re.compile(
    r"""(?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<separator>(?<=[0-9a-fA-F])'(?=[0-9a-fA-F]))
      | (?P<character>'(?:\\.|[^'\\\n])+')
      | (?P<line_comment>//[^\n]*)
      | (?P<block_comment>/\*.*?\*/)""",
    re.DOTALL | re.VERBOSE,
)


class Finding(NamedTuple):
    """One broken rule. `instead` tells the reader what to do, not only what not to do."""

    path: str
    line: int
    rule: str
    what: str
    instead: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.what}\n    instead: {self.instead}"


def source_files(root):
    """Every file under root that people wrote: sorted paths from root, with forward slashes."""
    found = []
    for folder, subfolders, names in os.walk(root):
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else relative + "/"
        subfolders[:] = [
            name
            for name in subfolders
            if name not in FOREIGN_FOLDERS and prefix + name not in DATA_FOLDERS
        ]
        found += [prefix + name for name in names]
    return sorted(found)


def _blank(text):
    """Spaces for everything but the line ends, so that offsets and line numbers stay."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text, keep_strings=False):
    """`text` without comments and, unless keep_strings, without what strings hold."""

    def replace(match):
        whole = match.group()
        if match.group("separator"):
            return "_"
        if match.group("line_comment") or match.group("block_comment"):
            return _blank(whole)
        return whole if keep_strings else whole[0] + _blank(whole[1:-1]) + whole[-1]

    return _NOT_CODE.sub(replace, text)


def without_directives(code):
    """Code without preprocessor lines and their continuations, whose braces need not balance."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: _blank(m.group()), code, flags=re.M)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def closing_brace(code, opening):
    """Where the brace at `opening` closes; the end of the text if it never does."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)
