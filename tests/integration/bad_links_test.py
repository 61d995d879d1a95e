#!/usr/bin/env python3
"""Strangers and broken peers at the sync port: closed without a word, and nobody else notices."""

import contextlib
import dataclasses
import random
import socket
import threading
import time
import unittest

from bad_input import Keeper
from lanyard_process import Device, wait_until

OFFER, ANSWER = b"LNYD\0\1\0\1", b"LNYD\0\1\0\0"
NONE_IN_COMMON = b"LNYD\0\0\0\0"
MIB = 1024 * 1024
NOISE = random.Random(7).randbytes(64 * 1024)
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + NOISE[:194]
IDLE = 300
HALF_OPEN_MAX, PER_SOURCE_MAX = 64, 8  # limits.hpp
PATIENCE_S = 120  # the agent gives up after 10 s


def framed(message):
    return len(message).to_bytes(2, "big") + message


# Points of small order: whoever accepts one agrees on a key that everybody knows (RFC 7748, 6.1).
LOW_ORDER = [bytes.fromhex(point) for point in (
    "00" * 32, "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f")]


@dataclasses.dataclass
class Row:
    """Texts in `says` and `hears` stand for parts of a real dialogue that was recorded."""

    name: str
    says: list
    hears: list = dataclasses.field(default_factory=list)
    then: str = "waits"  # or "hangs up"
    pause_s: float = 0   # after each byte of the last part


CLOSED_AT_ONCE = [
    Row("says nothing and hangs up", [], then="hangs up"),
    Row("half a preface, hangs up", [OFFER[:4]], then="hangs up"),
    Row("wrong magic", [b"LNYX\0\1\0\1"]),
    Row("magic in lower case", [b"lnyd\0\1\0\1"]),
    Row("the listener's part", [ANSWER]),
    Row("HTTP", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]),
    Row("HTTP/2", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    Row("TLS hello", [TLS_HELLO]),
    Row("SSH", [b"SSH-2.0-OpenSSH_9.2\r\n"]),
    Row("line feeds", [b"\n" * 4096]),
    Row("only newer versions", [b"LNYD\0\2\0\x09"], [NONE_IN_COMMON]),
    Row("the newest version of all", [b"LNYD\xff\xff\xff\xff"], [NONE_IN_COMMON]),
    Row("a version before the first", [b"LNYD\0\0\0\0"]),
    Row("from version 0", [b"LNYD\0\0\0\1"]),
    Row("no version between", [b"LNYD\0\2\0\1"]),
    Row("length 0", [OFFER, framed(b"")], [ANSWER]),
    Row("length 65,535", [OFFER, b"\xff\xff"], [ANSWER]),
    Row("length 65,535, all of it", [OFFER, framed(NOISE[:65535])], [ANSWER]),
    Row("a key that is too short", [OFFER, framed(NOISE[:31])], [ANSWER]),
    Row("a first message with a payload", [OFFER, framed(NOISE[:64])], [ANSWER]),
    Row("half a first message, hangs up", [OFFER, framed(NOISE[:32])[:20]], [ANSWER],
        then="hangs up"),
    Row("the second message first", [OFFER, "second"], [ANSWER]),
    Row("the third message first", [OFFER, "third"], [ANSWER]),
    Row("the first message twice", [OFFER, "first", "first"], [ANSWER, "second"]),
    Row("a length beyond any third message", [OFFER, "first", b"\xff\xff"], [ANSWER, "second"]),
    Row("an empty third message", [OFFER, "first", framed(b"")], [ANSWER, "second"]),
    Row("noise as third message", [OFFER, "first", framed(NOISE[:197])], [ANSWER, "second"]),
    Row("replayed first message, hangs up", [OFFER, "first"], [ANSWER, "second"], "hangs up"),
    Row("a whole dialogue replayed", [OFFER, "first", "third", "rest"], [ANSWER, "second"]),
    Row("a replay that claims more", [b"LNYD\0\1\0\2", "first", "third"], [ANSWER, "second"]),
    *[Row(f"a point of small order, {number}", [OFFER, framed(point)], [ANSWER])
      for number, point in enumerate(LOW_ORDER)],
    Row("64 KiB of noise", [NOISE]),
    Row("10 MiB of noise", [NOISE * 160]),
    Row("10 MiB of noise behind a preface", [OFFER, NOISE * 160], [ANSWER]),
    Row("10 MiB of prefaces", [OFFER * (10 * MIB // 8)], [ANSWER]),
]

CLOSED_WHEN_TIME_IS_UP = [
    Row("silence", []),
    Row("half a preface", [OFFER[:4]]),
    Row("a preface only", [OFFER], [ANSWER]),
    Row("one byte of a length", [OFFER, b"\0"], [ANSWER]),
    Row("a length only", [OFFER, b"\0\x20"], [ANSWER]),
    Row("a length that says more than comes", [OFFER, b"\0\x21", NOISE[:32]], [ANSWER]),
    Row("half a first message", [OFFER, framed(NOISE[:32])[:20]], [ANSWER]),
    Row("a replayed first message", [OFFER, "first"], [ANSWER, "second"]),
    Row("half a third message", [OFFER, "first", b"\0\xa5", NOISE[:60]], [ANSWER, "second"]),
    Row("a byte a second", [OFFER[:4], OFFER[4:] + framed(NOISE[:32])], [ANSWER], pause_s=1),
    Row("a byte a second behind a preface", [OFFER, framed(NOISE[:32])], [ANSWER], pause_s=1),
]


# What somebody answers whom we dialled: (what, bytes, why there is no link).
ANSWERS = [
    ("nothing", b"", "the link ended"),
    ("half a preface", ANSWER[:5], "the link ended"),
    ("only newer versions", NONE_IN_COMMON, "update the older Lanyard"),
    ("a version that was not offered", b"LNYD\0\2\0\0", "not offered"),
    ("more than a version", b"LNYD\0\1\0\1", "not a Lanyard link"),
    ("the dialer's part", b"LNYD\0\1\xff\xff", "not a Lanyard link"),
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a Lanyard link"),
    ("TLS", TLS_HELLO, "not a Lanyard link"),
    ("64 KiB of noise", NOISE, "not a Lanyard link"),
    ("an empty message", ANSWER + framed(b""), "too short"),
    ("a message of 65,535 bytes", ANSWER + b"\xff\xff", "too large"),
    ("noise as second message", ANSWER + framed(NOISE[:197]), "did not send"),
    ("10 MiB of noise behind a preface", ANSWER + NOISE * 160, "too large"),
    *[(f"a point of small order, {number}", ANSWER + framed(point + NOISE[:165]), "unauthenticated")
      for number, point in enumerate(LOW_ORDER)],
]


class Relay:
    """A port whose first caller is passed on to another port; both directions are recorded."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.said, self.answered = bytearray(), bytearray()

    def pass_on(self, port):
        caller, _ = self.listener.accept()
        self.ends = [caller, socket.create_connection(("127.0.0.1", port))]
        for ends, record in ((self.ends, self.said), (self.ends[::-1], self.answered)):
            threading.Thread(target=pump, args=(*ends, record), daemon=True).start()

    def close(self):
        for each in (self.listener, *self.ends):
            each.close()

    def parts(self):
        """The dialogue as rows name it: each side's preface, then messages behind their length."""
        first, third, rest = messages(self.said)
        second, _, _ = messages(self.answered)
        return {"first": first, "second": second, "third": third, "rest": rest}


def pump(source, sink, record):
    try:
        while part := source.recv(65536):
            record += part
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side is gone, or the test is over


def messages(stream):
    """The first two messages behind a preface, and what follows them."""
    stream = bytes(stream[len(OFFER):])
    one = 2 + int.from_bytes(stream[:2], "big")
    two = one + 2 + int.from_bytes(stream[one:one + 2], "big")
    return stream[:one], stream[one:two], stream[two:]


def connect(device, source="127.0.0.1"):
    address = ("127.0.0.1", device.info["syncPort"])
    return socket.create_connection(address, PATIENCE_S, source_address=(source, 0))


def heard_until_closed(stranger):
    heard = bytearray()
    try:
        while part := stranger.recv(65536):
            heard += part
    except ConnectionResetError:
        pass  # closed with something of ours unread
    return bytes(heard)


def say(stranger, parts, pause_s):
    try:
        for part in parts[:-1] if pause_s else parts:
            stranger.sendall(part)
        for byte in parts[-1] if pause_s else b"":
            stranger.sendall(bytes([byte]))
            time.sleep(pause_s)
    except OSError:
        pass  # it was closed before we had said everything


def counted(device):
    counters = device.json("status")["counters"]
    return counters["failedHandshakes"], counters["refusedBusy"]


class BadLinks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ada, cls.pi, cls.relay = Keeper("ada"), Device("pi"), Relay()
        for device in (cls.ada, cls.pi):
            cls.addClassCleanup(device.close)
            device.start()
        cls.addClassCleanup(cls.relay.close)
        cls.ada.write_what_to_keep()
        # The pi dials, so that its dialogue can be recorded on the way.
        cls.ada.ok("devices", "add", cls.pi.info["id"])
        cls.pi.ok("devices", "add", cls.ada.info["id"], "--at", cls.relay.address)
        cls.relay.pass_on(cls.ada.info["syncPort"])
        wait_until("the link is up", lambda: cls.ada.call("device.list")["devices"][0]["linked"])
        cls.ada.call("space.create", name="shared")
        cls.ada.call("space.share", space="shared", device=cls.pi.info["id"])
        cls.assert_peer_is_served(cls, "before")
        cls.parts = cls.relay.parts()

    def assert_peer_is_served(self, key):
        """What ada writes still gets to the pi over the link that was up all the time."""
        self.ada.call("data.put", space="shared", collection="tasks", key=key, value={"n": 1})
        wait_until("the known peer has it", lambda: self.pi.run(
            "data", "get", "shared", "tasks", key).returncode == 0)

    def try_row(self, row, source="127.0.0.1"):
        """What a stranger heard who did as the row says."""
        with connect(self.ada, source) as stranger:
            say(stranger, [self.parts.get(part, part) for part in row.says], row.pause_s)
            if row.then == "hangs up":
                stranger.shutdown(socket.SHUT_WR)
            return heard_until_closed(stranger)

    def assert_heard(self, row, heard):
        """No byte beyond the protocol's; a second message is another one each time."""
        expected = b"".join(self.parts.get(part, part) for part in row.hears)
        self.assertEqual(len(heard), len(expected))
        self.assertEqual(heard[:len(ANSWER)], expected[:len(ANSWER)])

    def assert_counted(self, before, failed, busy=0, failed_at_most=None):
        """`failed_at_most`: where a slow machine may have begun to send others away for their time,
        unless as many as `failed`."""
        wait_until("the refusal is counted", lambda: counted(self.ada)[0] >= before[0] + failed)
        all_failed, all_busy = counted(self.ada)
        self.assertLessEqual(all_failed, before[0] + (failed_at_most or failed))
        self.assertEqual(all_busy, before[1] + busy)

    def test_what_cannot_become_a_link_is_closed_at_once(self):
        for number, row in enumerate(CLOSED_AT_ONCE):
            with self.subTest(row.name):
                before = counted(self.ada)
                with self.ada.little_memory(self):
                    self.assert_heard(row, self.try_row(row))
                    self.assert_counted(before, failed=1)
                self.ada.assert_kept(self)
        self.assert_peer_is_served("after-strangers")

    def test_silent_strangers_are_not_there_for_long(self):
        before = counted(self.ada)
        heard = {}

        def work(number, row):
            heard[number] = self.try_row(row, source=f"127.0.1.{number + 1}")

        strangers = [threading.Thread(target=work, args=pair)
                     for pair in enumerate(CLOSED_WHEN_TIME_IS_UP)]
        with self.ada.little_memory(self):
            for stranger in strangers:
                stranger.start()
            for stranger in strangers:
                stranger.join()
            self.assert_counted(before, failed=len(strangers))
        for number, row in enumerate(CLOSED_WHEN_TIME_IS_UP):
            with self.subTest(row.name):
                self.assert_heard(row, heard[number])
        self.ada.assert_kept(self)
        self.assert_peer_is_served("after-silence")

    def test_idle_strangers_are_few(self):
        """A hundred from one place, the others each from its own: of the one place all but a few
        are refused, and the others make room for each other."""
        before = counted(self.ada)
        with self.ada.little_memory(self):
            for number in range(IDLE):
                place = max(number - 99, 0)
                idle = connect(self.ada, f"127.0.{2 + place // 200}.{place % 200 + 1}")
                self.addCleanup(idle.close)
            self.assert_counted(before, failed=IDLE - 100 + PER_SOURCE_MAX - HALF_OPEN_MAX,
                                busy=100 - PER_SOURCE_MAX,
                                failed_at_most=IDLE - 100 + PER_SOURCE_MAX)
            self.assert_peer_is_served("during-a-crowd")
            self.assert_counted(before, failed=IDLE - 100 + PER_SOURCE_MAX,
                                busy=100 - PER_SOURCE_MAX)
        self.ada.assert_kept(self)
        self.assert_peer_is_served("after-a-crowd")

    def test_a_known_peer_that_comes_back_gets_in(self):
        self.pi.stop()
        with self.ada.little_memory(self):
            for row in CLOSED_AT_ONCE[:8]:
                self.try_row(row)
        self.pi.start()
        address = f"127.0.0.1:{self.ada.info['syncPort']}"
        self.pi.ok("devices", "add", self.ada.info["id"], "--at", address)
        self.assert_peer_is_served("after-a-restart")


class BadListeners(unittest.TestCase):
    """Whoever is at the address of a device that we know."""

    def setUp(self):
        self.ada, pi = Keeper("ada"), Device("pi")
        for device in (self.ada, pi):
            self.addCleanup(device.close)
            device.start()
        pi.stop()
        self.pi = pi.info["id"]
        self.ada.write_what_to_keep()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                caller, _ = self.listener.accept()
                with contextlib.suppress(OSError), caller:  # the agent has heard enough
                    caller.settimeout(PATIENCE_S)
                    caller.recv(len(OFFER))
                    caller.sendall(self.answer)
                    caller.shutdown(socket.SHUT_WR)
                    while caller.recv(65536):
                        pass

    def test_it_is_not_taken_for_the_device_and_the_reason_is_shown(self):
        self.answer = b""
        address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.ada.ok("devices", "add", self.pi, "--at", address)
        for what, self.answer, why in ANSWERS:
            with self.subTest(what):
                with self.ada.little_memory(self):
                    # An attempt that was under way may still tell of the answer before.
                    wait_until(f"the reason is {why}", lambda: self.reason(why), seconds=30)
                self.ada.assert_kept(self)

    def reason(self, why):
        done = self.ada.run("ping", self.pi)
        self.assertEqual(done.returncode, 5, done.stdout)
        return why in done.stdout


class OwnKey(unittest.TestCase):
    def test_a_device_that_meets_itself_hangs_up(self):
        relay, ada = Relay(), Keeper("ada")
        self.addCleanup(relay.close)
        self.addCleanup(ada.close)
        ada.start("--peer", relay.address)
        ada.write_what_to_keep()
        with ada.little_memory(self):
            relay.pass_on(ada.info["syncPort"])
            wait_until("both ends have hung up", lambda: counted(ada)[0] >= 2)
        ada.assert_kept(self)
        # Both prefaces, the first and the second message: the dialer does not say who it is.
        first, third, _ = messages(relay.said)
        self.assertEqual((len(first), third), (34, b""))


if __name__ == "__main__":
    unittest.main()
