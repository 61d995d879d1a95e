#!/usr/bin/env python3
"""Floods from the network, each for ten seconds: two devices that are linked stay linked and hear
of each other's writes all the while, and the flooded agent does not grow. How long a write takes is
reported, not judged: the flood runs on the same machine."""

import json
import sys
import threading
import time
import unittest
from pathlib import Path

import flooding
import mdns_packets as mdns
from bad_input import Peak
from discovery_hosts import Network, await_linked, enter, make_known
from lanyard_process import ANSWER_WITHIN_S, wait_until

ADA, EVE, PORT = "10.77.0.1", "10.77.0.3", 7761
SECONDS = 10
SOURCES = [EVE, *[f"10.77.0.{number}" for number in range(100, 150)]]
SOCKETS_MAX = 64  # limits.hpp: half-open links


class Writes:
    """Writes at one device and sees it come at the other, until it is asked how long that took."""

    def __init__(self, writer, reader):
        self.writer, self.reader = writer.agent.connect(), reader.agent.connect()
        self.reader.send("data.watch", space="shared", collection="tasks")
        self.reader.receive()
        self.over, self.lost, self.took_ms = threading.Event(), None, []
        self.thread = threading.Thread(target=self._go_on, daemon=True)
        self.thread.start()

    def _go_on(self):
        number = 0
        while not self.over.is_set():
            number += 1
            begin = time.monotonic()
            try:
                self.writer.call("data.put", space="shared", collection="tasks", key="one",
                                 value={"n": number})
                while self._next() != number:
                    pass
            except Exception as problem:  # told by end(), in the thread of the test
                self.lost = problem
                return
            self.took_ms.append(1000 * (time.monotonic() - begin))
            self.over.wait(0.02)

    def _next(self):
        line = self.reader.receive()
        return line["progress"].get("record", {}).get("value", {}).get("n")

    def end(self):
        self.over.set()
        self.thread.join(ANSWER_WITHIN_S)
        for control in (self.writer, self.reader):
            control.close()
        if self.lost or not self.took_ms:
            raise AssertionError(f"writes do not come any more: {self.lost}")
        took = sorted(self.took_ms)
        return (f"{len(took)} writes, visible after {took[len(took) // 2]:.1f} ms (median), "
                f"{took[len(took) * 99 // 100]:.1f} ms (p99)")


class Floods(unittest.TestCase):
    def setUp(self):
        network = Network(self, "ada", "pi", "eve")
        self.ada, self.pi, self.eve = network.hosts
        for host in (self.ada, self.pi):
            host.agent.start("--sync-port", str(PORT))
        for source in SOURCES[1:]:
            self.eve.ip("address", "add", f"{source}/24", "dev", "eth0")
        make_known(self.ada, self.pi)
        await_linked(self.ada, self.pi)
        self.ada.await_nearby(1)
        self.ada.agent.call("space.create", name="shared")
        self.ada.agent.call("space.share", space="shared", device=self.pi.agent.info["id"])
        wait_until("pi has the space", lambda: "shared" in [
            space["name"] for space in self.pi.agent.call("space.list")["spaces"]])
        # Those on which one of them did not know the other yet.
        self.dropped = self.counters()["droppedLinks"]

    def counters(self):
        return self.ada.agent.call("status.get")["counters"]

    def measure(self, what, flood):
        """Runs the flood beside writes: what it returns and how the writes did."""
        writes = Writes(self.ada, self.pi)
        # Now and then it is started again.
        child = wait_until("there is a discovery process", self.ada.child_pid)
        peak = Peak(self.ada.agent.process.pid, child)
        link = self.ada.device(self.pi)["linkAddress"]
        came = flood()
        print(f"report: {what}: {writes.end()}; {peak.assert_small(self)} KiB more; {came}")
        self.assertEqual(self.ada.device(self.pi)["linkAddress"], link)
        self.assertEqual(self.counters()["droppedLinks"], self.dropped)
        self.assertIn(self.ada.state(), ("embedded", "degraded", "starting"))
        return came

    def call_from_eve(self, what, per_second):
        flooder = self.eve.popen_sender(sys.executable, flooding.__file__, what, ADA, str(PORT),
                                        str(SECONDS), str(per_second), *SOURCES)
        counts = json.loads(flooder.stdout.readline())
        self.assertEqual(flooder.wait(timeout=ANSWER_WITHIN_S), 0)
        return counts

    def flood_by_mdns(self):
        sender = self.eve.popen_sender(sys.executable, mdns.__file__, EVE)
        packets = [mdns.service(f"f{i}".encode(), f"10.77.{i % 200}.{i % 250 + 1}", 1 + i % 60_000,
                                host=f"f{i}".encode(), ttl=120 if i % 3 else 0)
                   for i in range(5_000)]
        for line in [*[packet.hex() + " later" for packet in packets],
                     f"flood {5_000 * SECONDS} {SECONDS}"]:
            sender.stdin.write(line + "\n")
            sender.stdin.flush()
            self.assertEqual(sender.stdout.readline(), "ok\n")
        return {"packets": 5_000 * SECONDS}

    def test_each_flood_passes_by_a_link_that_is_up(self):
        self.measure("no flood", lambda: time.sleep(3))
        before = self.counters()
        shaken = self.measure("handshakes", lambda: self.call_from_eve("handshakes", 1000))
        self.assertGreater(shaken["answered"], 0)
        wait_until("each of them is counted", lambda: self.counters()["failedHandshakes"]
                   + self.counters()["refusedBusy"] >= before["failedHandshakes"]
                   + before["refusedBusy"] + shaken["answered"])
        idle = self.measure("idle links", lambda: self.call_from_eve("idle", 500))
        self.assertGreater(idle["hung up on"], 500 - SOCKETS_MAX)
        self.measure("mDNS packets", self.flood_by_mdns)
        # Whoever is honest gets in afterwards.
        self.pi.stop_agent()
        self.pi.agent.start("--sync-port", str(PORT))
        await_linked(self.ada, self.pi)
        self.measure("after all floods", lambda: time.sleep(1))
        self.assertIn("discovery", self.ada.agent.ok("status"))

    def test_a_device_gets_in_while_strangers_hold_every_place(self):
        self.pi.stop_agent()
        flood = self.eve.popen_sender(sys.executable, flooding.__file__, "idle", ADA, str(PORT),
                                      "600", "500", *SOURCES)
        before = self.counters()["accepted"]
        wait_until("strangers hold all places",
                   lambda: self.counters()["accepted"] >= before + 2 * SOCKETS_MAX)
        # Ada cannot call, since it listens to itself alone: it has to be let in.
        self.pi.agent.start("--sync-port", str(PORT), "--listen", "127.0.0.1")
        await_linked(self.ada, self.pi)
        self.assertIsNone(flood.poll(), "the flood was over")


if __name__ == "__main__":
    enter()
    unittest.main()
