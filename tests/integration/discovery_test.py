#!/usr/bin/env python3
"""Agents that find each other on a network of their own, with Avahi and without, whatever becomes
of Avahi, of the process that speaks to it, and of the network."""

import json
import os
import signal
import statistics
import subprocess
import time
import unittest

from discovery_hosts import (DEBIANS_PYTHON, Network, await_linked, children_of, enter, make_known,
                             tell, tool)
from lanyard_process import wait_until

SERVICE = "_lanyard._tcp"
# What Avahi waits at least before it publishes a group of records for the fifteenth time.
HELD_BACK_S = 20
# A DNS-SD browser that has nothing to do with Avahi: prints what it resolves as one JSON object.
OTHER_BROWSER = """
import json, socket, sys, threading
from zeroconf import ServiceBrowser, Zeroconf
found = threading.Event()
class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, 60000)
        if info and info.properties:
            text = {key.decode(): value.decode() for key, value in info.properties.items()}
            print(json.dumps({"name": name, "server": info.server, "port": info.port, "text": text,
                              "addresses": info.parsed_addresses()}))
            if sys.argv[2] in info.parsed_addresses():
                found.set()
    def update_service(self, *ignored): pass
    def remove_service(self, *ignored): pass
zeroconf = Zeroconf(interfaces=[sys.argv[1]])
ServiceBrowser(zeroconf, "_lanyard._tcp.local.", Listener())
sys.exit(0 if found.wait(120) else 1)
"""


class Finding(unittest.TestCase):
    def two(self, *, daemons=(), known=True):
        """Two running agents; those named have a daemon from the beginning."""
        network = Network(self, "ada", "pi")
        self.ada, self.pi = network.hosts
        for host in network.hosts:
            if host.name in daemons:
                host.start_daemon()
            host.agent.start("--sync-port", "7761")
        if known:
            make_known(self.ada, self.pi)
            await_linked(self.ada, self.pi)
        return self.ada, self.pi

    def link(self):
        """Both ends of the link: another one has other ports."""
        return self.ada.device(self.pi)["linkAddress"], self.pi.device(self.ada)["linkAddress"]

    def lasting_link(self):
        """The one that both keep, where each has called the other at the same time."""
        seen, since = None, 0
        def lasts():
            nonlocal seen, since
            if (now := self.link()) != seen:
                seen, since = now, time.monotonic()
            return all(seen) and time.monotonic() - since > 2
        wait_until("one link lasts", lasts, every=0.2)
        return seen

    def assert_one_link(self):
        """However many addresses were seen: each was tried at most once more, and found spare."""
        accepted = [host.agent.call("status.get")["counters"]["accepted"]
                    for host in (self.ada, self.pi)]
        self.assertLess(sum(accepted), 12, accepted)

    # ---- with and without a daemon

    def test_both_without_a_daemon(self):
        ada, pi = self.two()
        self.assertEqual((ada.state(), pi.state()), ("embedded", "embedded"))
        ada.await_nearby(1)
        pi.await_nearby(1)
        self.assert_one_link()

    def test_both_with_a_daemon_of_their_own(self):
        ada, pi = self.two(daemons=("ada", "pi"))
        ada.await_state("daemon")
        pi.await_state("daemon")
        ada.await_nearby(1)
        pi.await_nearby(1)
        self.assert_one_link()

    def test_one_with_and_one_without_a_daemon(self):
        ada, pi = self.two(daemons=("ada",))
        ada.await_state("daemon")
        pi.await_state("embedded")
        ada.await_nearby(1)
        pi.await_nearby(1)

    def test_who_is_not_known_is_seen_and_not_called_while_nobody_is_missed(self):
        ada, pi = self.two(known=False)
        ada.await_nearby(1)
        pi.await_nearby(1)
        self.assertEqual([host.agent.call("status.get")["counters"]["accepted"]
                          for host in (ada, pi)], [0, 0])
        self.assertEqual(ada.agent.call("device.list")["devices"], [])
        make_known(ada, pi)
        await_linked(ada, pi)

    # ---- what becomes of Avahi

    def test_a_daemon_that_is_killed_and_started_again(self):
        ada, pi = self.two(daemons=("ada",))
        ada.await_state("daemon")
        pi.await_nearby(1)
        link = self.lasting_link()
        ada.kill_daemon()
        ada.await_state("embedded")
        ada.await_nearby(1)
        ada.start_daemon()
        ada.await_state("daemon")
        ada.await_nearby(1)
        pi.await_nearby(1)
        self.assertEqual(self.link(), link)

    def test_a_bus_and_a_daemon_that_come_later(self):
        ada, pi = self.two()
        link = self.lasting_link()
        ada.start_bus()
        ada.start_daemon()
        ada.await_state("daemon")
        ada.await_nearby(1)
        self.assertEqual(self.link(), link)

    def test_a_daemon_that_hangs_and_goes_on(self):
        ada, pi = self.two(daemons=("ada",))
        ada.await_state("daemon")
        link = self.lasting_link()
        ada.daemon.send_signal(signal.SIGSTOP)
        ada.await_state("degraded")
        self.assertIn("does not answer", ada.discovery()["reason"])
        # The core in its place is seen by who comes now.
        pi.stop_agent()
        pi.agent.start("--sync-port", "7761")
        await_linked(ada, pi)
        self.assertIn("discovery degraded: the Avahi daemon", ada.agent.ok("status"))
        self.assertNotEqual(self.link(), link)
        ada.daemon.send_signal(signal.SIGCONT)
        ada.await_state("daemon")

    def test_a_bus_that_hangs_and_goes_on(self):
        ada, pi = self.two(daemons=("ada",))
        ada.await_state("daemon")
        link = self.lasting_link()
        ada.bus.send_signal(signal.SIGSTOP)
        ada.await_state("degraded")
        self.assertIn("does not answer", ada.discovery()["reason"])
        self.assertEqual(self.link(), link)
        ada.bus.send_signal(signal.SIGCONT)
        ada.await_state("daemon")

    def test_only_the_daemon_is_wanted_and_absent(self):
        network = Network(self, "ada")
        ada, = network.hosts
        ada.environment["LANYARD_DISCOVERY_MODE"] = "avahi"
        ada.agent.start()
        ada.await_state("degraded")
        self.assertEqual(ada.discovery()["reason"], "the Avahi daemon is not running")
        self.assertEqual(ada.discovery()["mode"], "avahi")
        ada.start_daemon()
        ada.await_state("daemon")

    def test_no_discovery_is_no_child(self):
        network = Network(self, "ada")
        ada, = network.hosts
        ada.agent.start("--no-discovery")
        self.assertEqual((ada.discovery()["mode"], ada.state()), ("off", "off"))
        self.assertEqual(children_of(ada.agent.process.pid), {})

    # ---- what becomes of our own process for it

    def test_a_child_that_is_killed(self):
        ada, pi = self.two()
        pi.await_nearby(1)
        link = self.lasting_link()
        before = ada.child_pid()
        ada.kill_child()
        ada.await_state("degraded")
        ada.await_state("embedded")
        self.assertNotEqual(ada.child_pid(), before)
        ada.await_nearby(1)
        self.assertEqual(self.link(), link)

    def test_a_child_that_hangs(self):
        ada, pi = self.two()
        link = self.lasting_link()
        before = ada.child_pid()
        ada.kill_child(signal.SIGSTOP)
        ada.await_state("degraded")
        self.assertEqual(ada.discovery()["reason"], "the discovery process did not answer")
        ada.await_state("embedded")
        self.assertNotEqual(ada.child_pid(), before)
        self.assertEqual(self.link(), link)

    def test_a_child_does_not_outlive_its_agent(self):
        ada, pi = self.two()
        for end in (ada.agent.kill, pi.agent.stop):
            host = ada if end == ada.agent.kill else pi
            children = children_of(host.agent.process.pid)
            self.assertEqual(set(children), {"core", "daemon"})
            end()
            wait_until("the children are gone",
                       lambda: not any(map(is_running, children.values())))

    # ---- what becomes of the network

    def test_a_network_of_ipv6_alone(self):
        network = Network(self, "ada", "pi")
        self.ada, self.pi = ada, pi = network.hosts
        for host in network.hosts:
            host.ip("address", "flush", "dev", "eth0", "scope", "global")
            host.agent.start("--sync-port", "7761")
        make_known(ada, pi)
        await_linked(ada, pi)
        self.assertTrue(all(address.startswith("[fe80:") for address in self.link()), self.link())

    def test_an_interface_that_goes_and_comes(self):
        ada, pi = self.two()
        pi.ip("link", "set", "eth0", "down")
        wait_until("the link is gone", lambda: not pi.is_linked(ada))
        pi.ip("link", "set", "eth0", "up")
        await_linked(ada, pi)

    def test_an_address_that_changes(self):
        ada, pi = self.two()
        pi.ip("address", "flush", "dev", "eth0")
        pi.ip("address", "add", "10.77.0.99/24", "dev", "eth0")
        wait_until("they are linked by another address", lambda: ada.is_linked(pi)
                   and pi.is_linked(ada) and "10.77.0.99" in str(self.seen_by_avahi(ada)))
        await_linked(ada, pi)

    def test_an_interface_that_is_left_out_is_not_used(self):
        network = Network(self, "ada", "pi")
        ada, pi = network.hosts
        pi.ip("link", "set", "eth0", "down")
        pi.ip("link", "set", "eth0", "name", "wg0")
        pi.ip("link", "set", "wg0", "up")
        pi.ip("address", "replace", "10.77.0.2/24", "dev", "wg0")
        for host in network.hosts:
            host.agent.start("--sync-port", "7761")
        pi.await_state("degraded")
        self.assertEqual(pi.discovery()["reason"], "there is no network interface to use")
        self.assertEqual(ada.discovery()["nearby"], 0)
        pi.stop_agent()
        pi.environment["LANYARD_SYNC_INTERFACES"] = "wg*"
        pi.agent.start("--sync-port", "7761")
        ada.await_nearby(1)
        pi.await_nearby(1)

    # ---- what a common peer tells

    def test_two_that_share_a_space_learn_of_each_other_from_a_common_peer(self):
        network = Network(self, "ada", "pi", "desktop", "stranger")
        ada, pi, desktop, stranger = network.hosts
        for host in network.hosts:
            host.agent.start("--sync-port", "7761", "--no-discovery")
        ada.agent.ok("space", "create", "notes")
        for other in (pi, desktop, stranger):
            ada.agent.ok("devices", "add", other.agent.info["id"], "--at",
                         network.lab.addresses[other.name] + ":7761")
            other.agent.ok("devices", "add", ada.agent.info["id"])
            await_linked(ada, other)
        # Known, but by no address: it is ada's word that brings them together.
        make_known(pi, desktop)
        make_known(pi, stranger)
        for member in (pi, desktop):
            ada.agent.ok("space", "share", "notes", member.agent.info["id"])
        await_linked(pi, desktop)
        # With the stranger nobody shares a space.
        self.assertFalse(pi.is_linked(stranger))
        self.assertEqual(pi.device(stranger)["linkAddress"], "")

    # ---- what others see

    def seen_by_avahi(self, host):
        """The services as avahi-browse on that host prints them; it asks a daemon there."""
        if not host.daemon:
            host.start_daemon()
        done = host.run([tool("avahi-browse"), "--resolve", "--parsable", "--terminate", SERVICE])
        lines = [line.split(";") for line in done.stdout.splitlines()]
        return [line for line in lines if line[0] == "="]

    def assert_nothing_is_told(self, said):
        """No name of a device, and no key. Each is too long to stand in a random name by chance."""
        for host in (self.ada, self.pi):
            device = host.agent.info["id"]
            for secret in (host.agent.name, device, device.replace("-", ""), device[:9]):
                self.assertGreaterEqual(len(secret), 8)
                self.assertNotIn(secret.lower(), said.lower())

    def browse(self, daemons):
        ada, pi = self.two(daemons=daemons)
        pi.await_state("daemon" if "pi" in daemons else "embedded")
        resolved = wait_until("avahi-browse resolves pi", lambda: [
            line for line in self.seen_by_avahi(ada) if line[7] == "10.77.0.2"])[0]
        self.assertEqual((resolved[4], resolved[8], resolved[9]), (SERVICE, "7761", '"v=1-1"'))
        self.assert_nothing_is_told(resolved[3] + resolved[6])
        found = ada.run([DEBIANS_PYTHON, "-c", OTHER_BROWSER, "10.77.0.1", "10.77.0.2"])
        self.assertEqual(found.returncode, 0, found.stderr)
        services = [json.loads(line) for line in found.stdout.splitlines()]
        for service in services:
            self.assertEqual((service["port"], service["text"]), (7761, {"v": "1-1"}))
            self.assert_nothing_is_told(service["name"] + service["server"])

    def pairing_is_seen(self, *daemons):
        """pair=1 stands there while a window is open, and not before or after."""
        network = Network(self, "ada", "pi")
        ada, pi = network.hosts
        for host in network.hosts:
            if host.name in daemons:
                host.start_daemon()
        probes = [host.popen_sender(os.environ["DISCOVERY_PROBE"])
                  for host in (ada, pi)]
        for is_open in (False, True, False, True):
            tell(probes[1], f"announce 7761 {int(is_open)}")
            wait_until(f"ada sees that pairing is {is_open}", lambda: any(
                line.startswith("10.77.0.2:7761") and line.endswith("pairing") == is_open
                for line in tell(probes[0], "nearby")))
        tell(probes[1], "announce 0 0")
        wait_until("pi has said goodbye", lambda: not tell(probes[0], "nearby"))

    def test_many_changes_of_address_are_seen(self):
        """Avahi holds back a group of records from the fifteenth time that it is published, by 20 s
        and more; else it takes one or two."""
        network = Network(self, "core", "daemon")
        network.hosts[1].start_daemon()
        addresses = dict(network.lab.addresses)
        probes = {host: host.popen_sender(os.environ["DISCOVERY_PROBE"])
                  for host in network.hosts}
        for probe in probes.values():
            tell(probe, "announce 7761 0")
        changed = {}
        seconds = {host: [] for host in network.hosts}  # from a change until it is seen
        for turn in range(18):
            for place, host in enumerate(network.hosts):
                other = network.hosts[1 - place]
                wait_until(f"{addresses[other.name]} is seen", lambda: (
                    f"{addresses[other.name]}:7761" in tell(probes[host], "nearby")))
                if turn:
                    seconds[other].append(time.monotonic() - changed[other])
            for place, host in enumerate(network.hosts):
                changed[host] = time.monotonic()
                addresses[host.name] = f"10.77.0.{100 + 50 * place + turn}"
                host.ip("-4", "address", "flush", "dev", "eth0")
                host.ip("address", "add", addresses[host.name] + "/24", "dev", "eth0")
        for host, each in seconds.items():
            # One that the machine was slow with says nothing; held back, all of the last ones are.
            late = statistics.median(each[-4:])
            print(f"report: changes of address of {host.name} were seen after {late:.1f} s")
            self.assertLess(late, HELD_BACK_S / 2)

    def test_an_open_window_is_seen_by_the_core(self):
        self.pairing_is_seen()

    def test_an_open_window_is_seen_by_daemons(self):
        self.pairing_is_seen("ada", "pi")

    def test_standard_browsers_resolve_what_the_core_announces(self):
        self.browse(daemons=("ada",))

    def test_standard_browsers_resolve_what_a_daemon_announces(self):
        self.browse(daemons=("ada", "pi"))


def is_running(pid):
    """Zombies do not count: whoever inherits them waits for them in time."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.returncode == 0 and not done.stdout.startswith("Z")


if __name__ == "__main__":
    enter()
    unittest.main()
