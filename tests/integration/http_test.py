#!/usr/bin/env python3
"""HTTP as no library sends it, bodies that are no good, and crowds, against the local API."""

import http.client
import json
import socket
import threading
import unittest
from urllib.parse import quote

from api import ApiError, send_raw
from api_device import RECORDS, ApiDevice, ApiTest, record_path
from web_socket import Line


#: Every construct of RFC 8259.
GOOD_JSON = (b'{"a":[1,-0.5e+10,true,false,null,"x\\n\\u00e4\\ud83d\\ude00",{"b":{}},[]],'
             b'"\xc3\xa4":"\xf0\x9f\x98\x80"}')


def bad_json() -> list[bytes]:
    """What a parser must not take: all beginnings of a good one, and what people and programs
    write instead of a value, a text, a member or an encoding."""
    values = ["", "01", "-01", "1.", ".5", "+1", "-", "--1", "1e", "1e+", "1.e1", "0x1", "1_000",
              "1e400", "-1e400", "Infinity", "-Infinity", "NaN", "True", "tru", "nul", "undefined",
              "nan", "'x'", "x", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[", "]", "[1}", "{]", "{,}",
              '{"b"}', '{"b":}', '{"b":1,}', '{,"b":1}', '{"b" 1}', '{"b"::1}', "{b:1}", "{'b':1}",
              '{1:1}', '{null:1}', '{"b":1 "c":2}', '{"b":1,"b":2}', '{"b":1}}', "1 2", '"x" "y"',
              '"', '"\\"', '"\\x41"', '"\\u12"', '"\\u00g0"', '"\\U0041"', '"\\ud800"',
              '"\\udc00"', '"\\ud800\\u0041"', '"\\', '"a\nb"', '"a\tb"', '"\x00"', '"\x1f"',
              "/* x */1", "1//x", "#", "(1)", "<b>", "1;", "\u00a01", "\ufeff1", "\f1",
              "[" * 70 + "]" * 70, '{"b":' * 70 + "1" + "}" * 70]
    texts = [b'"\xff"', b'"\xc0\xaf"', b'"\xe2\x82"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"',
             b'"\x80"', b'"\xf8\x88\x80\x80\x80"']
    rows = [GOOD_JSON[:size] for size in range(len(GOOD_JSON))]
    rows += [b'{"a":' + each.encode() + b"}" for each in values]
    rows += [b'{"a":[' + each.encode() + b"]}" for each in values if each]
    rows += [b'{"a":' + each + b"}" for each in texts] + [b"{" + each + b":1}" for each in texts]
    rows += [2 * b"\xef\xbb\xbf" + b"{}", '{"a":1}'.encode("utf-16"),
             '{"a":1}'.encode("utf-32"), b"{}{}", b"{} x", b"{}\x00", b"[]", b"null", b"1",
             b'"x"', b"true", b"\x00", b"\x1e{}"]
    return rows


class Framing(ApiTest):
    """What no library sends."""

    def status(self, request: bytes) -> int:
        port, token = self.api.port, self.api.token.encode()
        heard = send_raw(port, request.replace(b"HOST", b"Host: 127.0.0.1:%d" % port)
                         .replace(b"AUTH", b"Authorization: Bearer " + token))
        self.assertTrue(heard.startswith(b"HTTP/1.1 "), heard)
        return int(heard[9:12])

    def test_rows(self):
        body = b"Content-Type: application/json\r\n"
        put = (b"PUT /v1/spaces/default/collections/c/records/k HTTP/1.1\r\nHOST\r\nAUTH\r\n" +
               body)
        rows = [
            (b"GET /healthz HTTP/1.1\r\nHOST\r\n\r\n", 200),
            (b"GET /healthz HTTP/1.1\nHOST\n\n", 400),
            (b"GET /healthz HTTP/1.1\r\nHOST\nX: y\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.0\r\nHOST\r\n\r\n", 505),
            (b"GET /healthz HTTP/2.0\r\nHOST\r\n\r\n", 505),
            (b"GET /healthz\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            (b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"GET /healthz#x HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"GET  /healthz HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"OPTIONS * HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"TRACE /healthz HTTP/1.1\r\nHOST\r\n\r\n", 405),
            (b"BREW /healthz HTTP/1.1\r\nHOST\r\n\r\n", 405),
            (b"GET /healthz HTTP/1.1\r\nHOST\r\nHOST\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 421),
            (b"GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.1\r\nHOST\r\n folded\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.1\r\nHOST\r\nX: a\x00b\r\n\r\n", 400),
            (b"GET /healthz HTTP/1.1\r\nHOST\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
            (b"GET /healthz HTTP/1.1\r\nHOST\r\nX: " + b"y" * 20000 + b"\r\n\r\n", 431),
            (b"GET /healthz?" + b"x" * 17000 + b" HTTP/1.1\r\nHOST\r\n\r\n", 431),
            (b"GET /nothing HTTP/1.1\r\nHOST\r\n\r\n", 404),
            (b"GET /healthz?x=1 HTTP/1.1\r\nHOST\r\n\r\n", 400),
            (b"GET /v1/spaces/%2e%2e HTTP/1.1\r\nHOST\r\nAUTH\r\n\r\n", 404),
            (b"GET /v1/spaces/..%2f HTTP/1.1\r\nHOST\r\nAUTH\r\n\r\n", 404),
            (b"GET /v1/spaces/%00 HTTP/1.1\r\nHOST\r\nAUTH\r\n\r\n", 404),
            (b"GET /v1/spaces/%c0%af HTTP/1.1\r\nHOST\r\nAUTH\r\n\r\n", 404),
            (put + b"Content-Length: 2\r\n\r\n{}", 200),
            (put + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
            (put + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
            (put + b"Content-Length: +2\r\n\r\n{}", 400),
            (put + b"Content-Length: 0x2\r\n\r\n{}", 400),
            (put + b"Content-Length: 99999999999999999999\r\n\r\n{}", 400),
            (put + b"Content-Length: 8388609\r\n\r\n{}", 413),
            (put + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200),
            (put + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
             200),
            (put + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
            (put + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}", 400),
            (put + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", 400),
            (put + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n", 400),
            (put + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 200),
            (put + b"Expect: something\r\nContent-Length: 2\r\n\r\n{}", 417),
            (put + b"Content-Length: 0\r\n\r\n", 400),
        ]
        for request, status in rows:
            with self.subTest(request=request[:200]):
                self.assertEqual(self.status(request), status)
        print(f"report: {len(rows)} rows of HTTP framing")

    def test_requests_behind_each_other(self):
        one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.api.port
        heard = send_raw(self.api.port, one * 20)
        self.assertEqual(heard.count(b"HTTP/1.1 200"), 20)
        heard = send_raw(self.api.port, one + b"nonsense\r\n\r\n" + one)
        self.assertEqual((heard.count(b"HTTP/1.1 200"), heard.count(b"HTTP/1.1 400")), (1, 1))

    def test_what_is_not_json_is_refused_and_nothing_is_stored(self):
        rows = bad_json()
        self.assertGreaterEqual(len(rows), 188)
        link = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=60)
        self.addCleanup(link.close)
        heads = {"Authorization": f"Bearer {self.api.token}", "Content-Type": "application/json"}
        for body in rows:
            with self.subTest(body=body[:60]):
                link.request("PUT", record_path("no-json"), body, heads)
                answer = link.getresponse()
                problem = json.loads(answer.read())
                self.assertIn(answer.status, (400, 413))
                self.assertTrue(problem["code"].startswith("LY-"), problem)
        self.assertEqual(self.api.ask("GET", record_path("no-json")).status, 404)
        link.request("PUT", record_path("no-json"), GOOD_JSON, heads)
        self.assertEqual(link.getresponse().status, 200)  # all of them were one step from this
        print(f"report: {len(rows)} bodies that are not JSON")

    def test_bad_ops_and_queries_never_get_a_500(self):
        api = self.api
        whole = [{"ops": []}, {"ops": 1}, {"ops": [1]}, {"ops": [{}]}, {},
                 {"ops": [{"op": "put", "collection": "c", "key": "", "value": {}}]},
                 {"ops": [{"op": "put", "collection": "", "key": "k", "value": {}}]},
                 {"ops": [{"op": "put", "collection": "c", "key": "k", "value": []}]},
                 {"ops": [{"op": "put", "collection": "c", "key": "k"}]},
                 {"ops": [{"op": "add", "collection": "c", "key": "k", "value": {"n": "x"}}]},
                 {"ops": [{"op": "put", "collection": "c", "key": "k", "value": {},
                           "basedOn": "!"}]},
                 {"ops": [{"op": "fly", "collection": "c", "key": "k"}]}, {"ops": [], "x": 1}]
        for body in whole:
            with self.subTest(body=body):
                self.assertEqual(api.ask("POST", "/v1/spaces/default/changes",
                                         json_body=body).status, 400)
        for query in ("where=x", "where=[]", 'where={"a":{"like":1}}', "order=", "limit=0",
                      "limit=1001", "limit=x", "cursor=x", "cursor=05", "x=1", "limit=1&limit=2"):
            with self.subTest(query=query):
                answer = api.ask("GET", f"{RECORDS.format('default', 'c')}?{quote(query, '=&')}")
                self.assertIn(answer.status, (400, 200) if query == "order=" else (400,))


class Crowds(unittest.TestCase):
    def setUp(self):
        device = ApiDevice()
        self.addCleanup(device.close)
        device.start()
        self.api = device.api()

    def test_idle_connections_keep_nobody_out(self):
        api = self.api
        idle = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(300)]
        self.addCleanup(lambda: [each.close() for each in idle])
        for each in idle[::2]:
            try:
                each.sendall(b"GET /healthz HTTP/1.1\r\n")
            except OSError:
                pass  # it had to make room
        for _ in range(20):
            api.put(record_path("k"), {"a": 1})

    def test_idle_websockets_keep_nobody_out(self):
        api = self.api
        signed_in = Line(api.port).sign_in(api.token)
        self.addCleanup(signed_in.close)
        idle = [Line(api.port) for _ in range(300)]
        self.addCleanup(lambda: [each.close() for each in idle])
        for _ in range(20):
            api.put(record_path("k"), {"a": 1})
        signed_in.text({"type": "presence", "space": "default", "value": 1})
        signed_in.text({"type": "nothing"})
        signed_in.heard("error")

    def test_many_writers_at_once(self):
        api = self.api
        failed = []

        def write(who):
            try:
                for i in range(50):
                    api.put(record_path(f"{who}-{i}", "crowd"), {"i": i})
            except (ApiError, OSError, AssertionError) as problem:
                failed.append(problem)

        writers = [threading.Thread(target=write, args=(who,)) for who in range(16)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        self.assertEqual(failed, [])
        self.assertEqual(api.get("/v1/spaces/default/collections/crowd/count"), {"count": 800})


if __name__ == "__main__":
    unittest.main(verbosity=2)
