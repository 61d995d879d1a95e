#!/usr/bin/env python3
"""The processes that speak to Avahi outlive a hundred changes of the machine's network, and a
daemon that comes, hangs, dies and comes back; after each of them, others are found again."""

import os
import re
import signal
import sys
import unittest
from pathlib import Path

import mdns_packets as mdns
from discovery_hosts import Network, children_of, enter, tell
from lanyard_process import wait_until

# One after the other on a host, again and again: interfaces that come and go, are switched on and
# off, and addresses of a new interface and of the one that the others are found through.
CHANGES = [
    "link add x0 type bridge", "link set x0 up", "address add 10.78.0.1/24 dev x0",
    "link set x0 down", "link set x0 up", "address del 10.78.0.1/24 dev x0",
    "address add 10.77.0.101/24 dev eth0", "address del 10.77.0.101/24 dev eth0",
    "link set x0 down", "link del x0",
]
# Avahi's core hears of them, but nothing follows: the interface is down.
UNSEEN = {"link add x0 type bridge", "link del x0"}
ROUNDS = 10
EVE = "10.77.0.3"


class Changes(unittest.TestCase):
    def assert_one_library_each(self, children):
        """The two libraries of Avahi share a name: in one process, one calls the other."""
        libraries = {kind: set(re.findall(r"libavahi-(client|core)", maps_of(pid)))
                     for kind, pid in children.items()}
        self.assertEqual(libraries, {"daemon": {"client"}, "core": {"core"}})

    def two(self, *, has_bus=False):
        """The probes of two hosts without a daemon at first; a third tells of services."""
        network = Network(self, "ada", "pi", "eve")
        ada, pi, eve = network.hosts
        if has_bus:
            ada.start_bus()
        self.probes = [host.popen_sender(os.environ["DISCOVERY_PROBE"]) for host in (ada, pi)]
        self.sender = eve.popen_sender(sys.executable, mdns.__file__, EVE)
        self.services = 0
        self.pairing = 0
        tell(self.probes[0], "announce 7761 0")
        self.await_news("the start")
        self.children = children_of(self.probes[0].pid)
        self.assert_one_library_each(self.children)
        return ada

    def await_news(self, change):
        """The first hears what the other, an honest responder, says from now on."""
        self.pairing = 1 - self.pairing
        tell(self.probes[1], f"announce 7761 {self.pairing}")
        end = "7761 pairing" if self.pairing else "7761"

        def is_heard():
            lines = [line for line in tell(self.probes[0], "nearby") if not line.startswith(EVE)]
            return lines and all(line.endswith(end) for line in lines)
        wait_until(f"what the other says after {change} is heard", is_heard)

    def moves(self):
        return int(tell(self.probes[0], "moves")[0])

    def await_service(self, change):
        """A service that was never there before is seen. It is told again and again: a responder
        tells what it has at most once a second, and a hundred times that would take long."""
        self.services += 1
        name, port = f"s{self.services}".encode(), 20000 + self.services
        packet = mdns.service(name, EVE, port=port, host=name, ttl=10)

        def is_seen():
            print(packet.hex(), file=self.sender.stdin, flush=True)
            self.assertEqual(self.sender.stdout.readline(), "ok\n")
            return f"{EVE}:{port}" in tell(self.probes[0], "nearby")
        wait_until(f"a new service is seen after {change}", is_seen)

    def await_condition(self, text):
        wait_until(f"discovery is {text}",
                   lambda: tell(self.probes[0], "condition")[0].strip() == text)

    def assert_nobody_ended(self, change):
        self.assertEqual(children_of(self.probes[0].pid), self.children, change)

    def test_a_hundred_changes_of_interfaces_and_addresses(self):
        ada = self.two()
        for turn in range(ROUNDS):
            for change in CHANGES:
                before = self.moves()
                ada.ip(*change.split())
                if change not in UNSEEN:
                    wait_until(f"`{change}` is noticed", lambda: self.moves() > before)
                self.await_service(f"`{change}`")
                self.assert_nobody_ended(f"{turn}: {change}")
            if turn % 5 == 4:
                self.await_news(f"{turn + 1} rounds")
        self.assert_one_library_each(self.children)

    def test_a_daemon_that_comes_hangs_dies_and_comes_back(self):
        ada = self.two(has_bus=True)

        def found(condition):
            self.await_condition(condition)
            self.await_news(condition)
            self.await_service(condition)
            self.assert_nobody_ended(condition)

        found("embedded")
        ada.start_daemon()
        found("daemon")
        ada.daemon.send_signal(signal.SIGSTOP)
        found("degraded the Avahi daemon does not answer; Avahi's embedded core is used in its "
              "place")
        ada.daemon.send_signal(signal.SIGCONT)
        found("daemon")
        ada.kill_daemon()
        found("embedded")
        ada.start_daemon()
        found("daemon")


def maps_of(pid):
    return Path(f"/proc/{pid}/maps").read_text()


if __name__ == "__main__":
    enter()
    unittest.main()
