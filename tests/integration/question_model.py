"""What a question comes to, computed from a dictionary of records alone: docs/API.md, "Conditions
and order", written once more in Python.

    meets(where, key, value)             whether a record is among them
    answer(records, where, order)        (key, value) of all that are, in their order
    sql_value(value)                     what a view shows of a value
"""
from __future__ import annotations

import functools
import json
import re

ABSENT = object()
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def kind(value) -> str:
    """A bool is no number here, and an int and a float are one kind."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "array", dict: "object"}[type(value)]


def same(left, right) -> bool:
    """Python compares an int and a float as numbers, without rounding."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return left == right


def identical(left, right) -> bool:
    """As a merge compares: 1 and 1.0 are two values."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(identical(left[k], right[k]) for k in left)
    return type(left) is type(right) and left == right


def bytes_of(text: str) -> bytes:
    return text.encode()


def field_of(name: str, key: str, value: dict):
    if name == "id" and value.get("id") is None:
        return key
    return value.get(name, ABSENT)


def ordered(left, right):
    """Both as what Python orders them by; nothing where they have no order."""
    if kind(left) != kind(right) or kind(left) not in ("number", "text"):
        return None
    return (left, right) if kind(left) == "number" else (bytes_of(left), bytes_of(right))


def compares(comparison: str, present, wanted) -> bool:
    if comparison in ("eq", "ne"):
        return same(present, wanted) == (comparison == "eq")
    if comparison == "in":
        return any(same(present, each) for each in wanted)
    if comparison == "prefix":
        return kind(present) == "text" and bytes_of(present).startswith(bytes_of(wanted))
    pair = ordered(present, wanted)
    if pair is None:
        return False
    left, right = pair
    return {"gt": left > right, "ge": left >= right, "lt": left < right,
            "le": left <= right}[comparison]


def meets(where: dict, key: str, value: dict) -> bool:
    for name, said in where.items():
        present = field_of(name, key, value)
        for comparison, wanted in (said if isinstance(said, dict) else {"eq": said}).items():
            if present is ABSENT:
                if comparison != "ne":
                    return False
            elif not compares(comparison, present, wanted):
                return False
    return True


def json_of(value) -> str:
    """As the agent writes it: containers hold only doubles that both spell alike."""
    if isinstance(value, list):
        return "[" + ",".join(map(json_of, value)) + "]"
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda each: bytes_of(each[0]))
        return "{" + ",".join(f"{json_of(k)}:{json_of(v)}" for k, v in members) + "}"
    return json.dumps(value, ensure_ascii=False)


def sql_value(value):
    if value is ABSENT:
        return None
    if isinstance(value, bool):
        return int(value)
    return json_of(value) if isinstance(value, (list, dict)) else value


def sql_order(value) -> tuple:
    """Null, then numbers, then texts."""
    if value is None:
        return (0, 0)
    return (2, bytes_of(value)) if isinstance(value, str) else (1, value)


def key_order(key: str) -> tuple:
    """Texts, then UUIDs."""
    return (bool(UUID.fullmatch(key)), bytes_of(key))


def compare(left: tuple, right: tuple) -> int:
    return (left > right) - (left < right)


def answer(records: dict[str, dict], where: dict, order: str = "") -> list[tuple[str, dict]]:
    descending = order.startswith("-")
    name = order.removeprefix("-")

    def rank(item: tuple[str, dict]) -> tuple:
        key, value = item
        by = sql_order(sql_value(field_of(name, key, value))) if name else ()
        return (by, key_order(key))

    found = [item for item in records.items() if meets(where, *item)]
    by_rank = functools.cmp_to_key(lambda a, b: compare(rank(a), rank(b)))
    return sorted(found, key=by_rank, reverse=descending)
