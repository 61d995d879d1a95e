"""Part of scripts/bench: from an HTTP write until clients of /v1/live have their frame.

    frame           on the same agent, beside the writer's answer
    elsewhere       on another agent that is linked with it, beside the sum of its parts:
                        write      a PUT to the same agent in a space that nobody shares
                        network    half a round trip of TCP with as many bytes as a link takes
                        apply      a row of a log and one of a table in SQLite, without fsync
                        notify     half a ping and pong of the other agent's WebSocket
    subscribers     200 clients of one agent that all hear of 100 changes a second, beside one

For the first two this process reads both sockets, so that one clock measures; it counts in the
parts too. The second agent writes to memory, for two devices do not wait for one disk.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import select
import socket
import subprocess
import tempfile
import time

from agents import wait_until
from local_api import HOST, PATIENCE_S, LocalApi
from measure import (Goal, cpu_seconds, memory_kib, percentile, report, reset_peak,
                     spread)
from parts import WARM, SumOfParts, applied, round_trips
from web_socket import PING, Line, frame as web_socket_frame

COLLECTION = "frames"
FRAMES_MAX = 500
SHARED, OWN = "shared", "nobody-shares"
MEMORY = "/dev/shm"
CHANGES_PER_S = 100
# What a small control frame holds (RFC 6455, 5.5).
PING_BYTES = 125


def record(space: str, key: str) -> str:
    return f"/v1/spaces/{space}/collections/{COLLECTION}/records/{key}"


def subscription(space: str) -> dict:
    return {"type": "subscribe", "id": "f", "space": space, "collection": COLLECTION}


def subscribe(api: LocalApi, space: str) -> Line:
    line = api.line()
    line.text(subscription(space))
    line.heard("snapshot", id="f")
    return line


class Writer:
    """A connection whose answers are read when they are there, beside other sockets."""

    def __init__(self, api: LocalApi):
        self.socket = socket.create_connection((HOST, api.port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.api, self.text = api, b""

    def fileno(self) -> int:
        return self.socket.fileno()

    def put(self, path: str, value: dict) -> None:
        self.socket.sendall(self.api.request("PUT", path, value))

    def is_answered(self) -> bool:
        """Once more of the answer is there: whether that was all of it."""
        self.text += self.socket.recv(1 << 16)
        head, end, body = self.text.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]):
            return False
        if not head.startswith(b"HTTP/1.1 2"):
            raise SystemExit(f"bench: a write was refused: {self.text[:200]!r}")
        self.text = b""
        return True

    def close(self) -> None:
        self.socket.close()


def time_put(times: SumOfParts, writer: Writer, line: Line, key: str, value: dict) -> None:
    """Whichever speaks first: the writer's agent, or that of whoever listens."""
    waiting = [writer, line.socket]
    started = time.perf_counter()
    writer.put(record(SHARED, key), value)
    while waiting:
        readable, _, _ = select.select(waiting, [], [], PATIENCE_S)
        if not readable:
            raise TimeoutError("bench: a write was not answered, or its frame did not come")
        for each in readable:
            if each is writer and writer.is_answered():
                times.since("answered", started)
            elif each is line.socket and is_told(line, key):
                times.since("shown", started)
            else:
                continue
            waiting.remove(each)


def is_told(line: Line, key: str) -> bool:
    """Once something has come: waits for this record's frame. Another may be told of again."""
    while line.heard("change", id="f")["record"]["key"] != key:
        pass
    return True


# ---- on one agent


def frame(api: LocalApi, messages: list[dict], count: int) -> list[Goal]:
    count = min(count, FRAMES_MAX)
    api.new_space(SHARED)
    line, writer, times = subscribe(api, SHARED), Writer(api), SumOfParts({}, "answered", "shown")
    for number in range(count):
        time_put(times, writer, line, f"f{number}", messages[number % len(messages)])
    writer.close()
    line.close()
    ratio = percentile(times["shown"], 50) / percentile(times["answered"], 50)
    report(measurement="api-frame", n=count, **spread("answered", times["answered"], 50, 99),
           **spread("shown", times["shown"], 50, 99), of_answer_p50=round(ratio, 2))
    return [Goal("HTTP write to WebSocket frame / to its answer, p50", count, ratio, "<=", 1.5)]


# ---- on two


class Elsewhere:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, messages: list[dict]):
        self.options, self.folder, self.messages = options, folder, messages
        self.count = min(options.writes, FRAMES_MAX)
        self.times = SumOfParts({"write": 1, "network": 0.5, "apply": 1, "notify": 0.5},
                                "shown", "answered")

    def run(self) -> list[Goal]:
        with tempfile.TemporaryDirectory(prefix="lanyard-bench-", dir=MEMORY) as memory, \
                LocalApi(self.options, self.folder, "one") as one, \
                LocalApi(self.options, pathlib.Path(memory), "two") as two:
            self.link(one, two)
            self.share(one, two)
            bytes_of_each = self.time_writes(one, two)
        self.times["network"].extend(round_trips(subprocess.Popen, subprocess.run, HOST,
                                                 bytes_of_each, self.count))
        self.times["apply"].extend(applied(self.folder, self.messages, self.count))
        ratios = {percent: self.times.ratio("shown", percent) for percent in (50, 99)}
        report(measurement="api-frame-elsewhere", n=self.count, **self.times.figures(),
               of_sum_p50=round(ratios[50], 2), of_sum_p99=round(ratios[99], 2),
               wire_bytes=bytes_of_each)
        return [Goal("HTTP write on A to WebSocket frame on B, p50 / parts", self.count,
                     ratios[50], "<=", 1.5)]

    def link(self, one: LocalApi, two: LocalApi) -> None:
        two.agent.call("device.add", id=one.agent.info["id"])
        one.agent.call("device.add", id=two.agent.info["id"],
                       at=f"{HOST}:{two.agent.info['syncPort']}")
        wait_until("a link", lambda: all(
            api.agent.call("device.list")["devices"][0]["linked"] for api in (one, two)))

    def share(self, one: LocalApi, two: LocalApi) -> None:
        for name in (OWN, SHARED):
            one.agent.call("space.create", name=name)
        one.new_token(OWN, SHARED)
        one.agent.call("space.share", space=SHARED, device=two.agent.info["id"])
        one.call("PUT", record(SHARED, "first"), self.messages[0])

        def has_come() -> bool:
            spaces = two.agent.call("space.list")["spaces"]
            return any(space["name"] == SHARED for space in spaces) and \
                two.agent.call("space.clock", space=SHARED)["changes"] >= \
                one.agent.call("space.clock", space=SHARED)["changes"]
        wait_until("the space on the other device", has_come)
        two.new_token(SHARED)

    def time_writes(self, one: LocalApi, two: LocalApi) -> int:
        """Bytes on the link for each of them."""
        line, writer = subscribe(two, SHARED), Writer(one)
        for number in range(WARM + self.count):
            if number == WARM:
                self.times.forget()
                before = one.agent.call("status.get")["counters"]["bytesOut"]
            value = self.messages[number % len(self.messages)]
            self.time_ping(line)
            self.time_own(writer, f"own-{number}", value)
            time_put(self.times, writer, line, f"f{number}", value)
        sent = one.agent.call("status.get")["counters"]["bytesOut"] - before
        writer.close()
        line.close()
        return round(sent / self.count)

    def time_ping(self, line: Line) -> None:
        started = time.perf_counter()
        line.raw(web_socket_frame(PING, b"x" * PING_BYTES))
        line.frame()
        self.times.since("notify", started)

    def time_own(self, writer: Writer, key: str, value: dict) -> None:
        started = time.perf_counter()
        writer.put(record(OWN, key), value)
        while not writer.is_answered():
            pass
        self.times.since("write", started)


# ---- many on one agent


def subscribers(api: LocalApi, options: argparse.Namespace, messages: list[dict]) -> None:
    """What is wanted here is that no frame is lost; how long they take is told beside one client's.
    """
    changes = max(1, round(options.live_seconds * CHANGES_PER_S))
    for count in (1, options.subscribers):
        space = f"heard-by-{count}"
        api.new_space(space)
        greeting = api.folder / f"{space}.jsonl"
        greeting.write_text(json.dumps({"type": "auth", "token": api.token}) + "\n" +
                            json.dumps(subscription(space)) + "\n")
        requests = api.prepared(space, [
            api.request("PUT", record(space, str(number)), messages[number % len(messages)])
            for number in range(changes)])
        pid = api.agent.process.pid
        reset_peak(pid)
        idle, before = memory_kib(pid, "VmRSS"), cpu_seconds([pid])
        done = api.run("bench_subscribers", str(api.port), str(count), greeting, requests,
                       str(CHANGES_PER_S))
        used = cpu_seconds([pid]) - before
        report(measurement=f"api-subscribers-{count}", n=changes, **done,
               agent_cpu_percent=round(100 * used / done["seconds"], 1), idle_kib=idle,
               peak_kib=memory_kib(pid, "VmHWM"))
        if done["frames"] != done["expected"]:
            raise SystemExit(f"bench: of {done['expected']} frames for {count} subscribers "
                             f"{done['frames']} came")
