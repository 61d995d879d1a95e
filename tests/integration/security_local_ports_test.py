#!/usr/bin/env python3
"""What a program of this machine can make an agent take at a compatibility port, where no token is
asked for. What it sends and what that cost the agent are printed."""

import contextlib
import http.client
import json
import socket
import unittest

from bad_input import SANITIZED
from compat_device import RangerplexDevice
from costs import Cost
from rangerplex_client import chat, message

MIB = 1 << 20
BODY = 50 * MIB
CONNECTIONS = 64
CHATS = 100
BROWSERS = 200


class LocalPorts(unittest.TestCase):
    def setUp(self):
        self.device = RangerplexDevice("ada")
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.enable()

    def send_body(self, link, piece=MIB) -> None:
        """Sends a GET with 50 MiB behind it until the agent hears no more."""
        with contextlib.suppress(OSError):
            head = (f"GET /api/chats HTTP/1.1\r\nHost: 127.0.0.1:{self.device.port}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n").encode()
            link.sendall(head)
            for _ in range(BODY // piece):
                link.sendall(bytes(piece))

    def test_bodies_behind_questions_take_no_memory(self):
        self.device.client().post_chat(chat(1))
        cost = Cost(self.device)
        links = []
        for _ in range(CONNECTIONS):
            links.append(socket.create_connection(("127.0.0.1", self.device.port), timeout=60))
            self.addCleanup(links[-1].close)
        for link in links:
            self.send_body(link)
        taken = cost.report("64 questions with 50 MiB behind each")
        self.assertEqual(len(self.device.client().chats()), 1)
        if not SANITIZED:
            self.assertLess(taken["peakBytes"], 40 * MIB)

    def read_chats(self, browser) -> None:
        """As a client of that name."""
        request = (f"GET /api/chats HTTP/1.1\r\nHost: localhost:{self.device.port}\r\n"
                   f"User-Agent: {browser}\r\nConnection: close\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.device.port), timeout=60) as link:
            link.sendall(request)
            answer = http.client.HTTPResponse(link)
            answer.begin()
            self.assertEqual(answer.status, 200)
            self.assertEqual(len(json.loads(answer.read())), CHATS)

    def test_a_new_name_with_every_request_takes_little_of_the_disk(self):
        client = self.device.client()
        for number in range(CHATS):
            client.post_chat(chat(number, message(f"m{number}", "x" * 500)))
        cost = Cost(self.device)
        for number in range(BROWSERS):
            self.read_chats(f"browser/{number}")
        taken = cost.report(f"{BROWSERS} names of clients that read {CHATS} chats")
        self.assertLess(taken["diskBytes"], 16 * MIB)
        self.assertEqual(len(client.chats()), CHATS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
