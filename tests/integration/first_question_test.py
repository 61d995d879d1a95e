#!/usr/bin/env python3
"""An agent that speaks mDNS itself asks before Avahi's core does: once on each interface, and the
answer reaches the core, also one that comes to this host alone."""

import queue
import sys
import threading
import unittest

import mdns_packets as mdns
from discovery_hosts import Network, enter
from lanyard_process import wait_until

ADA, EVE = "10.77.0.1", "10.77.0.3"
# "PTR _lanyard._tcp.local?", and the answer may come to the one who asks alone: Avahi never asks
# for that, other than in probes, which are of type ANY.
QUESTION = (mdns.encoded(mdns.SERVICE) + b"\0\x0c\x80\x01").hex()
# What is heard at the group, "4" or "6", the sender, the packet. Each argument is QUESTION:ANSWER:
# a packet that holds the one is answered with the other, to its sender alone.
LISTENER = """
import select, socket, struct, sys
answers = [tuple(map(bytes.fromhex, pair.split(":"))) for pair in sys.argv[1:]]
sockets = {}
for family, name in ((socket.AF_INET, "4"), (socket.AF_INET6, "6")):
    each = socket.socket(family, socket.SOCK_DGRAM)
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    index = socket.if_nametoindex("eth0")
    if name == "4":
        each.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        group = socket.inet_aton("224.0.0.251") + struct.pack("=4si", bytes(4), index)
        each.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    else:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        group = socket.inet_pton(family, "ff02::fb") + struct.pack("=i", index)
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    each.bind(("", 5353))
    sockets[each] = name
print("ready", flush=True)
while True:
    for each in select.select(list(sockets), [], [])[0]:
        packet, sender = each.recvfrom(9000)
        for question, answer in answers:
            if sockets[each] == "4" and question in packet:
                each.sendto(answer, sender)
        print(sockets[each], sender[0], sender[1], packet.hex(), flush=True)
"""


class FirstQuestion(unittest.TestCase):
    def listen(self, *answers, daemon=False):
        """One host with an agent to be started, and one that hears the group."""
        network = Network(self, "ada", "pi", "eve")
        self.ada, _, eve = network.hosts
        if daemon:
            self.ada.start_daemon()
        process = eve.popen_sender(sys.executable, "-c", LISTENER,
                                    *[f"{question}:{answer.hex()}" for question, answer in answers])
        self.assertEqual(process.stdout.readline(), "ready\n")
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in process.stdout],
                         daemon=True).start()
        self.lines, self.heard = lines, []
        wait_until("the address of IPv6 may be used", lambda: "tentative" not in self.ada.run(
            ["ip", "-6", "address", "show", "dev", "eth0"]).stdout)
        self.ada.agent.start("--sync-port", "7761")

    def packets(self, family):
        """All that ada said to the group so far, in hexadecimal."""
        while not self.lines.empty():
            self.heard.append(self.lines.get().split())
        own = [line for line in self.heard if line[0] == family
               and (family == "6" or line[1] == ADA)]
        self.assertEqual({line[2] for line in own} - {"5353"}, set())
        return [line[3] for line in own]

    def questions(self, family):
        return [packet for packet in self.packets(family) if QUESTION in packet]

    def await_announced(self, count=1):
        """Avahi says that our service is there: PTR, in an answer."""
        def announcements(family):
            return [packet for packet in self.packets(family)
                    if packet[4:6] == "84" and mdns.encoded(mdns.SERVICE[:2])[:-1].hex() in packet]
        wait_until("the service is announced", lambda: all(
            len(announcements(family)) >= count for family in "46"))

    def test_it_is_asked_once_and_before_all_else(self):
        self.listen()
        self.ada.await_state("embedded")
        self.await_announced()
        for family in "46":
            with self.subTest(family):
                self.assertIn(QUESTION, self.packets(family)[0])
                self.assertEqual(len(self.questions(family)), 1)
        # The core asks too, as if nobody had: what was not heard the first time is heard then.
        plain = QUESTION[:-4] + "0001"
        self.assertTrue([each for each in self.packets("4") if plain in each])

    def test_the_answer_to_this_host_alone_reaches_the_core(self):
        self.listen((QUESTION, mdns.service(b"alone", EVE)))
        self.ada.await_nearby(1)

    def test_what_the_answer_left_out_is_asked_for_in_the_same_way(self):
        name = mdns.encoded((b"alone", *mdns.SERVICE))
        about = (name + b"\0\xff\x80\x01").hex()
        self.listen((QUESTION, mdns.response(mdns.record(mdns.SERVICE, mdns.PTR, name))),
                    (about, mdns.service(b"alone", EVE)))
        self.ada.await_nearby(1)
        self.assertEqual(len([packet for packet in self.packets("4") if about in packet]), 1)

    def test_it_is_asked_again_where_an_interface_comes(self):
        self.listen()
        self.await_announced()
        self.ada.ip("link", "set", "eth0", "down")
        self.ada.await_state("degraded")
        self.ada.ip("link", "set", "eth0", "up")
        self.ada.await_state("embedded")
        wait_until("it is asked once more", lambda: len(self.questions("4")) > 1)
        self.await_announced(count=2)
        self.assertEqual(len(self.questions("4")), 2)

    def test_a_daemon_asks_for_itself(self):
        self.listen(daemon=True)
        self.ada.await_state("daemon")
        self.await_announced()
        self.assertEqual(self.questions("4") + self.questions("6"), [])


if __name__ == "__main__":
    enter()
    unittest.main()
