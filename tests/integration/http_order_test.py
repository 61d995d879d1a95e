#!/usr/bin/env python3
"""Requests behind each other, cut at every byte, and clients that are still sending when they are
answered: every request is answered in its order or not at all, and every answer can be read."""

import socket
import threading
import time
import unittest

from api_device import ApiDevice, ApiTest, record_path
from web_socket import TEXT, Closed, Line, frame

#: Between two pieces, so that they are read one by one. Nothing is wrong where they are not.
PAUSE_S = 0.001
MIB = 1024 * 1024


def answers(port: int, pieces: list[bytes]) -> bytes:
    """All that comes until the agent closes, or nothing more is to come."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard = b""
        try:
            for piece in pieces:
                link.sendall(piece)
                time.sleep(PAUSE_S)
            link.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has closed; what it said is there to read
        while more := link.recv(65536):
            heard += more
        return heard


def statuses(heard: bytes) -> list[tuple[int, bool]]:
    """Of each answer its status, and whether it says that the connection ends."""
    out = []
    while heard:
        head, _, rest = heard.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        out.append((int(head[9:12]), fields.get(b"connection") == b"close"))
        assert head.startswith(b"HTTP/1.1 "), head
        heard = rest[int(fields.get(b"content-length", b"0")):]
    return out


class Order(ApiTest):
    def request(self, line: str, *fields: str, body: bytes = b"") -> bytes:
        head = [line + " HTTP/1.1", f"Host: 127.0.0.1:{self.api.port}", *fields]
        return "\r\n".join([*head, "", ""]).encode() + body

    def test_a_condition_on_two_lines_is_one_list(self):
        known = f"Authorization: Bearer {self.api.token}"
        path = record_path("two-lines")
        tag = self.api.ask("PUT", path, json_body={"n": 1}).headers["etag"]
        for first, second, status in (('"x"', tag, 200), (tag, '"x"', 200), ('"x"', '"y"', 412)):
            with self.subTest(first=first, second=second):
                heard = answers(self.api.port, [self.request(
                    f"GET {path}", known, f"If-Match: {first}", f"If-Match: {second}")])
                self.assertEqual([each for each, _ in statuses(heard)], [status])
        heard = answers(self.api.port, [self.request(
            f"GET {path}", known, 'If-None-Match: "x"', f"If-None-Match: {tag}")])
        self.assertEqual([each for each, _ in statuses(heard)], [304])

    def each_cut(self, whole: bytes):
        yield [whole]
        for at in range(1, len(whole)):
            yield [whole[:at], whole[at:]]

    def test_a_request_behind_one_that_is_answered_at_its_head(self):
        origin = "Origin: http://page.test"
        known = f"Authorization: Bearer {self.api.token}"
        firsts = {
            "404": (404, self.request("GET /nothing")),
            "401": (401, self.request("GET /v1/spaces")),
            "405": (405, self.request("DELETE /healthz")),
            "a preflight": (403, self.request("OPTIONS /v1/spaces", origin,
                                              "Access-Control-Request-Method: GET")),
            "HEAD": (404, self.request("HEAD /nothing", known)),
        }
        second = self.request("GET /healthz")
        for name, (status, first) in firsts.items():
            with self.subTest(name):
                for pieces in self.each_cut(first + second):
                    heard = answers(self.api.port, pieces)
                    if name == "HEAD":
                        self.assertEqual((heard.count(b"HTTP/1.1 404"),
                                          heard.count(b"HTTP/1.1 200")), (1, 1))
                    else:
                        self.assertEqual(statuses(heard), [(status, False), (200, False)])

    def test_a_body_that_nobody_wants_is_never_read_as_a_request(self):
        inner = self.request("GET /healthz")
        for line in ("POST /nothing", "POST /healthz", "POST /v1/spaces"):
            first = self.request(line, "Content-Type: application/json",
                                 f"Content-Length: {len(inner)}", body=inner)
            with self.subTest(line):
                for pieces in self.each_cut(first + inner):
                    heard = statuses(answers(self.api.port, pieces))
                    self.assertEqual(len(heard), 1, heard)
                    self.assertGreaterEqual(heard[0][0], 400)
                    self.assertTrue(heard[0][1], "it does not say that it closes")

    def test_empty_lines_before_a_request_are_passed_over(self):
        one = self.request("GET /healthz")
        put = self.request("PUT /v1/spaces/default/collections/c/records/k",
                           f"Authorization: Bearer {self.api.token}",
                           "Content-Type: application/json", "Content-Length: 2", body=b"{}")
        for whole, count in ((b"\r\n" + one, 1), (put + b"\r\n" + one, 2),
                             (b"\r\n\r\n" + one + b"\r\n", 1)):
            for pieces in self.each_cut(whole):
                self.assertEqual([status for status, _ in statuses(
                    answers(self.api.port, pieces))], [200] * count)
        self.assertEqual(statuses(answers(self.api.port, [b"\r\n" * 50 + one])), [(400, True)])


class Goodbye(ApiTest):
    def test_an_answer_can_be_read_while_the_body_is_still_being_sent(self):
        for path, status in (("/v1/spaces/default/changes", 413), ("/nothing", 404)):
            with self.subTest(path), socket.create_connection(
                    ("127.0.0.1", self.api.port), timeout=60) as link:
                link.sendall((f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.api.port}\r\n"
                              f"Authorization: Bearer {self.api.token}\r\n"
                              "Content-Type: application/json\r\n"
                              f"Content-Length: {64 * MIB}\r\n\r\n").encode())
                for _ in range(64):
                    link.sendall(b" " * MIB)
                heard = b""
                while piece := link.recv(65536):
                    heard += piece
                self.assertEqual(statuses(heard), [(status, True)])

    def close_of(self, line: Line) -> int:
        """The code of the close frame; behind it comes the end, and no reset."""
        try:
            while True:
                line.message()
        except Closed as end:
            self.assertEqual(line.buffer + line.socket.recv(1), b"")
            return end.code

    def test_the_close_after_a_message_that_is_too_large_can_be_read(self):
        sizes = {"a byte more": [frame(TEXT, b"x" * (4 * MIB + 1))],
                 "much more": [frame(TEXT, b"x" * (32 * MIB))],
                 "in parts": [frame(TEXT, b"x" * MIB, fin=False)] +
                             [frame(0, b"x" * MIB, fin=False)] * 8}
        for name, pieces in sizes.items():
            with self.subTest(name), Line(self.api.port) as line:
                line.sign_in(self.api.token)
                for piece in pieces:
                    line.raw(piece)
                self.assertEqual(self.close_of(line), 1009)

    def test_who_is_sent_away_while_sending_can_read_why(self):
        for name, code, first in (("a token that is none", 1008,
                                   '{"type":"auth","token":"lanyard_x"}'),
                                  ("no UTF-8", 1007, None)):
            with self.subTest(name), Line(self.api.port) as line:
                line.raw(frame(TEXT, first.encode() if first else b"\xff"))
                for _ in range(16):
                    line.raw(frame(TEXT, b'"' + b"x" * MIB + b'"'))
                self.assertEqual(self.close_of(line), code)

    def test_who_does_not_say_who_it_is_is_told_so(self):
        with Line(self.api.port) as line:
            self.assertEqual(self.close_of(line), 1008)

    def test_a_head_that_does_not_go_on_is_told_so(self):
        with socket.create_connection(("127.0.0.1", self.api.port), timeout=60) as link:
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
            self.assertTrue(link.recv(65536).startswith(b"HTTP/1.1 408 "))


class Places(unittest.TestCase):
    def test_those_that_are_sent_away_keep_nobody_out(self):
        device = ApiDevice()
        self.addCleanup(device.close)
        device.start()
        api = device.api()
        stop = threading.Event()

        def refused(link):
            """Goes on sending the body of a request that was answered long ago."""
            try:
                link.sendall(f"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
                             "Content-Length: 1000000\r\n\r\n".encode())
                while not stop.wait(0.5):
                    link.sendall(b"x")
            except OSError:
                pass

        links = [socket.create_connection(("127.0.0.1", api.port), timeout=60)
                 for _ in range(256)]
        threads = [threading.Thread(target=refused, args=(link,)) for link in links]
        for thread in threads:
            thread.start()
        for link in links:
            self.assertTrue(link.recv(1))
        self.assertEqual(api.ask("GET", "/healthz").status, 200)
        stop.set()
        for thread, link in zip(threads, links):
            thread.join()
            link.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
