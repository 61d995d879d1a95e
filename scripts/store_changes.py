"""Which changes a space's file holds: its log is read as docs/STORAGE.md says, and apart from the
C++ code, for tests that count what was signed.

    changes_of(file)    {(log, seq): change hash}
"""
from __future__ import annotations

import pathlib
import sqlite3


def read_varint(blob: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = blob[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def changes_of(file: pathlib.Path) -> dict[tuple[str, int], str]:
    """(log, seq) -> change hash, of all that the file holds (docs/STORAGE.md)."""
    held: dict[tuple[str, int], str] = {}
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        names = {number: log.hex() for number, log in
                 database.execute("SELECT number, log FROM lanyard_logs")}
        for parts, hashes in database.execute("SELECT logs, hashes FROM lanyard_log"):
            at = place = 0
            while at < len(parts):
                log, at = read_varint(parts, at)
                first, at = read_varint(parts, at)
                count, at = read_varint(parts, at)
                for seq in range(first, first + count):
                    held[names[log], seq] = hashes[place:place + 32].hex()
                    place += 32
    database.close()
    return held
