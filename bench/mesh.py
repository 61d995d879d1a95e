"""Part of scripts/bench: many agents on one network, all members of one space, with nothing
configured but who belongs to it. How long they take to come together, what they cost while nothing
happens, when the last of them shows a write, and how they meet again after a network that fell
into two halves.

They write to memory: on one disk they would wait for each other, as devices never do. What the disk
adds, the part `live` shows.

What each needed stands beside what the wire carried: a change as it is sent over one link, once for
each device that did not have it. Bytes are counted on the hosts' interfaces, with every header and
every acknowledgement.
"""
from __future__ import annotations

import argparse
import pathlib
import time

from agents import wait_until
from lan import Lan, Lines, Watch, ready
from measure import Goal, children, cpu_seconds, memory_kib, percentile, report, spread

SPACE = "mesh"
WARM = 5
# Between two writes: the work that the last one left behind is no part of the next one's time.
PAUSE_S = 0.1
# How long a network stays apart whose links outlive it.
SHORT_CUT_S = 3
# What each device still has to say on its links once everybody has everything.
QUIET_BYTES_PER_S = 500


class Mesh:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, messages: list[dict]):
        self.options, self.folder = options, folder
        self.count = options.agents
        self.writes = min(options.writes, 200)
        self.messages = messages
        self.names = [f"host{number}" for number in range(self.count)]
        self.hub, self.others = self.names[0], self.names[1:]

    def run(self) -> list[Goal]:
        with Lan(self.options, self.folder, self.names, on_disk=[], discovery=True) as self.lan:
            goals = self.come_together()
            self.do_nothing()
            goals += self.time_writes()
            for cut in self.options.cuts:
                goals += self.fall_apart(cut)
        return goals

    # ---- coming together

    def come_together(self) -> list[Goal]:
        """All are made known to one of them, which shares the space: the rest is theirs to find.
        A handshake that fails is counted at both ends."""
        began = time.perf_counter()
        self.lan.start()
        started = time.perf_counter()
        for other in self.others:
            self.lan.introduce(self.hub, other)
        self.until("the first has a link to each", lambda name: self.lan.linked(self.hub) ==
                   self.count - 1, [self.hub])
        linked = time.perf_counter()
        self.lan.share(self.hub, SPACE, self.others)
        shared = time.perf_counter()
        self.until("all are linked to all", self.is_linked_to_all)
        meshed = time.perf_counter()
        wire, links = self.lan.lab.bytes_on_wire(), sum(self.bytes_out().values())
        counters, pairs = self.counters(), self.count * (self.count - 1) / 2
        report(measurement="mesh-set-up", n=self.count, start_s=round(started - began, 2),
               hub_linked_s=round(linked - started, 2), space_s=round(shared - linked, 2),
               all_linked_s=round(meshed - shared, 2), wire_bytes=wire, link_bytes=links,
               **counters)
        return [Goal("new members of one space: seconds until all are linked", self.count,
                     meshed - shared, "<=", 4.0, "12"),
                Goal("new members of one space: handshakes for each pair", self.count,
                     counters["accepted"] / pairs, "<=", 2.0),
                Goal("new members of one space: failed ones for each pair", self.count,
                     counters["failedHandshakes"] / pairs, "<=", 2.0, "3.5")]

    def is_linked_to_all(self, name: str) -> bool:
        return self.lan.linked(name) == self.count - 1

    def counters(self) -> dict[str, int]:
        """Summed over all agents."""
        each = [self.lan[name].call("status.get")["counters"] for name in self.names]
        return {counter: sum(counters[counter] for counters in each)
                for counter in ("accepted", "refusedBusy", "failedHandshakes", "droppedLinks",
                                "refusedChanges")}

    def until(self, what: str, condition, names: list[str] | None = None,
              every: float = 0.1) -> None:
        """Asks each only until it says yes once: asking costs what is measured."""
        waiting = list(names or self.names)

        def all_have() -> bool:
            waiting[:] = [name for name in waiting if not condition(name)]
            return not waiting
        try:
            wait_until(what, all_have, seconds=300, every=every)
        except TimeoutError as late:
            raise TimeoutError(f"{late}: not {', '.join(waiting)}") from None

    # ---- at rest

    def do_nothing(self) -> None:
        self.settle()
        agents = [self.lan[name].process.pid for name in self.names]
        searching = [pid for agent in agents for pid in children(agent)]
        before = cpu_seconds(agents), cpu_seconds(searching), self.lan.lab.bytes_on_wire()
        began = time.monotonic()
        time.sleep(self.options.idle)
        seconds = time.monotonic() - began
        share = 100 / seconds / self.count
        report(measurement="mesh-idle", n=self.count, seconds=round(seconds, 1),
               agent_cpu_percent=round((cpu_seconds(agents) - before[0]) * share, 3),
               discovery_cpu_percent=round((cpu_seconds(searching) - before[1]) * share, 3),
               wire_bytes_per_s=round((self.lan.lab.bytes_on_wire() - before[2]) / seconds),
               agent_rss_kib_max=max(memory_kib(pid, "VmRSS") for pid in agents),
               agent_anonymous_kib_max=max(memory_kib(pid, "RssAnon") for pid in agents),
               discovery_anonymous_kib_max=max(memory_kib(pid, "RssAnon") for pid in searching))

    def settle(self) -> None:
        """Until the links are quiet: what comes after belongs to what is measured next."""
        def is_quiet() -> bool:
            before = sum(self.bytes_out().values())
            time.sleep(1)
            return sum(self.bytes_out().values()) - before < QUIET_BYTES_PER_S * self.count
        wait_until("the links are quiet", is_quiet, seconds=120)

    # ---- a write on one

    def time_writes(self) -> list[Goal]:
        writer = self.lan[self.hub]
        watches = [Watch(self.lan[name], SPACE, "messages") for name in self.others]
        lines = Lines(writer)
        answered, first, last = [], [], []
        for number in range(WARM + self.writes):
            if number == WARM:
                self.settle()
                wire, sent = self.lan.lab.bytes_on_wire(), self.bytes_out()
            time.sleep(PAUSE_S)
            times = self.time_write(lines, watches, number)
            if number >= WARM:
                answered.append(times["answered"])
                first.append(times["first"])
                last.append(times["last"])
        self.settle()
        self.change_bytes = self.needed_by_one(sent)
        needed = self.change_bytes * self.writes * (self.count - 1)
        carried = self.lan.lab.bytes_on_wire() - wire
        links = sum(self.bytes_out().values()) - sum(sent.values())
        report(measurement="mesh-write", n=self.count, writes=self.writes,
               **spread("answered", answered, 50, 99), **spread("first", first, 50, 99),
               **spread("last", last, 50, 99),
               change_bytes=round(self.change_bytes), link_bytes_of_needed=round(links / needed, 2),
               wire_bytes_of_needed=round(carried / needed, 2))
        return [Goal("a write on one of many: links / needed", self.count, links / needed, "<=",
                     4.0),
                Goal("a write on one of many: last p50 / first p50", self.count,
                     percentile(last, 50) / percentile(first, 50), "<=", self.count)]

    def time_write(self, lines: Lines, watches: list[Watch], number: int) -> dict[str, float]:
        """When the writer had its answer, and when the first and the last of the others it."""
        key, times = f"write-{number}", {}
        waiting = [lines, *watches]
        started = time.perf_counter()
        lines.control.send("data.put", space=SPACE, collection="messages", key=key,
                           value=self.messages[number % len(self.messages)])
        while waiting:
            for each in ready(waiting):
                now = time.perf_counter()
                if each is lines and lines.read():
                    times["answered"] = now - started
                    waiting.remove(lines)
                elif each is not lines and key in each.keys():
                    times.setdefault("first", now - started)
                    times["last"] = now - started
                    waiting.remove(each)
        return times

    def bytes_out(self) -> dict[str, int]:
        return {name: self.lan[name].call("status.get")["counters"]["bytesOut"]
                for name in self.names}

    def needed_by_one(self, before: dict[str, int]) -> float:
        """Of a change, on one link: the writer sends its own over each, and nothing else."""
        sent = self.bytes_out()[self.hub] - before[self.hub]
        return sent / self.writes / (self.count - 1)

    # ---- a network in two halves

    def fall_apart(self, name: str) -> list[Goal]:
        """Changes on every device of both halves while nothing passes between these. A long cut
        lasts until the devices have given up their links."""
        self.halves = self.names[:self.count // 2], self.names[self.count // 2:]
        self.each = max(1, self.options.apart * 2 // self.count)
        before = self.lan.changes(self.hub, SPACE)
        self.lan.lab.part(*self.halves)
        began = time.perf_counter()
        for half in self.halves:
            for host in half:
                self.write_many(host, name)
            self.until_all_have(before + self.each * len(half), half)
        if name == "long":
            self.until("no link crosses", lambda host: not self.crossing(host), self.halves[0],
                       every=1)
        else:
            time.sleep(SHORT_CUT_S)
        figures = {"apart_s": round(time.perf_counter() - began, 1),
                   "crossing_links_left": sum(map(self.crossing, self.halves[0]))}
        figures |= self.heal(before + self.each * self.count)
        # A device lacks what the other half has written.
        lacking = self.each * 2 * len(self.halves[0]) * len(self.halves[1])
        needed = self.change_bytes * lacking
        for counted in ("until_equal", "until_quiet"):
            figures[f"wire_{counted}_of_needed"] = round(figures[f"wire_{counted}"] / needed, 2)
        report(measurement=f"mesh-parted-{name}", n=self.count,
               changes=self.each * self.count, needed_bytes=round(needed), **figures)
        wanted, before = (3.0, "7.3 to 20") if name == "short" else (4.0, "1.4")
        return [Goal(f"after a {name} partition: wire / needed", self.count,
                     figures["wire_until_quiet_of_needed"], "<=", wanted, before)]

    def write_many(self, host: str, name: str) -> None:
        """Messages that nobody else writes: equal ones would shrink in a pack."""
        first = self.names.index(host) * self.each
        self.lan[host].control.call_all([
            ("data.put", {"space": SPACE, "collection": "messages",
                          "key": f"{name}-{host}-{number}",
                          "value": self.messages[(first + number) % len(self.messages)]})
            for number in range(self.each)])

    def until_all_have(self, wanted: int, names: list[str]) -> None:
        self.until("all have what was written", lambda name: self.lan.changes(name, SPACE)
                   >= wanted, names, every=0.01)

    def heal(self, wanted: int) -> dict[str, float]:
        wire = self.lan.lab.bytes_on_wire()
        before = self.counters()
        self.lan.lab.heal()
        began = time.perf_counter()
        self.until_all_have(wanted, self.names)
        figures = {"equal_s": round(time.perf_counter() - began, 3),
                   "wire_until_equal": self.lan.lab.bytes_on_wire() - wire}
        self.until("all are linked to all again", self.is_linked_to_all)
        figures["all_linked_s"] = round(time.perf_counter() - began, 1)
        self.settle()
        figures["wire_until_quiet"] = self.lan.lab.bytes_on_wire() - wire
        hashes = {self.lan[name].call("space.info", space=SPACE)["state_hash"]
                  for name in self.names}
        if len(hashes) != 1:
            raise SystemExit("bench: the devices differ after the network was whole again")
        return figures | {counter: count - before[counter]
                          for counter, count in self.counters().items()}

    def crossing(self, host: str) -> int:
        """Links of this device of the first half into the second one."""
        ids = {self.lan[name].info["id"] for name in self.halves[1]}
        return sum(device["linked"] and device["id"] in ids
                   for device in self.lan[host].call("device.list")["devices"])
