#!/usr/bin/env python3
"""Large requests at once: what they may take of the agent's memory, and who waits for whom."""

import http.client
import json
import socket
import unittest
from collections import Counter

from api_device import ApiTest, record_path
from lanyard_process import wait_until
from large_requests import WITHIN_S, ask
from web_socket import CLOSE, Line, frame

TAKEN_MAX = 8 << 20  # the largest body of the API


class BodyThatStops:
    """A request whose body is begun and does not end."""

    def __init__(self, test, path="/v1/spaces/default/changes", kind="application/json",
                 length=TAKEN_MAX, begun=b'{"ops":['):
        self.socket = socket.create_connection(("127.0.0.1", test.api.port), timeout=WITHIN_S)
        test.addCleanup(self.socket.close)
        self.socket.sendall((
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{test.api.port}\r\n"
            f"Authorization: Bearer {test.api.token}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {length}\r\n\r\n").encode() + begun)

    def answer(self):
        said = http.client.HTTPResponse(self.socket)
        said.begin()
        return said.status, dict(said.getheaders()), said.read()


class ManyBodies(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.device.api("--all-spaces", "--write")

    def changed(self, key, more=""):
        body = more + json.dumps({"ops": [{"op": "put", "collection": "c", "key": key,
                                    "value": {"t": "x" * 200_000}}]})
        return ask(self.api.port, "POST", "/v1/spaces/default/changes", body, self.api.token)

    def test_bodies_that_stop_lose_their_memory_to_one_that_comes(self):
        held = [BodyThatStops(self) for _ in range(4)]
        self.assertEqual(self.api.put(record_path("small"), {"n": 1})["value"], {"n": 1})
        self.assertEqual(self.changed("beside")[0], 200, "what is not large does not wait for them")
        self.assertEqual(self.changed("behind", " " * (4 << 20))[0], 200)
        self.assertEqual(self.api.get(record_path("behind", "c"))["value"], {"t": "x" * 200_000})
        statuses = [each.answer()[0] for each in held[:2]]
        self.assertEqual(statuses, [408, 408], "those that had memory and did not use it")

    def test_who_waits_leaves_places_for_small_requests_and_further_ones_hear_so(self):
        held = [BodyThatStops(self) for _ in range(200)]
        refused = held[-1].answer()
        self.assertEqual((refused[0], json.loads(refused[2])["code"]), (503, "LY-W014"))
        self.assertEqual(ask(self.api.port, "GET", "/healthz")[0], 200)
        self.assertEqual(self.api.put(record_path("small"), {"n": 2})["value"], {"n": 2})
        for each in held:
            each.socket.close()
        self.assertEqual(self.changed("after")[0], 200)

    def test_lines_go_on_in_small_batches_while_others_hold_all_memory(self):
        line = json.dumps({"op": "put", "collection": "lines", "key": "K",
                           "value": {"t": "x" * 30_000}})
        held = [BodyThatStops(self) for _ in range(2)]
        lines = "\n".join(line.replace('"K"', f'"{number}"') for number in range(40))
        answer = self.api.ask("POST", "/v1/spaces/default/changes", body=lines.encode(),
                              headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual((answer.status, answer.json["applied"]), (200, 40))
        long = json.dumps({"op": "put", "collection": "lines", "key": "long",
                           "value": {"t": "Q" * 200_000}}).replace("Q", "\\u0061")
        answer = self.api.ask("POST", "/v1/spaces/default/changes", body=long.encode(),
                              headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.api.get(record_path("long", "lines"))["value"], {"t": "a" * 200_000})
        del held

    def test_a_message_that_stops_loses_its_memory_and_is_told_to_come_again(self):
        lines = []
        for _ in range(8):
            line = Line(self.api.port)
            self.addCleanup(line.close)
            line.text({"type": "auth", "token": self.api.token})
            line.heard("status")
            whole = frame(0x1, b" " * (4 << 20))
            line.socket.sendall(whole[:200_000])
            lines.append(line)
        self.assertEqual(self.changed("beside")[0], 200)
        self.assertEqual(closed_with(lines[0]), 1013)

    def test_answers_that_nobody_reads_do_not_pile_up(self):
        for number in range(40):
            self.api.put(record_path(f"{number}", "wide"), {"t": "x" * 100_000})
        path = "/v1/spaces/default/collections/wide/records?limit=40"
        silent = []
        for _ in range(60):
            one = socket.socket()
            self.addCleanup(one.close)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", self.api.port))
            one.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.api.port}\r\n"
                         f"Authorization: Bearer {self.api.token}\r\n\r\n").encode())
            silent.append(one)
        self.assertEqual(ask(self.api.port, "GET", "/healthz")[0], 200)
        wait_until("there is room again", lambda: ask(
            self.api.port, "GET", path, token=self.api.token)[0] == 200)
        told = Counter()
        for one in silent:
            one.settimeout(WITHIN_S)
            told[one.recv(12)] += 1
        self.assertGreater(told[b"HTTP/1.1 503"], 0, told)


def closed_with(line):
    """The code of the close that comes; nothing: the line went without one."""
    try:
        while True:
            first, payload = line.frame()
            if first & 0x0F == CLOSE:
                return int.from_bytes(payload[:2], "big")
    except (OSError, EOFError, ConnectionError):
        return None


if __name__ == "__main__":
    unittest.main()
