"""What whoever opens spaces' files with sqlite3 sees in them.

    same_views([file, file, ...])    the names of the views, if all files show the same rows in them
    sqlite(file, "SELECT ...")       what the sqlite3 of a person prints
"""
from __future__ import annotations

import subprocess


class Difference(Exception):
    """The devices do not agree."""


def sqlite(file, query: str) -> str:
    command = ["sqlite3", "-readonly", str(file), query]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Difference(f"sqlite3 cannot read {file}: {done.stderr}")
    return done.stdout


def same_views(files: list[str]) -> list[str]:
    names = "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name"
    views = {sqlite(file, names) for file in files}
    if len(views) != 1:
        raise Difference(f"the files have different views: {views}")
    found = views.pop().split()
    for view in found:
        # The order of columns is that in which a device met the fields.
        asked = f"SELECT name FROM pragma_table_info('{view}') ORDER BY name"
        columns = {sqlite(file, asked) for file in files}
        listed = ", ".join(f'"{column}"' for column in sorted(columns)[0].splitlines())
        rows = {sqlite(file, f'SELECT {listed} FROM "{view}" ORDER BY id') for file in files}
        if len(rows) != 1 or len(columns) != 1:
            raise Difference(f"the view {view} differs")
    return found
