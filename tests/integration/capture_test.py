#!/usr/bin/env python3
"""The capture and the search of scripts/demo find what is planted: in frames, in streams however
they are cut up, in every encoding; and a capture that lacks a frame is an error."""

import io
import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lanyard_process import wait_until  # noqa: I001, that scripts/ is found
import frames
import lab
from capture import Capture, CaptureError
from frames import Frame
from written import Search, Written

LETTER = "Dear sister, the cat has come back."
# Takes one connection and reads it to its end; then says how much came.
RECEIVER = """
import socket
listener = socket.create_server(("", 7000))
print("ready", flush=True)
connection, _ = listener.accept()
print(sum(len(part) for part in iter(lambda: connection.recv(1 << 16), b"")), flush=True)
"""
# Each argument is sent on its own; then many bytes more.
SENDER = """
import socket, sys
address, bulk, *parts = sys.argv[1:]
connection = socket.create_connection((address, 7000))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for part in parts:
    connection.sendall(bytes.fromhex(part))
connection.sendall(bytes(int(bulk)))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.sendto(b"<" + "Machine in the study".encode("utf-16-le") + b">", (address, 7001))
"""


def segment(seq, payload=b"", *, syn=False, version=4, source_port=5000):
    """An Ethernet frame, sent by its host, with a TCP segment from that port to 7761."""
    tcp = struct.pack("!HHIIBBHHH", source_port, 7761, seq % 2**32, 0, 5 << 4, 2 if syn else 16,
                      0, 0, 0) + payload
    if version == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, b"\x0a\x4d\0\1",
                           b"\x0a\x4d\0\2")
    else:
        head = struct.pack("!IHBB16s16s", 6 << 28, len(tcp), 6, 64, b"\xfe" * 16, b"\xfd" * 16)
    ether = bytes(12) + (b"\x08\0" if version == 4 else b"\x86\xdd")
    return Frame("port0", True, (ether + head + tcp).ljust(60, b"\0"))


class Searching(unittest.TestCase):
    def assert_found(self, data, texts=(LETTER,)):
        self.assertEqual(Search([LETTER, "Groceries", "default"]).texts_in(data), set(texts))

    def test_a_text_is_found_in_every_encoding_and_at_every_place(self):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            for before in range(9):
                self.assert_found(bytes(before) + LETTER.encode(encoding))
                self.assert_found(b"\xff" * before + LETTER.encode(encoding) + b"\xff")

    def test_a_text_is_found_in_other_letters_and_beside_another(self):
        self.assert_found(b"host-" + LETTER.upper().encode() + b"groceries.local",
                          (LETTER, "Groceries"))

    def test_what_begins_or_ends_otherwise_is_another_text(self):
        self.assert_found(LETTER.encode()[:-1], ())
        self.assert_found(LETTER.encode()[1:], ())
        self.assert_found((LETTER[:12] + "-" + LETTER[13:]).encode(), ())

    def test_a_text_is_found_as_json_writes_it(self):
        text = 'She said: "Grüße!"\n'
        search = Search([text])
        for pure in (True, False):
            data = json.dumps([text], ensure_ascii=pure).encode()
            self.assertEqual(search.texts_in(data), {text})

    def test_what_is_too_short_is_looked_for_only_where_it_is_long(self):
        self.assert_found(b"default", ())
        self.assert_found("default".encode("utf-16-le"), ("default",))

    def test_all_that_people_wrote_is_looked_for(self):
        written = Written()
        written.add_record("gardening", "key-of-it", {
            "title": "A new title", "text": "A new text", "number": 7,
            "tags": ["tomatoes", {"deep down": "potatoes"}]})
        self.assertEqual(written.texts, {
            "gardening": "collection", "key-of-it": "key", "title": "member", "text": "member",
            "number": "member", "tags": "member", "deep down": "member", "A new title": "title",
            "A new text": "text", "tomatoes": "value", "potatoes": "value"})


class Streams(unittest.TestCase):
    def assert_said(self, segments, *expected):
        self.assertEqual(list(frames.streams(segments)), list(expected))

    def test_a_text_in_two_segments_is_in_no_frame_and_in_the_stream(self):
        for version in (4, 6):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                data = LETTER.encode(encoding)
                cut = [segment(99, syn=True, version=version),
                       segment(100, data[:9], version=version),
                       segment(109, data[9:], version=version)]
                search = Search([LETTER])
                self.assertEqual([search.texts_in(frame.data) for frame in cut], [set()] * 3)
                self.assert_said(cut, data)
                self.assertEqual(search.texts_in(data), {LETTER})

    def test_the_order_is_that_of_the_sender_and_nothing_is_there_twice(self):
        self.assert_said([segment(2**32 - 3, syn=True), segment(4, b"GHI"), segment(-2, b"AB"),
                          segment(-2, b"AB"), segment(0, b"CDEFG"), segment(-2, b"ABC")],
                         b"ABCDEFGHI")

    def test_connections_are_told_apart(self):
        self.assert_said([segment(0, syn=True), segment(1, b"first"),
                          segment(0, syn=True, source_port=5001),
                          segment(1, b"other", source_port=5001),
                          segment(700, syn=True), segment(701, b"again")],
                         b"first", b"again", b"other")

    def test_what_a_port_passes_on_is_not_said_once_more(self):
        sent = segment(1, b"once")
        self.assert_said([sent, sent._replace(port="port1", is_sent=False)], b"once")

    def test_a_file_gives_back_what_was_written(self):
        written = [Frame("port0", True, b"a"), Frame("port1", False, bytes(65600)),
                   segment(1, b"b")]
        file = io.BytesIO()
        writer = frames.Writer(file)
        for frame in written:
            writer.write(frame, 1700000000123456789)
        with tempfile.NamedTemporaryFile() as kept:
            Path(kept.name).write_bytes(file.getvalue())
            self.assertEqual(frames.read(Path(kept.name)), written)


class Capturing(unittest.TestCase):
    """On a network of two hosts, of which one tells the other in plain words."""

    BULK = 10_000_000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lanyard-it-")
        self.addCleanup(folder.cleanup)
        self.capture = Capture(Path(folder.name) / "frames.pcapng")
        self.addCleanup(self.capture.kill)
        self.lab = lab.Lab(["ada", "pi"])
        self.addCleanup(self.lab.close)

    def talk(self):
        letter = LETTER.encode()
        pi = self.lab.popen("pi", [sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE,
                            text=True)
        self.addCleanup(pi.communicate)
        self.addCleanup(pi.kill)
        self.assertEqual(pi.stdout.readline(), "ready\n")
        parts = (letter[:10].hex(), letter[10:].hex())
        self.lab.run("ada", [sys.executable, "-c", SENDER, self.lab.addresses["pi"],
                             str(self.BULK), *parts], check=True)
        self.assertEqual(int(pi.stdout.readline()), self.BULK + len(letter))
        self.lab.take_down()

    def test_every_frame_is_there_and_what_was_planted_is_found(self):
        self.talk()
        figures = self.capture.end(self.lab.counters())
        self.assertGreater(figures["bytes"], 2 * self.BULK)
        self.assertEqual(figures["bytes"], figures["bytes_by_counters"])
        recorded = frames.read(self.capture.file)
        search = Search([LETTER, "Machine in the study", "Something else"])
        said = set().union(*map(search.texts_in, frames.streams(recorded)))
        self.assertEqual(said, {LETTER})
        datagrams = [frame.data for frame in recorded if len(frame.data) < 200]
        seen = set().union(*map(search.texts_in, datagrams))
        self.assertIn("Machine in the study", seen)

    def test_a_frame_more_or_less_is_an_error(self):
        self.talk()
        counters = self.lab.counters()
        count, size = counters["port1", False]
        counters["port1", False] = (count + 1, size + 60)
        with self.assertRaisesRegex(CaptureError, "the counters say"):
            self.capture.end(counters)

    def test_a_recorder_that_does_not_run_is_an_error(self):
        self.capture.process.kill()
        wait_until("the recorder is gone", lambda: self.capture.process.poll() is not None)
        with self.assertRaisesRegex(CaptureError, "ended with"):
            self.capture.end({})


if __name__ == "__main__":
    lab.enter()
    unittest.main()
