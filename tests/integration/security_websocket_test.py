#!/usr/bin/env python3
"""/v1/live against RFC 6455: each row is sent byte by byte to a real agent, on a line of its own.

What a row allows is what the RFC asks for; where it leaves a choice, all that it allows, with the
reason. After each row another client of the same agent must still get its answer.
"""

import base64
import contextlib
import hashlib
import json
import re
import select
import socket
import struct
import threading
import unittest
import zlib
from typing import NamedTuple

from api_device import ApiTest, record_path
from costs import AttackTest
from web_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Line, frame

MIB = 1024 * 1024
MESSAGE_MAX = 4 * MIB  # limits::kSocketMessageMax
LINE_ENDS_WITHIN_S = 30
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, 1.3
ON, CUT = 0, 1006
# A question that every signed-in line is answered, and that changes nothing.
PROBE = frame(TEXT, b'{"type":"unsubscribe","id":"probe"}')
PROTOCOL, KIND, UTF8, POLICY, SIZE = 1002, 1003, 1007, 1008, 1009


# ---- the handshake

USUAL = {"Host": "127.0.0.1:PORT", "Upgrade": "websocket", "Connection": "Upgrade",
         "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
BODY = {"Content-Type": "application/json"}


class Handshake(NamedTuple):
    name: str
    changes: dict[str, str | list[str] | None]
    ends: tuple[int, ...]  # HTTP status
    line: str = "GET /v1/live HTTP/1.1"
    behind: bytes = b""
    says: str = ""  # what stands in the answer's head
    hears: tuple[str, ...] = ()  # what comes first where it is a WebSocket now

    def opening(self, port: int) -> bytes:
        head = self.line + "\r\n"
        for name, value in {**USUAL, **self.changes}.items():
            for each in value if isinstance(value, list) else [] if value is None else [value]:
                head += f"{name}: {each}\r\n"
        return head.replace("PORT", str(port)).encode() + b"\r\n" + self.behind


def renamed(change) -> dict[str, str | None]:
    return dict.fromkeys(USUAL) | {change(name): value for name, value in USUAL.items()}


HANDSHAKES = [
    *(Handshake(name, changes, (101,)) for name, changes in {
        "as it should be": {}, "names in lower case": renamed(str.lower),
        "names in upper case": renamed(str.upper), "Upgrade: WebSocket": {"Upgrade": "WebSocket"},
        "Connection: keep-alive, Upgrade": {"Connection": "keep-alive, Upgrade"},
        # Offers: who knows no extension and no subprotocol agrees without one (4.2.2).
        "a subprotocol is asked for": {"Sec-WebSocket-Protocol": "chat, soap"},
        "compression is offered": {"Sec-WebSocket-Extensions": "permessage-deflate"}}.items()),
    # One list in two lines (RFC 9110, 5.3): no browser writes it so, and to refuse it is safe.
    Handshake("Connection in two lines", {"Connection": ["keep-alive", "Upgrade"]}, (101, 426)),
    *(Handshake(name, {"Sec-WebSocket-Key": keys}, (400,)) for name, keys in {
        "no key": [], "an empty key": [""],
        **{f"a key of {size} bytes": [base64.b64encode(b"x" * size).decode()]
           for size in (8, 15, 17, 8000)},
        # 11.3.1 and 11.3.5: they "MUST NOT appear more than once in an HTTP request".
        "two keys": [KEY, base64.b64encode(b"another sixteen!").decode()]}.items()),
    # 4.2.2: an error "such as 426", and the version that is known.
    *(Handshake(name, {"Sec-WebSocket-Version": versions}, (400, 426),
                says="Sec-WebSocket-Version: 13") for name, versions in {
        "no version": [], "a list of versions": ["8, 13"],
        **{f"version {version}": [version] for version in ("8", "12", "14", "")}}.items()),
    Handshake("two versions", {"Sec-WebSocket-Version": ["13", "8"]}, (400,)),
    *(Handshake(f"{name}: {value}", {name: value}, (400, 426)) for name, value in (
        ("Upgrade", None), ("Upgrade", "h2c"), ("Connection", None), ("Connection", "close"))),
    Handshake("POST", {**BODY, "Content-Length": "0"}, (405,), "POST /v1/live HTTP/1.1"),
    Handshake("HTTP/1.0", {}, (505,), "GET /v1/live HTTP/1.0"),
    # What stands behind the head would be a body here and frames there: none of it is guessed.
    *(Handshake(name, fields, (400, 413, 415), behind=behind) for name, fields, behind in (
        ("a body", {**BODY, "Content-Length": "6"}, frame(PING)),
        ("a body in chunks", {**BODY, "Transfer-Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n"),
        ("a body of no type", {"Content-Length": "2"}, b"{}"))),
    # A client MUST wait for the answer (4.1). Who does not is refused or heard, not half heard.
    Handshake("a ping too early", {}, (101, 400), behind=frame(PING, b"p"), hears=("pong p",)),
    *(Handshake(f"Host: {host}", {"Host": host}, (status,)) for host, status in (
        ("evil.test:PORT", 421), ("127.0.0.1", 421), (None, 400))),
    *(Handshake(f"Origin: {origin}", {"Origin": origin}, (403,))
      for origin in ("http://evil.test", "null", "http://127.0.0.1:1")),
]


class OpenedLine(Line):
    """A line whose opening is sent as it stands, whatever becomes of it."""

    def __init__(self, port: int, opening: bytes):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.kept, self.buffer = [], b""
        self.raw(opening)
        while b"\r\n\r\n" not in self.buffer and (piece := self.socket.recv(65536)):
            self.buffer += piece
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(self.head[9:12] or b"0")


# ---- frames

class Row(NamedTuple):
    name: str
    sent: bytes | list[bytes]
    ends: tuple[int, ...]  # a close code, CUT: no close frame, ON: the line goes on
    hears: tuple[str, ...] = ()  # what comes before: the codes of errors, and pongs
    is_signed_in: bool = True
    hangs_up: bool = False  # it ends its half of the connection behind what it sends


def text(payload: bytes | str, **more) -> bytes:
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload, **more)


def parts(*payloads: bytes, between: bytes = b"") -> bytes:
    """One text in fragments."""
    last = len(payloads) - 1
    return between.join(frame(TEXT if i == 0 else CONTINUATION, each, fin=i == last)
                        for i, each in enumerate(payloads))


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def asked(name: bytes = b"x", size: int = 0) -> bytes:
    """A message that is answered with LY-D004 and changes nothing."""
    return (b'{"type":"unsubscribe","id":"' + name + b'"}').ljust(size)


def rows(ends: tuple[int, ...], hears: tuple[str, ...], sent: dict[str, bytes], **more):
    return [Row(name, each, ends, hears, **more) for name, each in sent.items()]


ASKED, AWAY, HUGE = ("LY-D004",), ("LY-W005",), (1 << 63) - 1
PART, MORE = text(b"{", fin=False), frame(CONTINUATION, b"x")

ROWS = [
    *rows((ON,), ASKED, {
        "a text": text(asked()), "4 MiB": text(asked(size=MESSAGE_MAX)),
        "70,000 bytes": text(asked(size=70_000)), "last empty": parts(asked(), b""),
        "one byte at a time": [bytes([each]) for each in text(asked())],
        "two fragments": parts(asked()[:9], asked()[9:]),
        "three fragments, one empty": parts(asked()[:9], b"", asked()[9:]),
        "1000 fragments": parts(*(bytes([each]) for each in asked(size=1000))),
        "fragments of 4 MiB": parts(asked(size=MIB), *[b" " * MIB] * 3),
        "split inside a character": parts(asked(b"\xf0\x9f")[:-2], b"\x98\x80\"}"),
        **{f"U+{ord(each):04X}": text(asked(each.encode())) for each in "aä€😀\U0010ffff"}}),
    Row("two frames in one piece", text(asked()) * 2, (ON,), ASKED * 2),
    Row("a ping between fragments", parts(asked()[:9], asked()[9:], between=frame(PING, b"p")),
        (ON,), ("pong p", *ASKED)),
    *(Row(f"a ping of {size} bytes", frame(PING, b"p" * size), (ON,), ("pong " + "p" * size,))
      for size in (0, 1, 125)),
    Row("a pong that nobody asked for", frame(PONG, b"p"), (ON,)),
    *rows((PROTOCOL,), (), {
        "unmasked": text(asked(), masked=False), "unmasked ping": frame(PING, masked=False),
        "unmasked close": frame(CLOSE, masked=False), "RSV1 set": text(asked(), reserved=4),
        "RSV2 set": text(asked(), reserved=2), "RSV3 set": text(asked(), reserved=1),
        "RSV set on a ping": frame(PING, reserved=7),
        "RSV1 set on a continuation": PART + frame(CONTINUATION, b"}", reserved=4),
        "compressed": text(zlib.compress(asked(), wbits=-15), reserved=4),
        "length in 2 bytes too many": text(asked(), wide=2),
        "length in 8 bytes too many": text(asked(), wide=8),
        "300 bytes with a length of 8 bytes": text(asked(size=300), wide=8),
        "not a frame at all": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        **{f"opcode {code:X}": frame(code, b"x") for code in (*range(3, 8), *range(0xB, 0x10))},
        "a ping in fragments": frame(PING, b"a", fin=False) + MORE,
        "a close in fragments": frame(CLOSE, b"\3", fin=False) + MORE,
        "a continuation of nothing": MORE, "a new text inside a message": PART + text(asked()),
        "a binary inside a text": PART + frame(BINARY, b"x"), "a ping of 126 bytes":
        frame(PING, b"p" * 126), "a pong of 126 bytes": frame(PONG, b"p" * 126),
        "a ping of 64 KiB": frame(PING, b"p" * 65536), "close of one byte": frame(CLOSE, b"\3"),
        "close of 126 bytes": closing(1000, b"r" * 124), **{f"close {code}": closing(code)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999)}}),
    Row("a continuation behind the end", text(asked()) + MORE, (PROTOCOL,), ASKED),
    *rows((SIZE,), (), {
        "length of 2^63 - 1": text(b"x", length=HUGE, wide=8), "a fragment of 2^63 - 1":
        PART + frame(CONTINUATION, b"x", length=HUGE, wide=8), "4 MiB + 1 declared":
        text(b"", length=MESSAGE_MAX + 1), "4 MiB + 1 in parts": parts(*[b" " * MIB] * 4, b"x")}),
    # It is both: no good length, and one that is too large.
    Row("length with the top bit", text(b"x", length=1 << 63, wide=8), (PROTOCOL, SIZE)),
    # Who hangs up in the middle of a frame has no use for a close frame (7.1.7: "SHOULD").
    *rows((CUT, PROTOCOL), (), {"half a frame": text(asked())[:9], "half a head": b"\x81",
                                "half a message": PART, "nothing": b""}, hangs_up=True),
    *rows((UTF8,), (), {name: text(asked(payload)) for name, payload in {
        "overlong in 2 bytes": b"\xc0\xaf", "overlong in 3 bytes": b"\xe0\x80\xaf",
        "overlong in 4 bytes": b"\xf0\x80\x80\xaf", "a surrogate": b"\xed\xa0\x80",
        "above U+10FFFF": b"\xf4\x90\x80\x80", "a byte that is never used": b"\xff",
        "a continuation byte alone": b"\x80", "a character cut short": b"\xe2\x82"}.items()}),
    *rows((UTF8,), (), {
        "cut off": text(b"\xe2\x82"), "cut off in the last part": parts(b"{", b"\xe2\x82"),
        "cut off, and an empty last fragment": parts(b"\xe2\x82", b""),
        "cut off, and finished in the next message": parts(b"\xe2\x82", b"") + text(b"\xac"),
        "bad in the first of two fragments": parts(b"\xff", b"x")}),
    *(Row(f"close {code}", closing(code), (code,)) for code in (1000, 1001, 1011, 3000, 4999)),
    # 7.4.2 gives codes from 5000 on no meaning and forbids none: the line ends either way.
    *(Row(f"close {code}", closing(code), (PROTOCOL, code)) for code in (5000, 65535)),
    # 7.1.5: there is no code, and whoever answers may say one of its own.
    Row("close with nothing", frame(CLOSE), (1000, 1005)),
    # 5.5.1 wants a reason in UTF-8; 7.4.1 has 1007 for data in a message.
    Row("a reason that is not UTF-8", closing(1000, b"\xff"), (PROTOCOL, UTF8)),
    *rows((1000,), (), {
        "a reason": closing(1000, "später".encode()), "two closes": closing(1000) + closing(1001),
        "a message behind the close": closing(1000) + text(asked()),
        "a close between fragments": parts(b"{", b"}", between=closing(1000))}),
    *rows((KIND,), (), {"a binary": frame(BINARY, asked()), "an empty binary": frame(BINARY)}),
    *rows((ON,), ("LY-A001",), {name: text(message) for name, message in {
        "an empty message": "", "not JSON": "hello", "JSON that is no object": "[]",
        "4 MiB of JSON": '{"type":"' + "x" * (MESSAGE_MAX - 11) + '"}',
        "lists in lists, a million deep": '{"type":' + "[" * MIB,
        "objects in objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
        "a name twice": '{"type":"unsubscribe","id":"a","id":"b"}',
        "100,000 names": "{" + ",".join(f'"n{i}":1' for i in range(100_000)) + "}",
        "a NUL": '{"type":"un\0subscribe"}', "a byte order mark": "\ufeff{}"}.items()}),
    *(Row(f"{name} before signing in", sent, (end,), hears, is_signed_in=False)
      for name, sent, end, hears in (
          ("a message", text(asked()), POLICY, AWAY),
          ("a wrong token", text('{"type":"auth","token":"lanyard_%043d"}' % 0), POLICY, AWAY),
          ("no JSON", text("hello"), POLICY, ("LY-A001", *AWAY)),
          ("a ping", frame(PING, b"p"), POLICY, ("pong p", *AWAY)),
          ("4 MiB + 1", text(b"", length=MESSAGE_MAX + 1), SIZE, ()),
          ("an unmasked frame", text(b"x", masked=False), PROTOCOL, ()))),
]


def hear(line: Line) -> tuple[int, tuple[str, ...]]:
    """How it ends, or ON once the probe is answered; and what comes before that."""
    before: tuple[str, ...] = ()
    try:
        while True:
            first, payload = line.frame()
            assert first & 0xF0 == 0x80, f"a frame that is none of ours: {first:#x}"
            if first & 0x0F == CLOSE:
                send_all(line, [frame(CLOSE, payload)])
                with contextlib.suppress(ConnectionError):  # 7.1.1: then the connection ends
                    assert not line.buffer + line.socket.recv(1), "bytes behind a close frame"
                return struct.unpack("!H", payload[:2])[0] if payload else 1005, before
            message = {} if first & 0x0F == PONG else json.loads(payload)
            if message.get("id") == "probe":
                return ON, before
            before += (message.get("code") or message.get("type") or "pong " + payload.decode(),)
    except TimeoutError:
        raise AssertionError(f"neither an answer nor an end behind {before}") from None
    except OSError:
        return CUT, before


def send_all(line: Line, pieces: list[bytes]) -> bool:
    """False if it has had enough; what it said is still to be read."""
    try:
        for each in pieces:
            line.raw(each)
    except OSError:
        return False
    return True


class WebSocket(AttackTest, ApiTest):
    rows = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bystander = cls.line(cls).sign_in(cls.api.token)
        cls.changes = cls.api.get("/v1/spaces/default")["changes"]
        cls.addClassCleanup(lambda: print(f"report: {cls.rows} rows of WebSocket"))

    def line(self, **more) -> Line:
        line = Line(self.api.port, **more)
        self.addClassCleanup(line.close)
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.socket.settimeout(LINE_ENDS_WITHIN_S)
        return line

    def end_row(self) -> None:
        """Others are served whatever one client does, and nothing was written."""
        WebSocket.rows += 1
        self.bystander.text({"type": "unsubscribe", "id": f"row {self.rows}"})
        self.bystander.heard("error", id=f"row {self.rows}", code="LY-D004")
        before, WebSocket.changes = self.changes, self.api.get("/v1/spaces/default")["changes"]
        self.assertEqual(self.changes, before)

    def test_frames(self):
        for row in ROWS:
            with self.subTest(row.name):
                end, before = self.outcome(row)
                self.end_row()
                self.assertIn(end, row.ends, before)
                self.assertEqual(before, row.hears)

    def outcome(self, row: Row) -> tuple[int, tuple[str, ...]]:
        with self.line() as line:
            if row.is_signed_in:
                line.sign_in(self.api.token)
            send_all(line, row.sent if isinstance(row.sent, list) else [row.sent])
            if row.hangs_up:
                line.socket.shutdown(socket.SHUT_WR)
            else:
                send_all(line, [PROBE])
            return hear(line)

    def test_handshakes(self):
        for row in HANDSHAKES:
            with self.subTest(row.name), OpenedLine(
                    self.api.port, row.opening(self.api.port)) as line:
                self.end_row()
                self.assertIn(line.status, row.ends, line.head)
                self.assertIn(row.says.encode(), line.head)
                if line.status == 101:
                    self.check_agreed(line, row)

    def check_agreed(self, line: Line, row: Handshake) -> None:
        accept = hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        fields = dict(re.findall(rb"\r\n([^:]+): ([^\r]*)", line.head.lower()))
        self.assertEqual((fields[b"upgrade"], fields[b"connection"]), (b"websocket", b"upgrade"))
        self.assertIn(b"Sec-WebSocket-Accept: " + base64.b64encode(accept), line.head)
        self.assertFalse(fields.keys() & {b"sec-websocket-protocol", b"sec-websocket-extensions"})
        line.text({"type": "auth", "token": self.api.token})
        line.raw(PROBE)
        self.assertEqual(hear(line), (ON, (*row.hears, "status")))

    def test_whoever_is_sent_away_is_not_listened_to(self):
        """7.1.7: of a line that has failed nothing more is worked on, however long it stays."""
        line, silent, busy = self.line(), self.line(), self.line()
        change = {"op": "put", "collection": "sneaked-in", "key": "k", "value": {}}
        line.raw(b"".join(text(json.dumps(message)) for message in (
            {"type": "unsubscribe"}, {"type": "auth", "token": self.api.token},
            {"type": "changes", "space": "default", "ops": [change]})))
        self.assertEqual(hear(line), (POLICY, AWAY))
        with self.subTest("what it wrote"):
            self.end_row()
        # Who does not sign in is cut off after 10 s, be it silent or not.
        while not select.select([silent.socket], [], [], 0.2)[0]:
            send_all(busy, [frame(PING)])
        for each in (silent, busy):
            self.assertIn(hear(each)[0], (CUT, POLICY))
        self.end_row()

    def test_10000_pings_are_answered(self):
        line = self.line().sign_in(self.api.token)
        pings = threading.Thread(target=send_all, args=(line, [frame(PING, b"p" * 125)] * 10_000))
        pings.start()
        for number in range(10_000):
            self.assertEqual(line.frame(), (0x80 | PONG, b"p" * 125))
            if number == 5000:
                self.end_row()
        pings.join()
        line.raw(PROBE)
        self.assertEqual(hear(line), (ON, ()))

    def test_who_never_reads_is_not_answered_without_end(self):
        """Its answers are held back by TCP, or the line is cut: memory is bounded either way."""
        for name, piece in (("pings", frame(PING, b"p" * 125) * 1000),
                            ("questions", text(asked()) * 1000)):
            with self.subTest(name):
                line = self.line(receive_buffer=4096).sign_in(self.api.token)
                line.socket.settimeout(3)
                self.assertFalse(send_all(line, [piece] * 500))
                self.end_row()
                line.close()

    def test_a_subscriber_who_never_reads_holds_up_nobody(self):
        deaf = self.line(receive_buffer=4096).sign_in(self.api.token)
        other = self.line().sign_in(self.api.token)
        for line in (deaf, other):
            line.text({"type": "subscribe", "id": "s", "space": "default", "collection": "c"})
        other.heard("snapshot")
        for number in range(30):
            self.api.put(record_path("k", "c"), {"n": number, "large": "x" * 900_000})
            while other.heard("change")["record"]["value"]["n"] != number:
                pass
        WebSocket.changes = self.api.get("/v1/spaces/default")["changes"]
        self.end_row()

    def test_there_are_rows_enough(self):
        names = [row.name for row in HANDSHAKES + ROWS]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreaterEqual(len(names), 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
