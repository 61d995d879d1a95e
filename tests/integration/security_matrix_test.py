#!/usr/bin/env python3
"""Who may speak to the local API (docs/SECURITY.md): Host, Origin, method, content type,
Sec-Fetch-Site and token, in thousands of combinations, each sent byte by byte to a real agent.

What is expected is worked out here from the rules, row by row; and what was refused must have left
no trace: at the end exactly the records exist that a permitted row wrote.
"""

import itertools
import random
import socket
import time
import unittest
from typing import NamedTuple

from api import Api, send_raw
from api_device import ApiTest
from costs import AttackTest

ROWS = 6000
REGISTERED = "http://page.test:5173"
METHODS = ("GET", "PUT", "PATCH", "DELETE", "POST")
TYPES = ("application/json", None, "text/plain", "application/x-www-form-urlencoded",
         "multipart/form-data; boundary=x", "text/plain; application/json", "", "application/jsonx")
SITES = (None, "same-origin", "same-site", "cross-site", "none", "nonsense")
TOKENS = ("writer", "none", "wrong", "malformed", "expired", "revoked", "other space", "reader",
          "page's")


class Row(NamedTuple):
    host: str
    origin: str | None
    method: str
    type: str | None
    site: str | None
    token: str


def hosts(port: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    good = (f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost:{port}")
    bad = ("evil.com", f"evil.com:{port}", f"localhost.evil.com:{port}",
           f"127.0.0.1.nip.io:{port}", f"0.0.0.0:{port}", f"2130706433:{port}", f"127.1:{port}",
           "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}", f"localhost.:{port}", "",
           f"page.test:{port}")
    return good, bad


def origins(port: int) -> tuple[str | None, ...]:
    return (None, REGISTERED, f"http://127.0.0.1:{port}", "null", "http://page.test:5174",
            "https://page.test:5173", "http://page.test", "http://evil.com",
            f"http://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port}", "",
            f"{REGISTERED}.evil.com")


def expected(row: Row, port: int) -> int:
    """The status that the rules give, in the order in which a request is looked at."""
    good, _ = hosts(port)
    reads = row.method == "GET"
    if row.host not in good:
        return 421
    if row.origin is not None and row.origin not in (REGISTERED, f"http://127.0.0.1:{port}"):
        return 403
    asked_first = row.origin is not None
    allowed_sites = {None: True, "same-origin": True, "none": reads,
                     "same-site": asked_first, "cross-site": asked_first, "nonsense": False}
    if not allowed_sites[row.site]:
        return 403
    has_body = row.method in ("PUT", "PATCH", "POST")
    if (has_body or row.type is not None) and row.type != "application/json":
        return 415
    valid = {"writer": row.origin is None, "reader": row.origin is None,
             "other space": row.origin is None, "page's": row.origin == REGISTERED}
    if not valid.get(row.token, False):
        return 401
    if row.token == "other space":
        return 404
    if row.token == "reader" and not reads:
        return 403
    return 404 if row.method == "DELETE" else 200  # nobody deletes what is not there


class Matrix(AttackTest, ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = cls.api.port
        cls.device.ok("space", "create", "elsewhere")
        cls.api.put("/v1/spaces/default/collections/seen/records/canary", {"canary": "seen"})
        make = cls.device.control.call
        cls.tokens = {
            "writer": cls.api.token, "none": None, "wrong": "lanyard_" + "A" * 43,
            "malformed": "Basic dXNlcjpwYXNz", "other space": cls.device.api(
                "--space", "elsewhere", "--write").token,
            "reader": cls.device.api("--space", "default").token,
            "page's": cls.device.api("--space", "default", "--write", origin=REGISTERED).token,
            "expired": make("token.create", app="short", spaces=["default"], write=True,
                            expiresInS=1)["token"],
        }
        gone = make("token.create", app="gone", spaces=["default"], write=True)
        make("token.revoke", token=gone["id"])
        cls.tokens["revoked"] = gone["token"]
        time.sleep(1.1)  # the short one has expired

    def rows(self) -> list[Row]:
        good, bad = hosts(self.port)
        usual = Row(good[0], None, "GET", None, None, "writer")
        choices = (good + bad, origins(self.port), METHODS, TYPES, SITES, TOKENS)
        whole = itertools.product(*choices)
        some = random.Random(7).sample([Row(*each) for each in whole], ROWS - 3000)
        # Mostly right in all but one or two, where a mistake would let somebody in.
        near = []
        chance = random.Random(8)
        while len(near) < 3000:
            method = chance.choice(METHODS)
            row = usual._replace(method=method, host=chance.choice(good),
                                 type=None if method in ("GET", "DELETE") else TYPES[0])
            if chance.random() < 0.3:
                row = row._replace(origin=REGISTERED, token="page's",
                                   site=chance.choice(("cross-site", None)))
            for field in chance.sample(range(6), chance.randrange(3)):
                row = row._replace(**{Row._fields[field]: chance.choice(choices[field])})
            near.append(row)
        return some + near

    def send(self, row: Row, key: str) -> bytes:
        path = f"/v1/spaces/default/collections/written/records/{key}"
        body = b'{"written":true}'
        if row.method == "GET":
            path = "/v1/spaces/default/collections/seen/records/canary"
        elif row.method == "POST":
            path = "/v1/spaces/default/changes"
            body = (b'{"ops":[{"op":"put","collection":"written","key":"%s","value":{}}]}' %
                    key.encode())
        head = [f"{row.method} {path} HTTP/1.1", f"Host: {row.host}", "Connection: close"]
        for name, value in (("Origin", row.origin), ("Sec-Fetch-Site", row.site),
                            ("Content-Type", row.type)):
            if value is not None:
                head.append(f"{name}: {value}")
        token = self.tokens[row.token]
        if token:
            head.append(f"Authorization: {'' if ' ' in token else 'Bearer '}{token}")
        if row.method in ("PUT", "PATCH", "POST"):
            head.append(f"Content-Length: {len(body)}")
        else:
            body = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            heard = b""
            while piece := link.recv(65536):
                heard += piece
        return heard

    def test_matrix(self):
        written, counts = set(), {}
        for number, row in enumerate(self.rows()):
            key = f"row-{number}"
            heard = self.send(row, key)
            status = int(heard[9:12])
            with self.subTest(row=row):
                self.assertEqual(status, expected(row, self.port), heard[:600])
                self.check_headers(row, status, heard)
            counts[status] = counts.get(status, 0) + 1
            if status == 200 and row.method != "GET":
                written.add(key)
        lines = self.api.ask("GET", "/v1/spaces/default/collections/written/records",
                             headers={"Accept": "application/x-ndjson"}).lines
        self.assertEqual({each["key"] for each in lines}, written)
        self.assertGreater(len(written), 50)
        print(f"report: {sum(counts.values())} rows of Host, Origin, method, type, site and token:"
              f" {dict(sorted(counts.items()))}")

    def check_headers(self, row: Row, status: int, heard: bytes) -> None:
        head = heard.split(b"\r\n\r\n")[0].lower()
        for field in (b"x-content-type-options: nosniff", b"cache-control: no-store",
                      b"frame-ancestors 'none'", b"cross-origin-resource-policy: same-origin"):
            self.assertIn(field, head)
        self.assertNotIn(b"access-control-allow-origin: *", head)
        self.assertNotIn(b"set-cookie", head)
        if row.origin not in (REGISTERED, f"http://127.0.0.1:{self.port}"):
            self.assertNotIn(b"access-control-allow-origin", head)
        if status != 200:
            self.assertNotIn(b"canary", heard)
            self.assertIn(b"content-type: application/problem+json", head)

    def test_preflights(self):
        good, bad = hosts(self.port)
        rows = 0
        for host, origin in itertools.product(good + bad, origins(self.port)):
            head = (f"OPTIONS /v1/spaces HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                    "Access-Control-Request-Method: POST\r\n"
                    "Access-Control-Request-Headers: authorization\r\n")
            if origin is not None:
                head += f"Origin: {origin}\r\n"
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
                link.sendall(head.encode() + b"\r\n")
                heard = b""
                while piece := link.recv(65536):
                    heard += piece
            known = origin in (REGISTERED, f"http://127.0.0.1:{self.port}")
            wanted = (421 if host not in good else 405 if origin is None else
                      204 if known else 403)
            with self.subTest(host=host, origin=origin):
                self.assertEqual(int(heard[9:12]), wanted)
                self.assertEqual(b"Access-Control-Allow-Origin" in heard,
                                 known and host in good)
            rows += 1
        print(f"report: {rows} preflights")

    def test_strangers(self):
        """Pages that nobody knows ask for access and hear the answer, and reach nothing else: every
        path, with every method, with and without a token, as a request and as a preflight."""
        known = (REGISTERED, f"http://127.0.0.1:{self.port}")
        nobody = ("null", "", f"{REGISTERED}.evil.com")  # what no browser calls a page
        strangers = [origin for origin in origins(self.port)
                     if origin and origin not in (*known, *nobody)]
        paths = [path.format(space="default", collection="seen", key="canary", id="00000000",
                             field="canary")
                 for path in self.api.described.document["paths"]] + ["/v1/apps", "/v1/nothing"]
        methods = (*METHODS, "HEAD", "OPTIONS", "TRACE")
        good, bad = hosts(self.port)
        counts = {}
        for origin, method, path, token in itertools.product(
                (*strangers, *nobody), methods, paths, (None, "writer", "page's")):
            host = random.Random(f"{path} {method} {token}").choice(good * 13 + bad)
            may_ask = origin in strangers and (method, path) in (
                ("POST", "/v1/apps/requests"), ("GET", "/v1/apps/requests/00000000"))
            asked = {"POST": 400, "GET": 404}.get(method)  # of nothing, and for no such request
            wanted = 421 if host not in good else asked if may_ask else 403
            head = f"Host: {host}\r\nOrigin: {origin}\r\nConnection: close\r\n"
            if token:
                head += f"Authorization: Bearer {self.tokens[token]}\r\n"
            body = "{}" if method in ("PUT", "PATCH", "POST") else ""
            if body:
                head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            heard = send_raw(self.port, f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
            with self.subTest(origin=origin, method=method, path=path, token=token, host=host):
                self.assertEqual(int(heard[9:12]), wanted)
                self.assertEqual(b"Access-Control" in heard, wanted in (400, 404))
                self.assertNotIn(b"canary", heard)
            counts[wanted] = counts.get(wanted, 0) + 1
        print(f"report: {sum(counts.values())} rows of pages that nobody knows: "
              f"{dict(sorted(counts.items()))}")

    def test_a_get_changes_nothing(self):
        before = self.api.get("/v1/spaces/default")["changes"]
        description = Api(self.port).described.document
        everything = self.device.person(self.api.described)
        asked = 0
        for path, operations in description["paths"].items():
            if "get" not in operations or path == "/v1/live":
                continue
            target = path.format(space="default", collection="seen", key="canary", id="c-0000")
            if path == "/v1/proof":
                target += "?nonce=" + "A" * 43
            for method in ("GET", "HEAD"):
                self.assertIn(everything.ask(method, target).status, (200, 404))
                asked += 1
        self.assertEqual(self.api.get("/v1/spaces/default")["changes"], before)
        self.assertGreater(asked, 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
