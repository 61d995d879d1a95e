"""Part of scripts/bench: one size of history, on one or two agents on loopback that look for
nobody. Initial sync of bulk history and of history of single changes, bytes on the wire and on
disk, a merge of edits made apart, durable local writes through the control socket, memory and
start-up.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import time

import corpus
from agents import Agent, wait_until
from measure import Goal, Limits, memory_kib, report

SPACE = "bench"
EDITS = 10_000
# Of the release of 30 November 2026 before libstdc++ was linked into it (ADR 0025), on two cores
# that nothing else used: 5.4 and 6.9 ms, 13.7 MiB. On busy ones a start took 19.5 ms.
START_BEFORE_MS, IDLE_BEFORE_MIB = 6.9, 13.7


class Sync:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, count: int):
        self.options, self.folder, self.count = options, folder, count
        self.agents: list[Agent] = []
        self.figures: dict[str, float] = {}

    def run(self) -> list[Goal]:
        file = self.folder / "corpus.bin"
        self.json_bytes = corpus.write_binary(self.count, file)
        self.records = list(corpus.records(self.count))
        self.limits = Limits(self.options, self.folder, file)
        self.limits.now("fdatasync", "loopback")
        try:
            for history in ("bulk", "single"):
                self.initial_sync(history)
            self.divergent_merge()
            self.local_writes()
            self.idle()
        finally:
            for agent in self.agents:
                agent.stop()
        return self.goals()

    # ---- agents

    def agent(self, name: str) -> Agent:
        flags = ("--sync-port", "0", "--listen", "127.0.0.1")
        binary = self.options.binary_folder / "lanyard"
        agent = Agent(binary, self.folder / name, name, flags=flags).start()
        self.agents.append(agent)
        return agent

    def changes(self, agent: Agent) -> int:
        spaces = {each["name"] for each in agent.call("space.list")["spaces"]}
        if SPACE not in spaces:
            return 0
        return agent.call("space.clock", space=SPACE)["changes"]

    def write(self, agent: Agent, history: str) -> None:
        """Everything of the corpus, in large batches or as one change for each record."""
        if history == "single":
            agent.control.call_all([("data.put", {"space": SPACE, "collection": collection,
                                                  "key": key, "value": value})
                                    for collection, key, value in self.records])
            return
        batches = []
        for at in range(0, len(self.records), 256):
            ops = [{"op": "put", "collection": collection, "key": key, "value": value}
                   for collection, key, value in self.records[at:at + 256]]
            batches.append(("data.batch", {"space": SPACE, "versions": False, "ops": ops}))
        agent.control.call_all(batches, window=4)

    # ---- measurements

    def initial_sync(self, history: str) -> None:
        one, two = self.agent(f"{history}-author"), self.agent(f"{history}-reader")
        one.call("space.create", name=SPACE)
        self.write(one, history)
        two.call("device.add", id=one.info["id"])
        one.call("device.add", id=two.info["id"], at=f"127.0.0.1:{two.info['syncPort']}")
        wait_until("a link", lambda: one.call("device.list")["devices"][0]["linked"], every=0.005)
        before = two.call("status.get")["counters"]["bytesIn"]
        seconds, limits = self.limits.beside(("L1", "L3"), lambda: self.share_and_wait(one, two))
        wire = two.call("status.get")["counters"]["bytesIn"] - before
        peak = memory_kib(two.process.pid, "VmHWM")
        info = two.call("space.info", space=SPACE)
        if info["state_hash"] != one.call("space.info", space=SPACE)["state_hash"]:
            raise SystemExit("bench: the two devices differ")
        one.stop()
        two.stop()
        disk = pathlib.Path(info["file"]).stat().st_size
        rate = len(self.records) / seconds
        figures = {"of_L1": rate / limits["L1"], "of_L3": rate / limits["L3"],
                   "wire": wire / self.json_bytes, "disk": disk / self.json_bytes}
        report(measurement=f"initial-sync-{history}", n=self.count, seconds=round(seconds, 4),
               per_s=round(rate), peak_rss_kib=peak,
               **{name: round(figure, 3) for name, figure in figures.items()})
        self.figures |= {f"{history}-{name}": figure for name, figure in figures.items()}

    def share_and_wait(self, one: Agent, two: Agent) -> float:
        """Seconds until the second device has all that the first has."""
        started = time.perf_counter()
        one.call("space.share", space=SPACE, device=two.info["id"])
        wanted = self.changes(one)
        wait_until("the sync", lambda: self.changes(two) >= wanted, seconds=600, every=0.002)
        return time.perf_counter() - started

    def divergent_merge(self) -> None:
        one, two = self.agents[0], self.agents[1]
        keys = [key for collection, key, _ in self.records if collection == "messages"][:EDITS]
        for agent in (one, two):
            agent.start()
            ops = [{"op": "patch", "collection": "messages", "key": key,
                    "value": {"content": f"edited on {agent.name}, {number}"}}
                   for number, key in enumerate(keys)]
            batches = [("data.batch", {"space": SPACE, "versions": False, "ops": ops[at:at + 256]})
                       for at in range(0, len(ops), 256)]
            agent.control.call_all(batches, window=4)
            agent.stop()
        two.start()
        one.start()
        one.call("device.forget", device=two.info["id"])
        seconds, limits = self.limits.beside(("edits",), lambda: self.meet_and_wait(one, two))
        hashes = {each.call("space.info", space=SPACE)["state_hash"] for each in (one, two)}
        if len(hashes) != 1:
            raise SystemExit("bench: the two devices differ after the merge")
        raw = len(keys) / limits["edits"]
        report(measurement="divergent-merge", n=len(keys), seconds=round(seconds, 4),
               raw_seconds=round(raw, 4), of_raw=round(seconds / raw, 2))
        self.figures["merge"] = seconds / raw
        two.stop()

    def meet_and_wait(self, one: Agent, two: Agent) -> float:
        """Seconds from the moment that they may meet until both have everything."""
        had = max(self.changes(one), self.changes(two))
        started = time.perf_counter()
        one.call("device.add", id=two.info["id"], at=f"127.0.0.1:{two.info['syncPort']}")
        wait_until("the merge", lambda: self.changes(one) == self.changes(two) > had, seconds=600,
                   every=0.002)
        return time.perf_counter() - started

    def requests(self, name: str, requests: list, clients: int) -> dict:
        """Sent to the first agent by clients that cost nothing, unlike those in Python."""
        file = self.folder / f"{name}.requests"
        file.write_text("".join(json.dumps({"id": number, "method": method, "params": params}) +
                                "\n" for number, (method, params) in enumerate(requests)))
        program = self.options.binary_folder / "bench/bench_requests"
        socket = self.agents[0].data / "agent.sock"
        done = subprocess.run([program, socket, file, str(clients)], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    def local_writes(self) -> None:
        puts = [("data.put", {"space": SPACE, "collection": "messages", "value": value})
                for _, _, value in self.records]
        self.writes("1-writer", puts[:1000], 1, "single-full")
        self.writes("16-writers", puts[:8000], 16, "group-full")
        batches = [("data.batch", {"space": SPACE, "versions": False, "ops": [
            {"op": "put", "collection": "messages", "value": value}
            for _, _, value in self.records[at:at + 1000]]})
            for at in range(0, min(10_000, len(self.records)), 1000)]
        self.writes("batches", batches, 2, "batch-full")

    def writes(self, name: str, requests: list, clients: int, raw: str) -> None:
        """Three rounds of new records, each beside the limit; the one in the middle counts."""
        rounds = []
        for number in range(3):
            for place, (_, params) in enumerate(requests):
                for row, op in enumerate(params.get("ops", [params])):
                    op["key"] = f"{name}-{number}-{place}-{row}"
            done, limits = self.limits.beside((raw,),
                                              lambda: self.requests(name, requests, clients))
            count = sum(len(params.get("ops", [params])) for _, params in requests)
            rate = count / done["seconds"]
            rounds.append((rate / limits[raw], rate, count, done))
        of_raw, rate, count, done = sorted(rounds, key=lambda each: each[0])[1]
        report(measurement=f"durable-writes-{name}", n=count, clients=clients, per_s=round(rate),
               p50_us=done["p50_us"], p99_us=done["p99_us"], of_raw=round(of_raw, 3))
        self.figures[name] = of_raw

    def idle(self) -> None:
        one = self.agents[0]
        one.stop()
        times = []
        for _ in range(5):
            started = time.perf_counter()
            one.start()
            times.append(time.perf_counter() - started)
            one.call("data.query", space=SPACE, collection="messages", limit=1)
            resident = memory_kib(one.process.pid, "VmRSS")
            own = memory_kib(one.process.pid, "RssAnon")
            one.stop()
        self.figures["start_ms"] = sorted(times)[2] * 1000
        self.figures["idle_mib"] = resident / 1024
        report(measurement="start-up", n=self.count, ms=round(self.figures["start_ms"], 1),
               rss_kib=resident, anonymous_kib=own)

    def goals(self) -> list[Goal]:
        """The figures of speed that concern the core."""
        f = self.figures
        large = self.count >= 100_000
        rows = [("initial sync / L1", f["bulk-of_L1"], ">=", 1.4 if large else 0.7),
                ("single-change history / bulk", f["single-of_L1"] / f["bulk-of_L1"], ">=", 0.5),
                ("wire / JSON", f["bulk-wire"], "<=", 0.48),
                ("disk / JSON", f["bulk-disk"], "<=", 1.6),
                ("divergent merge / raw", f["merge"], "<=", 1.8),
                ("1 writer / raw", f["1-writer"], ">=", 0.55),
                ("16 writers / raw", f["16-writers"], ">=", 0.6),
                ("batches / raw", f["batches"], ">=", 0.8),
                ("start-up, ms", f["start_ms"], "<=", 15.0, START_BEFORE_MS),
                ("idle memory, MiB", f["idle_mib"], "<=", 12.0, IDLE_BEFORE_MIB)]
        if large:
            rows.insert(1, ("initial sync / L3", f["bulk-of_L3"], ">=", 0.55))
        return [Goal(what, self.count, *rest) for what, *rest in rows]
