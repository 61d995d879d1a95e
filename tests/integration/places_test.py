#!/usr/bin/env python3
"""More connections than a port has places for: who has a request on its way keeps its place, who
has just come gets one or waits, and only idle connections give way."""

import socket
import threading
import unittest

from compat_device import RangerplexDevice

PLACES = 64
REQUEST = b"GET /api/health HTTP/1.1\r\nHost: localhost:%d\r\n\r\n"


class Places(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.device = RangerplexDevice()
        cls.addClassCleanup(cls.device.close)
        cls.device.start()
        cls.device.enable()

    def connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.device.port), timeout=60)
        self.addCleanup(link.close)
        return link

    @property
    def request(self) -> bytes:
        return REQUEST % self.device.port

    def answer(self, link: socket.socket) -> bytes:
        """The next one, whole; empty if the connection has ended."""
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = link.recv(65536)
            if not more:
                return heard
            heard += more
        head, _, body = heard.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            body += link.recv(65536)
        return head + body

    def test_everyone_who_comes_at_once_is_answered(self):
        links = [self.connect() for _ in range(2 * PLACES)]
        for link in links:
            link.sendall(self.request)
        for link in links:
            self.assertTrue(self.answer(link).startswith(b"HTTP/1.1 200"))

    def test_requests_on_their_way_keep_their_places_and_the_rest_wait(self):
        begun = [self.connect() for _ in range(PLACES)]
        body = b'{"id":"c%d","title":"t","messages":[],"createdAt":1,"updatedAt":2}'
        for at, link in enumerate(begun):
            whole = body % at
            link.sendall(b"POST /api/sync/chat HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: "
                         b"application/json\r\nContent-Length: %d\r\n\r\n"
                         % (self.device.port, len(whole)) + whole[:10])
        late = [self.connect() for _ in range(8)]
        for link in late:
            link.sendall(self.request)
        late[0].settimeout(0.5)
        with self.assertRaises(TimeoutError):
            late[0].recv(1)
        late[0].settimeout(60)
        for at, link in enumerate(begun):
            link.sendall((body % at)[10:])
            self.assertTrue(self.answer(link).startswith(b"HTTP/1.1 200"))
        for link in late:
            self.assertTrue(self.answer(link).startswith(b"HTTP/1.1 200"))

    def test_who_waits_is_let_in_by_answers_that_say_they_are_the_last(self):
        heard = []

        def many(link: socket.socket) -> None:
            left = 20
            while left > 0:
                try:
                    link.sendall(self.request)
                    answer = self.answer(link)
                except ConnectionError:
                    answer = b""
                if answer:  # an idle connection may end as its client begins to speak: once more
                    heard.append(answer)
                    left -= 1
                if not answer or b"onnection: close" in answer:
                    link.close()
                    link = self.connect()

        threads = [threading.Thread(target=many, args=(self.connect(),))
                   for _ in range(PLACES + 16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({each[:12] for each in heard}, {b"HTTP/1.1 200"})
        self.assertEqual(len(heard), 20 * len(threads))

    def test_idle_connections_give_way_the_longest_first(self):
        idle = [self.connect() for _ in range(PLACES)]
        for link in idle:
            link.sendall(self.request)
            self.answer(link)
        fresh = self.connect()
        fresh.sendall(self.request)
        self.assertTrue(self.answer(fresh).startswith(b"HTTP/1.1 200"))
        self.assertEqual(idle[0].recv(1), b"")
        idle[-1].sendall(self.request)
        self.assertTrue(self.answer(idle[-1]).startswith(b"HTTP/1.1 200"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
