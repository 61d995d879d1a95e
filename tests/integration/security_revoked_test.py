#!/usr/bin/env python3
"""A token that is revoked or expires, and a session that ends, in the middle of what goes on: an
upload, an export, a request whose body is slow, a line on /v1/live."""

import http.client
import json
import socket
import time
import unittest
from urllib.parse import urlsplit

from api import Api
from costs import AttackTest
from lanyard_process import Device, free_port
from web_socket import Closed, Line

LINES = "application/x-ndjson"
CHANGES = "/v1/spaces/notes/changes"
RECORDS = "/v1/spaces/notes/collections/n/records"


def line_of(number, text=""):
    return json.dumps({"op": "put", "collection": "n", "key": f"k{number:06}",
                       "value": {"text": text}}).encode() + b"\n"


class Upload:
    """A POST of lines of which more can always come."""

    def __init__(self, port, token, origin=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        origin_line = f"Origin: {origin}\r\n" if origin else ""
        self.socket.sendall(
            f"POST {CHANGES} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{origin_line}"
            f"Authorization: Bearer {token}\r\nContent-Type: {LINES}\r\nAccept: {LINES}\r\n"
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n".encode())
        asked = self.socket.recv(65536)  # who asks is known now
        assert asked.startswith(b"HTTP/1.1 100 "), asked
        self.heard = b""

    def send(self, lines):
        data = b"".join(lines)
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def messages(self):
        """What was answered so far: a line each, of whole chunks."""
        return [json.loads(each) for each in self.heard.split(b"\r\n")
                if each.startswith(b"{")]

    def receive(self):
        piece = self.socket.recv(65536)
        self.heard += piece
        return piece

    def wait_for(self, count):
        while len(self.messages()) < count:
            if not self.receive():
                raise AssertionError(f"it ended: {self.heard!r}")
        return self.messages()

    def wait_for_end(self):
        try:
            while self.receive():
                pass
        except ConnectionError:
            pass
        self.socket.close()
        return self.messages()


class Revoked(AttackTest):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.ok("space", "create", "notes")
        self.port = self.device.info["apiPort"]
        self.own = Api(self.port, self.token("own"))

    def token(self, app, **more):
        return self.device.call("token.create", app=app, spaces=["notes"], write=True,
                                **more)["token"]

    def revoke(self, app):
        self.device.ok("token", "revoke", app, "--yes")

    def count(self):
        return self.own.get("/v1/spaces/notes/collections/n/count")["count"]

    def assert_refused(self, problem, says):
        self.assertEqual((problem.get("status"), problem.get("code")), (401, "LY-W005"), problem)
        self.assertIn(says, problem["why"])

    def test_an_upload_writes_nothing_more_and_says_what_was_stored(self):
        upload = Upload(self.port, self.token("bulk"))
        upload.send(line_of(number) for number in range(1500))
        self.assertEqual(upload.wait_for(1)[0]["applied"], 1000)
        self.revoke("bulk")
        try:
            for start in range(1500, 4500, 500):
                upload.send(line_of(number) for number in range(start, start + 500))
        except ConnectionError:
            pass  # it has been told already
        *_, last = upload.wait_for_end()
        self.assert_refused(last, "revoked")
        self.assertIn("up to line 1000 is stored", last["fix"])
        self.assertEqual(self.count(), 1000)

    def test_an_upload_that_waits_for_its_client_ends_with_its_token(self):
        for app, more, says in (("bulk", {}, "revoked"), ("brief", {"expiresInS": 15}, "expired")):
            with self.subTest(app):
                upload = Upload(self.port, self.token(app, **more))
                upload.send([line_of(1)])
                if not more:
                    self.revoke(app)
                last, = upload.wait_for_end()
                self.assert_refused(last, says)
                self.assertIn("Nothing was stored", last["fix"])
                self.assertEqual(self.count(), 0)

    def test_an_export_reads_nothing_more_and_has_no_end(self):
        text = "x" * 3000
        for start in range(0, 8000, 2000):
            lines = b"".join(line_of(number, text) for number in range(start, start + 2000))
            self.own.ask("POST", CHANGES, lines, headers={"Content-Type": LINES})
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        link.connect()
        # What is on its way when the token goes is little of it all.
        link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        link.request("GET", RECORDS, headers={
            "Authorization": f"Bearer {self.token('reader')}", "Accept": LINES})
        answer = link.getresponse()
        self.assertEqual(answer.status, 200)
        answer.read(100)
        self.revoke("reader")
        with self.assertRaises(http.client.IncompleteRead) as cut:
            answer.read()
        link.close()
        lines = cut.exception.partial.splitlines()
        print(f"report: {len(lines)} of 8000 records of an export were on their way")
        self.assertLess(len(lines), 7000)
        self.assert_refused(json.loads(lines[-1]), "revoked")

    def test_a_body_that_came_slowly_is_refused_at_its_end(self):
        body = b'{"text": "late"}'
        head = (f"PUT {RECORDS}/late HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"Authorization: Bearer {self.token('slow')}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"
                "Connection: close\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as link:
            link.sendall(head)
            self.assertTrue(link.recv(65536).startswith(b"HTTP/1.1 100 "))  # who asks is known now
            link.sendall(body[:5])
            self.revoke("slow")
            link.sendall(body[5:])
            heard = b""
            while piece := link.recv(65536):
                heard += piece
        self.assertTrue(heard.startswith(b"HTTP/1.1 401 "), heard)
        self.assertEqual(self.count(), 0)

    def test_a_body_that_came_slowly_is_refused_at_a_compatibility_port_too(self):
        port = free_port()
        self.device.ok("compat", "enable", "chatsync", "--port", str(port))
        token = self.device.call("token.create", app="chat", user="ann")["token"]
        body = b'{"chats": [{"id": "c1", "title": "late", "messages": []}]}'
        head = (f"POST /api/sync/upload HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"
                "Connection: close\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", port), timeout=120) as link:
            link.sendall(head)
            self.assertTrue(link.recv(65536).startswith(b"HTTP/1.1 100 "))
            self.revoke("chat")
            link.sendall(body)
            heard = b""
            while piece := link.recv(65536):
                heard += piece
        self.assertTrue(heard.startswith(b"HTTP/1.1 401 "), heard)

    def test_a_line_ends_at_the_moment_its_token_expires(self):
        with Line(self.port) as line:
            line.sign_in(self.token("brief", expiresInS=20))
            line.text({"type": "subscribe", "id": "a", "space": "notes"})
            line.heard("snapshot", id="a")
            self.own.put(f"{RECORDS}/1", {"text": "in time"})
            line.heard("change", id="a")
            line.text({"type": "subscribe", "id": "s", "status": True})
            # Nobody says or changes anything: the agent sees to it by itself.
            with self.assertRaises(Closed) as end:
                while True:
                    line.message()
            self.assertEqual((end.exception.code, end.exception.reason),
                             (1008, "the token has expired"))

    def test_a_line_ends_when_its_token_is_revoked(self):
        with Line(self.port) as line:
            line.sign_in(self.token("page"))
            self.revoke("page")
            with self.assertRaises(Closed) as end:
                while True:
                    line.message()
            self.assertEqual(end.exception.code, 1008)
            self.assertIn("revoked", end.exception.reason)

    def test_what_a_signed_in_page_does_ends_with_its_session(self):
        url = urlsplit(self.device.call("ui.open")["url"])
        origin = f"http://{url.netloc}"
        page = Api(self.port, described=self.own.described, origin=origin)
        page.token = page.post("/v1/session", {"secret": url.fragment.split("=")[1]})["token"]
        upload = Upload(self.port, page.token, origin)
        upload.send([line_of(1)])
        with Line(self.port, origin=origin) as line:
            line.sign_in(page.token)
            self.assertEqual(page.ask("DELETE", "/v1/session").status, 204)
            self.assertEqual(line.closed(), 1008)
        last, = upload.wait_for_end()
        self.assert_refused(last, "not known here")
        self.assertEqual(self.count(), 0)


if __name__ == "__main__":
    unittest.main()
