"""How check_rooms.py and tidy.py test themselves: on planted findings, before the tree."""

import tempfile
from pathlib import Path


def run(check_tree, planted, clean, beside=None):
    """Returns how many findings were planted, and what went wrong.

    planted: (file, text, rule, line on which it must be found); clean: (file, text) in which
    nothing may be found; beside: (file, text) -> a file to be found together with it.
    """
    wrong = []
    with tempfile.TemporaryDirectory(prefix="lanyard-rules-") as folder:
        for number, (path, text, rule, line) in enumerate(planted):
            other = (beside or {}).get((path, text))
            files = [(path, text)] + ([other] if other else [])
            found = _findings_in(Path(folder) / f"planted-{number}", files, check_tree)
            if (path, line, rule) not in [(f.path, f.line, f.rule) for f in found]:
                wrong.append(f"{rule} in {path}:{line} was not found (found: {found})")
        for finding in _findings_in(Path(folder) / "clean", clean, check_tree):
            wrong.append(f"found in clean code: {finding}")
    return len(planted), wrong


def _findings_in(root, files, check_tree):
    for path, text in files:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return check_tree(root)
