"""Part of scripts/bench: from a write on one device until another one shows it, beside the sum of
its parts, each measured between those writes:

    write      a put on the same agent into a space that nobody shares: its socket there and back,
               with one fdatasync
    network    half a round trip of TCP between the same hosts, with as many bytes as a link takes
    apply      a row of a log and one of a table in SQLite, in one transaction without fsync: what
               has come is shown when it is merged, and made durable within a second
    notify     half a round trip of the other agent's control socket

The second agent writes to memory, for two devices do not wait for one disk. Visible is what
`data.watch` says there; this process reads both sockets, so that one clock measures. It counts in
the parts too.
"""
from __future__ import annotations

import argparse
import functools
import json
import pathlib
import time

from agents import wait_until
from lan import Lan, Lines, Watch, ready
from measure import Goal, report
from parts import WARM, SumOfParts, applied, round_trips

SHARED, OWN = "live", "nobody-shares"


class Live:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, messages: list[dict]):
        self.options, self.folder = options, folder
        self.messages = messages
        self.count = min(options.writes, len(self.messages))
        self.times = SumOfParts({"write": 1, "network": 0.5, "apply": 1, "notify": 0.5},
                                "visible", "answered")

    def run(self) -> list[Goal]:
        with Lan(self.options, self.folder, ["one", "two"], on_disk=["one"]) as lan:
            lan.start()
            lan.introduce("one", "two")
            wait_until("a link", lambda: lan.linked("one") == lan.linked("two") == 1)
            lan["one"].call("space.create", name=OWN)
            lan.share("one", SHARED, ["two"])
            self.time_writes(lan)
            self.time_network(lan)
        self.times["apply"].extend(applied(self.folder, self.messages, self.count))
        return self.figures()

    def time_writes(self, lan: Lan) -> None:
        one, two = lan["one"], lan["two"]
        writer, watch = Lines(one), Watch(two, SHARED, "messages")
        for number in range(WARM + self.count):
            if number == WARM:
                self.times.forget()
                before = one.call("status.get")["counters"]["bytesOut"]
            value = self.messages[number % len(self.messages)]
            self.call(two, "notify", "agent.info")
            self.call(one, "write", "data.put", space=OWN, collection="messages",
                      key=f"own-{number}", value=value)
            self.time_write(writer, watch, f"live-{number}", value)
        sent = one.call("status.get")["counters"]["bytesOut"] - before
        self.wire_bytes = round(sent / self.count)
        texts = [json.dumps(value, separators=(",", ":"), ensure_ascii=False)
                 for value in self.messages[:self.count]]
        self.json_bytes = round(sum(len(text.encode()) for text in texts) / self.count)

    def call(self, agent, name: str, method: str, **params) -> None:
        started = time.perf_counter()
        agent.call(method, **params)
        self.times.since(name, started)

    def time_write(self, writer: Lines, watch: Watch, key: str, value: dict) -> None:
        """Whichever socket speaks first: the answer on the one, or the record on the other."""
        waiting = [writer, watch]
        started = time.perf_counter()
        writer.control.send("data.put", space=SHARED, collection="messages", key=key, value=value)
        while waiting:
            for each in ready(waiting):
                now = time.perf_counter()
                if each is writer and writer.read():
                    self.times["answered"].append(now - started)
                    waiting.remove(writer)
                elif each is watch and key in watch.keys():
                    self.times["visible"].append(now - started)
                    waiting.remove(watch)

    def time_network(self, lan: Lan) -> None:
        self.times["network"].extend(round_trips(
            functools.partial(lan.lab.popen, "two"), functools.partial(lan.lab.run, "one"),
            lan.lab.addresses["two"], self.wire_bytes, self.count))

    # ---- what comes of it

    def figures(self) -> list[Goal]:
        ratios = {percent: self.times.ratio("visible", percent) for percent in (50, 99)}
        report(measurement="live", n=self.count, **self.times.figures(),
               of_sum_p50=round(ratios[50], 2), of_sum_p99=round(ratios[99], 2),
               wire_bytes=self.wire_bytes, json_bytes=self.json_bytes)
        return [Goal("write on A to visible on B, p50 / parts", self.count, ratios[50], "<=", 1.5),
                Goal("a live change's bytes on the wire beyond its JSON", self.count,
                     self.wire_bytes - self.json_bytes, "<=", 200)]
