"""Part of scripts/bench: records in and out of one agent's local API as NDJSON, and what its memory
comes to meanwhile.

    bulk     all messages, about 50 MB at 100,000
    large    the same messages again and again under new keys, 1 GB, in an agent of its own

Lines are made while they are sent, and counted and let go as they come back: neither side ever
holds more than one block of them.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import time

from local_api import LocalApi
from measure import Goal, memory_kib, report, reset_peak

# Bytes of one chunk of a request, and of one reading of an answer.
BLOCK = 1 << 18
MEMORY_MIB = 32.0


class Ops:
    """The body of a request: an op a line, for each message and on until there are `least_bytes`.
    Counts what it has given."""

    def __init__(self, messages: list[dict], collection: str, least_bytes: int = 0):
        self.texts = [json.dumps(value, ensure_ascii=False)[:-1].encode() for value in messages]
        self.begin = f'{{"op":"put","collection":"{collection}","key":"b'.encode()
        self.least_bytes = least_bytes
        self.lines = self.bytes = 0

    def __iter__(self):
        block = bytearray()
        while self.lines < len(self.texts) or self.bytes + len(block) < self.least_bytes:
            text = self.texts[self.lines % len(self.texts)]
            block += b'%s%09d","value":%s,"at":%d}}\n' % (self.begin, self.lines, text, self.lines)
            self.lines += 1
            if len(block) >= BLOCK:
                self.bytes += len(block)
                yield bytes(block)
                block.clear()
        self.bytes += len(block)
        yield bytes(block)


def post(api: LocalApi, space: str, ops: Ops) -> None:
    link = api.connect()
    # A body of unknown length goes as chunks.
    link.request("POST", f"/v1/spaces/{space}/changes", ops,
                 api.heads() | {"Content-Type": "application/x-ndjson"})
    answer = link.getresponse()
    text = answer.read()
    link.close()
    if answer.status != 200 or json.loads(text).get("applied") != ops.lines:
        raise SystemExit(f"bench: NDJSON in: {answer.status} {text[:200]!r}")


def get(api: LocalApi, space: str, collection: str) -> tuple[int, int]:
    """Lines and bytes."""
    link = api.connect()
    link.request("GET", f"/v1/spaces/{space}/collections/{collection}/records",
                 headers=api.heads() | {"Accept": "application/x-ndjson"})
    answer, lines, size = link.getresponse(), 0, 0
    while piece := answer.read(BLOCK):
        lines += piece.count(b"\n")
        size += len(piece)
    link.close()
    return lines, size


def in_and_out(api: LocalApi, space: str, collection: str, ops: Ops, measurement: str) -> float:
    """MiB of the agent's memory beyond what it had before, at the most."""
    pid = api.agent.process.pid
    idle = memory_kib(pid, "VmRSS")
    reset_peak(pid)
    started = time.perf_counter()
    post(api, space, ops)
    into, peak_in = time.perf_counter() - started, memory_kib(pid, "VmHWM")
    reset_peak(pid)
    started = time.perf_counter()
    lines, taken = get(api, space, collection)
    out, peak_out = time.perf_counter() - started, memory_kib(pid, "VmHWM")
    if lines != ops.lines:
        raise SystemExit(f"bench: {ops.lines} records went in and {lines} came out")
    report(measurement=measurement, n=lines, mb_in=round(ops.bytes / 1e6, 2),
           in_mb_per_s=round(ops.bytes / 1e6 / into, 1), mb_out=round(taken / 1e6, 2),
           out_mb_per_s=round(taken / 1e6 / out, 1), idle_kib=idle, peak_in_kib=peak_in,
           peak_out_kib=peak_out)
    return (max(peak_in, peak_out) - idle) / 1024


def bulk(api: LocalApi, space: str, messages: list[dict]) -> list[Goal]:
    beyond = in_and_out(api, space, "bulk", Ops(messages, "bulk"), "api-bulk")
    return [Goal("NDJSON in and out, MiB beyond idle", len(messages), beyond, "<=", MEMORY_MIB)]


def large(options: argparse.Namespace, folder: pathlib.Path, messages: list[dict]) -> list[Goal]:
    ops = Ops(messages, "large", options.large_mb * 10**6)
    with LocalApi(options, folder, "large") as api:
        api.new_space("large")
        beyond = in_and_out(api, "large", "large", ops, "api-large")
    return [Goal(f"NDJSON of {options.large_mb} MB in and out, MiB beyond idle", ops.lines, beyond,
                 "<=", MEMORY_MIB)]
