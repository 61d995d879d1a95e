"""Frames of a network in a file that Wireshark and tcpdump open (pcapng, IETF opsawg draft), and
what is said on its TCP connections.

    writer = Writer(file); writer.write(Frame("port0", True, data), nanoseconds)
    frames = read(path)
    streams(frames)         what each end of every connection has sent, in its order
"""
from __future__ import annotations

import pathlib
import struct
from typing import BinaryIO, Iterable, Iterator, NamedTuple

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
BYTE_ORDER = 0x1A2B3C4D
NAME, RESOLUTION, FLAGS = 2, 9, 2
ETHERNET, NANOSECONDS = 1, 9
INBOUND, OUTBOUND = 1, 2

IPV4, IPV6, TCP = 0x0800, 0x86DD, 6
SYN = 2


class Frame(NamedTuple):
    port: str  # the bridge's port that it passed
    is_sent: bool  # by the host behind the port; otherwise to it
    data: bytes


# ---- the file

class Writer:
    """Frames in the order in which they come; a port is named when its first frame comes."""

    def __init__(self, file: BinaryIO):
        self.file, self.ports = file, {}
        self._block(SECTION, struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1))

    def write(self, frame: Frame, nanoseconds: int) -> None:
        if frame.port not in self.ports:
            self.ports[frame.port] = len(self.ports)
            options = option(NAME, frame.port.encode()) + option(RESOLUTION, bytes([NANOSECONDS]))
            self._block(INTERFACE, struct.pack("<HHI", ETHERNET, 0, 0) + options + option(0))
        size = len(frame.data)
        head = struct.pack("<IIIII", self.ports[frame.port], nanoseconds >> 32,
                           nanoseconds & 0xFFFFFFFF, size, size)
        flags = struct.pack("<I", INBOUND if frame.is_sent else OUTBOUND)
        self._block(PACKET, head + padded(frame.data) + option(FLAGS, flags) + option(0))

    def _block(self, kind: int, body: bytes) -> None:
        size = struct.pack("<I", len(body) + 12)
        self.file.write(struct.pack("<I", kind) + size + body + size)


def option(code: int, value: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(value)) + padded(value)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def read(path: pathlib.Path) -> list[Frame]:
    """The frames of a file that a Writer has written."""
    content, ports, frames, at = path.read_bytes(), [], [], 0
    while at < len(content):
        kind, size = struct.unpack_from("<II", content, at)
        body = at + 8
        if kind == INTERFACE:
            [length] = struct.unpack_from("<H", content, body + 10)
            ports.append(content[body + 12:body + 12 + length].decode())
        elif kind == PACKET:
            port, _, _, length, _ = struct.unpack_from("<IIIII", content, body)
            begin = body + 20
            after = begin + length + -length % 4
            [flags] = struct.unpack_from("<I", content, after + 4)
            data = content[begin:begin + length]
            frames.append(Frame(ports[port], flags == INBOUND, data))
        at += size
    return frames


# ---- TCP

class Segment(NamedTuple):
    ends: bytes  # both addresses and ports, the sender's first
    seq: int
    is_first: bool
    payload: bytes


def segment_of(data: bytes) -> Segment | None:
    """The TCP segment of an Ethernet frame; nothing if there is none in it."""
    [kind] = struct.unpack_from("!H", data, 12)
    if kind == IPV4 and data[23] == TCP:
        addresses, begin = data[26:34], 14 + 4 * (data[14] & 15)
        end = 14 + struct.unpack_from("!H", data, 16)[0]
    elif kind == IPV6 and data[20] == TCP:
        addresses, begin = data[22:54], 54
        end = begin + struct.unpack_from("!H", data, 18)[0]
    else:
        return None
    ports, seq, _, offset, flags = struct.unpack_from("!4sIIBB", data, begin)
    payload = data[begin + 4 * (offset >> 4):end]  # behind it stand what fills a short frame
    return Segment(addresses + ports, seq, bool(flags & SYN), payload)


def streams(frames: Iterable[Frame]) -> Iterator[bytes]:
    """Each direction of each connection as its sender cut it up, put together again: in the order
    of the sequence numbers, what was sent twice once. A new SYN begins a new connection."""
    begun: dict[bytes, tuple[int, dict[int, bytes]]] = {}
    done = []
    for frame in frames:
        segment = segment_of(frame.data) if frame.is_sent else None
        if segment is None:
            continue
        origin, parts = begun.get(segment.ends, (None, {}))
        first = (segment.seq + 1) % 2**32
        if origin is None or (segment.is_first and origin != first):
            done.append(parts)
            origin, parts = begun[segment.ends] = (first if segment.is_first else segment.seq, {})
        place = (segment.seq - origin) % 2**32
        if len(segment.payload) > len(parts.get(place, b"")):
            parts[place] = segment.payload
    for parts in [*done, *(parts for _, parts in begun.values())]:
        if parts:
            yield joined(parts)


def joined(parts: dict[int, bytes]) -> bytes:
    whole, end = [], 0
    for place, payload in sorted(parts.items()):
        fresh = payload[max(0, end - place):]
        whole.append(fresh)
        end = max(end, place + len(payload))
    return b"".join(whole)
