#!/usr/bin/env python3
"""What others send by mDNS: nothing of it makes an agent fall, dial where it must not, lose a link
or grow."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

import mdns_packets as mdns
from bad_input import Peak
from discovery_hosts import DEBIANS_PYTHON, Network, await_linked, enter, make_known
from lanyard_process import wait_until

HERE, EVE = "10.77.0.1", "10.77.0.3"
CANDIDATES_MAX = 256
WORKING = ("embedded", "daemon", "degraded", "starting")

# (what, packet, whether it is a candidate). A candidate is a hint; nobody is believed.
ROWS = [
    ("no TXT", mdns.service(b"r1", EVE, text=None), False),
    ("a TXT of one byte", mdns.service(b"r2", EVE, text=b"\0"), False),
    ("a TXT of one byte that lies", mdns.service(b"r3", EVE, text=b"\xff"), False),
    ("a TXT of 8,000 bytes", mdns.service(b"r4", EVE, text=mdns.GOOD_TEXT + b"\xc7" * 200 * 40),
     False),
    ("a TXT of 8,000 bytes in small strings",
     mdns.service(b"r5", EVE, text=mdns.GOOD_TEXT + b"\x01x" * 4000), False),
    ("a packet of 9,000 bytes", mdns.service(b"r6", EVE, text=b"\x00" * 8850), False),
    ("duplicate keys", mdns.service(b"r7", EVE, text=b"\x05v=1-1\x05v=9-9\x06pair=1\x06pair=0"),
     True),
    ("bad UTF-8 in another key", mdns.service(b"r8", EVE, text=b"\x05v=1-1\x04n=\xff\xfe"), True),
    ("bad UTF-8 in the versions", mdns.service(b"r9", EVE, text=b"\x04v=\xff\xfe"), False),
    ("NUL in the versions", mdns.service(b"r10", EVE, text=b"\x06v=1-1\0"), False),
    ("versions that run backwards", mdns.service(b"r11", EVE, text=b"\x05v=2-1"), False),
    ("port 0", mdns.service(b"r12", EVE, port=0), False),
    ("a target that is loopback", mdns.service(b"r13", "127.0.0.1", host=b"h13"), False),
    ("a target that is multicast", mdns.service(b"r14", "224.0.0.251", host=b"h14"), False),
    ("a target that is nowhere", mdns.service(b"r15", "0.0.0.0", host=b"h15"), False),
    ("a target that is everybody", mdns.service(b"r16", "255.255.255.255", host=b"h16"), False),
    ("our own address", mdns.service(b"r17", HERE, host=b"h17"), False),
    ("a global address", mdns.service(b"r18", "8.8.8.8", host=b"h18"), False),
    ("a link-local address", mdns.service(b"r19", "169.254.7.7", host=b"h19"), True),
    ("control characters in the name", mdns.service(b"\x1b[31m\n\x07", EVE), True),
    ("bytes that are no text in the name", mdns.service(b"\xff\xfe\x80", EVE), False),
    ("a name of 63 bytes", mdns.service(b"x" * 63, EVE), True),
    ("dots and backslashes in the name", mdns.service(b"a.b\\c.local", EVE), True),
    ("half a packet", mdns.service(b"r24", EVE)[:60], False),
    ("a header that counts too much", mdns.service(b"r25", EVE)[:6] + b"\xff\xff" * 3, False),
    ("a name that points to itself", mdns.response(b"\xc0\x0c" + b"\0\x0c\0\x01\0\0\0\x78\0\0"),
     False),
    ("an SRV record that is cut short", mdns.response(
        mdns.record((b"r27", *mdns.SERVICE), mdns.SRV, b"\0\0\0")), False),
    ("nothing at all", b"", False),
    ("one byte", b"\0", False),
]


class FromTheNetwork(unittest.TestCase):
    def setUp(self):
        network = Network(self, "ada", "pi", "eve")
        self.ada, self.pi, self.eve = network.hosts
        for host in (self.ada, self.pi):
            host.agent.start("--sync-port", "7761")
        make_known(self.ada, self.pi)
        await_linked(self.ada, self.pi)
        self.ada.await_nearby(1)
        self.link = self.ada.device(self.pi)["linkAddress"]
        self.sender = self.eve.popen_sender(sys.executable, mdns.__file__, EVE)
        self.marks = 0

    def tell(self, *lines):
        for line in lines:
            self.sender.stdin.write(line + "\n")
            self.sender.stdin.flush()
            self.assertEqual(self.sender.stdout.readline(), "ok\n")

    def send(self, *packets):
        self.tell(*[packet.hex() or "00" for packet in packets])

    def say_goodbye(self, instance):
        """The last word on a name, and what it pointed to."""
        self.send(mdns.response(
            mdns.record(mdns.SERVICE, mdns.PTR, mdns.encoded((instance, *mdns.SERVICE)), ttl=0)))

    def await_nearby_with_mark(self, count):
        """Whatever was sent before has been looked at: a good service that came later is there."""
        self.marks += 1
        name = f"mark{self.marks}".encode()
        self.send(mdns.service(name, EVE, port=9, host=name))
        self.ada.await_nearby(count + 1)
        self.say_goodbye(name)
        self.ada.await_nearby(count)

    def assert_unharmed(self):
        self.assertEqual(self.ada.device(self.pi)["linkAddress"], self.link)
        self.assertIn(self.ada.state(), WORKING)
        shown = self.ada.agent.ok("status")
        self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown), shown)

    def count_memory(self):
        """Of the agent, and its child if that is still the same at the end, together."""
        child = wait_until("there is a discovery process", self.ada.child_pid)
        self.peak = Peak(self.ada.agent.process.pid, child)

    def assert_little_memory(self):
        grown = self.peak.assert_small(self)
        print(f"report: mDNS made agent and child grow by {grown} KiB")

    # ---- one packet after the other

    def test_each_row_is_dropped_or_a_hint(self):
        self.count_memory()
        for what, packet, is_candidate in ROWS:
            with self.subTest(what):
                self.send(packet)
                self.await_nearby_with_mark(2 if is_candidate else 1)
                if is_candidate:
                    instance = instance_in(packet)
                    self.say_goodbye(instance)
                    self.ada.await_nearby(1)
                self.assert_unharmed()
        self.assert_little_memory()

    def test_one_name_at_two_hosts_is_one_candidate(self):
        self.send(mdns.service(b"same", EVE, host=b"h1"))
        self.ada.await_nearby(2)
        self.send(mdns.service(b"same", "10.77.0.77", host=b"h2"))
        self.await_nearby_with_mark(2)
        self.assert_unharmed()

    def test_somebody_says_goodbye_for_another(self):
        seen = self.names_of_pi()
        for _ in range(200):
            for instance in seen:
                self.say_goodbye(instance)
        self.assert_unharmed()
        self.ada.await_nearby(1)

    def names_of_pi(self):
        """What pi is called on the wire: from whoever asks."""
        asked = self.eve.run([DEBIANS_PYTHON, "-c", ASK_FOR_NAMES, EVE])
        return [bytes.fromhex(line) for line in asked.stdout.split()]

    def test_a_peer_that_claims_every_name_of_ours(self):
        claimer = self.eve.popen_sender(sys.executable, "-c", CLAIM_EVERY_NAME,
                                        str(Path(mdns.__file__).parent), EVE)
        self.assertEqual(claimer.stdout.readline(), "ready\n")
        self.ada.agent.stop()
        self.ada.agent.start("--sync-port", "7761")
        self.ada.await_state("degraded")
        self.assertIn("every name", self.ada.discovery()["reason"])
        await_linked(self.ada, self.pi)

    # ---- many packets

    def test_ten_thousand_names(self):
        self.count_memory()
        for begin in range(0, 10_000, 500):
            self.tell(*[mdns.service(f"n{i}".encode(), EVE, 1000 + i, host=b"eve").hex() + " later"
                        for i in range(begin, begin + 500)], "flood 500 0.25")
        self.ada.await_nearby_between(100, CANDIDATES_MAX)
        self.assert_unharmed()
        self.assert_little_memory()

    def test_a_flood_for_ten_seconds(self):
        self.count_memory()
        packets = [mdns.service(f"f{i}".encode(), f"10.77.{i % 200}.{i % 250 + 1}", 1 + i % 60_000,
                                text=mdns.GOOD_TEXT + b"\xc8" + b"x" * 200,
                                host=f"f{i}".encode(), ttl=120 if i % 3 else 0)
                   for i in range(5_000)]
        self.tell(*[packet.hex() + " later" for packet in packets], "flood 50000 10")
        self.assertLessEqual(self.ada.discovery()["nearby"], CANDIDATES_MAX)
        self.assert_unharmed()
        self.assert_little_memory()


# Prints the instances of our service that answer on the group, in hexadecimal, for two seconds.
ASK_FOR_NAMES = """
import sys, time
from zeroconf import ServiceBrowser, Zeroconf
class Listener:
    def add_service(self, zeroconf, kind, name):
        print(name[:-len("._lanyard._tcp.local.")].encode().hex(), flush=True)
    def update_service(self, *ignored): pass
    def remove_service(self, *ignored): pass
zeroconf = Zeroconf(interfaces=[sys.argv[1]])
ServiceBrowser(zeroconf, "_lanyard._tcp.local.", Listener())
time.sleep(2)
"""

# Answers every probe for a name of our service with a service of its own.
CLAIM_EVERY_NAME = """
import socket, struct, sys
sys.path.insert(0, sys.argv[1])
import mdns_packets as mdns
heard = mdns.open_sender(sys.argv[2])
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton(mdns.GROUP) + socket.inet_aton(sys.argv[2]))
print("ready", flush=True)
while True:
    packet, (source, _) = heard.recvfrom(9000)
    end = packet.find(b"\\x08_lanyard")
    # The names that an agent takes have 12 letters.
    if source == "10.77.0.1" and not packet[2] & 0x80 and end >= 25 and packet[end - 13] == 12:
        claim = mdns.service(packet[end - 12:end], sys.argv[2], 1, host=b"claimed")
        heard.sendto(claim, (mdns.GROUP, mdns.PORT))
"""


def instance_in(packet):
    """The first label of the service that the PTR record names."""
    at = 12 + len(mdns.encoded(mdns.SERVICE)) + 10
    return packet[at + 1:at + 1 + packet[at]]


if __name__ == "__main__":
    enter()
    unittest.main()
