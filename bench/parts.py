"""What a write on one device until another one shows it is made of, where that can be measured
without an agent. For live.py and api_live.py, which say what the parts are.

    round_trips(popen, run, address, bytes, count)     seconds of each, over TCP, by echo.py
    applied(folder, messages, count)                   seconds of each, by SQLite
    SumOfParts                                         the times by name, and what they come to
"""
from __future__ import annotations

import json
import pathlib
import sqlite3
import subprocess
import sys
import time

from measure import percentile, spread

ECHO = pathlib.Path(__file__).with_name("echo.py")
# What has been written once is warm: files, caches, the link's window.
WARM = 50


class SumOfParts:
    """Seconds, by name. The names of `whole` are the parts, each with how much of it counts."""

    def __init__(self, whole: dict[str, float], *others: str):
        self.whole = whole
        self.times: dict[str, list[float]] = {name: [] for name in (*others, *whole)}

    def __getitem__(self, name: str) -> list[float]:
        return self.times[name]

    def forget(self) -> None:
        """What has come so far: everything was cold."""
        for times in self.times.values():
            times.clear()

    def since(self, name: str, started: float) -> None:
        self.times[name].append(time.perf_counter() - started)

    def sum(self, percent: int) -> float:
        return sum(percentile(self.times[name], percent) * part
                   for name, part in self.whole.items())

    def ratio(self, name: str, percent: int) -> float:
        return percentile(self.times[name], percent) / self.sum(percent)

    def figures(self) -> dict[str, float]:
        out = {name: figure for each, seconds in self.times.items()
               for name, figure in spread(each, seconds, 50, 99).items()}
        return out | {f"sum_p{percent}_ms": round(self.sum(percent) * 1000, 3)
                      for percent in (50, 99)}


def round_trips(popen, run, address: str, size: int, count: int) -> list[float]:
    """`popen` and `run`: those of subprocess, or of the hosts on both sides, the server's first."""
    server = popen([sys.executable, str(ECHO), "serve", address], stdout=subprocess.PIPE)
    try:
        port = server.stdout.readline().decode().strip()
        asked = run([sys.executable, str(ECHO), "ask", address, port, str(size),
                     str(WARM + count)], check=True, capture_output=True, text=True)
        return json.loads(asked.stdout)[WARM:]
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def applied(folder: pathlib.Path, messages: list[dict], count: int) -> list[float]:
    """A row of a log and one of a table, in one transaction without fsync."""
    took = []
    database = sqlite3.connect(folder / "apply.db", isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE log (seq INTEGER PRIMARY KEY, op BLOB);"
        "CREATE TABLE messages (id TEXT PRIMARY KEY, value TEXT)")
    for number in range(WARM + count):
        text = json.dumps(messages[number % len(messages)])
        started = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO log (op) VALUES (?)", (text.encode(),))
        database.execute("INSERT INTO messages VALUES (?, ?)", (f"live-{number}", text))
        database.execute("COMMIT")
        took.append(time.perf_counter() - started)
    database.close()
    return took[WARM:]
