#!/usr/bin/env python3
"""Computes the state hash of a space from its SQLite file alone, by the recipe of docs/STORAGE.md.

It must equal what `lanyard space info --json` says, and be the same on every device that holds the
same changes. Written apart from the C++ code, so that each checks the other. Standard library only.

Usage: scripts/state_hash.py FILE
"""

import hashlib
import json
import sqlite3
import sys

LABEL = b"lanyard-state-v1"
GENERAL, ID_LEFT_OUT, HAS_CONFLICTS, HAS_TRASH, HIDDEN = 1, 2, 4, 8, 16
VALUE, COUNTER, SET = 0, 1, 2


def blake2b(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


# ---- how things are written into the hash


def number(value):
    return (value % 2**64).to_bytes(8, "big")


def text(value):
    return number(len(value)) + value


def listed(items):
    """Things whose order has no meaning: sorted by their bytes."""
    return number(len(items)) + b"".join(sorted(items))


class Blob:
    """Reads the dots blob and lists of dots: LEB128 numbers, stamps of 8 bytes."""

    def __init__(self, data, logs):
        self.data, self.at, self.logs = data, 0, logs

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def stamp(self):
        self.at += 8
        return self.data[self.at - 8 : self.at]

    def dot(self):
        log = self.logs[self.varint()]
        return log + number(self.varint())

    def dots(self):
        return listed([self.dot() for _ in range(self.varint())])


# ---- one record


def members_of(value, key, id_left_out):
    """The JSON as apps see it, and how many members it has."""
    if value is None:
        return b"", 0
    pairs = json.loads(value, object_pairs_hook=list)
    if not id_left_out:
        return value, len(pairs)
    # The stored text is kept as it is; only the place of `id` among the sorted names is found.
    decoder = json.JSONDecoder(object_pairs_hook=list)
    source, at, before = value.decode(), 1, 1
    for name, _ in pairs:
        at = decoder.raw_decode(source, at)[1] + 1
        at = decoder.raw_decode(source, at)[1]
        if name.encode() < b"id":
            before = at
        at += 1
    member = '"id":' + quoted(key.decode())
    if not pairs:
        return ("{" + member + "}").encode(), 1
    if before == 1:
        return ("{" + member + "," + source[1:]).encode(), len(pairs) + 1
    return (source[:before] + "," + member + source[before:]).encode(), len(pairs) + 1


def quoted(value):
    """As Lanyard writes a JSON string: nothing but quotes, backslashes and control characters is
    escaped."""
    short = {'"': '\\"', "\\": "\\\\"}
    short |= {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = (short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value)
    return '"' + "".join(escaped) + '"'


def read_dots(blob, members):
    """(heads, things shown) of a record."""
    flags = blob.byte()
    if not flags & GENERAL:
        dot, stamp = blob.dot(), blob.stamp()
        heads, base, entries = [dot + listed([])], (dot, stamp), {}
    else:
        heads = [blob.dot() + blob.dots() for _ in range(blob.varint())]
        if flags & HIDDEN:
            return heads, []
        base, entries = (blob.dot(), blob.stamp()), {}
        for _ in range(blob.varint()):
            member, kind = blob.varint(), blob.byte()
            if kind == VALUE:
                found = [(0, blob.dot() + blob.stamp()) for _ in range(blob.varint())]
            elif kind == SET:
                found = [
                    (element, blob.dot())
                    for element in range(blob.varint())
                    for _ in range(blob.varint())
                ]
            else:
                found = [(0, b"")]
            entries[member] = (kind, found)
    things = []
    for member in range(members):
        kind, found = entries.get(member, (VALUE, [(0, base[0] + base[1])]))
        for element, rest in found:
            things.append(number(0) + number(member) + number(kind) + number(element) + rest)
    return heads, things


def side_thing(row, logs):
    """A row of the inbox or the trash."""
    field, kind, log, seq, value, timestamp, hidden_by = row
    out = number(1) + text(field) + number(kind) + text(value)
    if kind != COUNTER:
        out += logs[log] + number(seq)
    return out + number(timestamp) + (Blob(hidden_by, logs).dots() if hidden_by else listed([]))


def key_text(key, is_blob):
    if not is_blob:
        return key
    digits = key.hex()
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]).encode()


# ---- the whole state


def state_hash(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.text_factory = bytes
    database.execute("BEGIN")
    logs = [log for (log,) in database.execute("SELECT log FROM lanyard_logs ORDER BY number")]
    state = blake2b(LABEL)
    rows = database.execute(
        "SELECT c.number, c.name, r.key, typeof(r.key), r.value, r.dots FROM lanyard_records r "
        "JOIN lanyard_collections c ON c.number = r.collection ORDER BY c.name, r.key"
    )
    for collection, name, key, key_type, value, dots in rows:
        flags = dots[0]
        shown_key = key_text(key, key_type == b"blob")
        shown, members = members_of(value, shown_key, flags & ID_LEFT_OUT)
        heads, things = read_dots(Blob(dots, logs), members)
        # Only a key in the type that it is stored in is found.
        lookup = (collection, key if key_type == b"blob" else key.decode())
        if flags & GENERAL and flags & HAS_CONFLICTS:
            things += [
                side_thing((*row, b""), logs)
                for row in database.execute(
                    "SELECT field, kind, log, seq, value, timestamp FROM lanyard_conflicts "
                    "WHERE collection = ? AND key = ?", lookup)
            ]  # fmt: skip
        if flags & GENERAL and flags & HAS_TRASH:
            things += [
                side_thing(row, logs)
                for row in database.execute(
                    "SELECT field, kind, log, seq, value, timestamp, hidden_by FROM lanyard_trash "
                    "WHERE collection = ? AND key = ?", lookup)
            ]  # fmt: skip
        state = blake2b(
            state, text(name), text(shown_key), text(shown), listed(heads), listed(things)
        )
    return state.hex()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(state_hash(sys.argv[1]))
