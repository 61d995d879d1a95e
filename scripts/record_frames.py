#!/usr/bin/env python3
"""Records every frame that passes a port of the lab's bridge: the process behind capture.py.

    record_frames.py FILE      says "ready", records until its standard input ends, and then says
                               as JSON how many frames were lost because the ring was full

The kernel puts frames into a ring of shared memory (packet(7), TPACKET_V3), so that nothing is lost
while this process does not run, and everybody may have as much of it as root.
"""
from __future__ import annotations

import json
import mmap
import select
import socket
import struct
import sys

from frames import Frame, Writer

ALL_PROTOCOLS = 3
# Of <linux/if_packet.h>, where Python has no names for them.
SOL_PACKET, RX_RING, STATISTICS, VERSION, TPACKET_V3 = 263, 5, 6, 10, 2
OUTGOING = 4
OF_THE_KERNEL = 0  # the status of a block that it still fills
STATUS, COUNT, FIRST = 8, 12, 16  # where they stand in a block
ADDRESS = 48  # of the interface, behind the head of each frame

# 64 MiB may wait. A frame is in one block, and far smaller than that.
BLOCK_BYTES, BLOCKS = 1 << 20, 64
# A block that is not full is handed over when it is so old.
BLOCK_AGE_MS = 50


class Ring:
    """Frames on all interfaces of this network, also on those that are made later."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(ALL_PROTOCOLS))
        self.socket.setsockopt(SOL_PACKET, VERSION, TPACKET_V3)
        frame = 1 << 11  # of no meaning in this version, but checked
        wanted = struct.pack("7I", BLOCK_BYTES, BLOCKS, frame, BLOCK_BYTES // frame * BLOCKS,
                             BLOCK_AGE_MS, 0, 0)
        self.socket.setsockopt(SOL_PACKET, RX_RING, wanted)
        self.memory = mmap.mmap(self.socket.fileno(), BLOCK_BYTES * BLOCKS)
        self.block = 0
        self.ports: dict[int, str] = {}

    def record_waiting(self, writer: Writer) -> int:
        """Writes what the kernel has handed over; how many frames that were, on any interface."""
        recorded = 0
        while self._number(self.block + STATUS) != OF_THE_KERNEL:
            at = self.block + self._number(self.block + FIRST)
            for _ in range(self._number(self.block + COUNT)):
                self._record(at, writer)
                at += self._number(at)
                recorded += 1
            struct.pack_into("I", self.memory, self.block + STATUS, OF_THE_KERNEL)
            self.block = (self.block + BLOCK_BYTES) % len(self.memory)
        return recorded

    def _record(self, at: int, writer: Writer) -> None:
        _, seconds, nanoseconds, held, size, _, begin = struct.unpack_from("6IH", self.memory, at)
        if held != size:
            sys.exit(f"record_frames: of a frame of {size} bytes only {held} came")
        index, _, direction = struct.unpack_from("iHB", self.memory, at + ADDRESS + 4)
        if index not in self.ports:
            self.ports[index] = socket.if_indextoname(index)
        # The bridge's own interface shows again what its ports have shown.
        if self.ports[index].startswith("port"):
            data = self.memory[at + begin:at + begin + size]
            frame = Frame(self.ports[index], direction != OUTGOING, data)
            writer.write(frame, seconds * 10**9 + nanoseconds)

    def _number(self, at: int) -> int:
        return struct.unpack_from("I", self.memory, at)[0]

    def statistics(self) -> tuple[int, int]:
        """Frames that have come, and how many of them were lost, since this was last asked."""
        come, lost, _ = struct.unpack("3I", self.socket.getsockopt(SOL_PACKET, STATISTICS, 12))
        return come, lost


def main(path: str) -> None:
    ring, recorded = Ring(), 0
    with open(path, "wb") as file:
        writer = Writer(file)
        print("ready", flush=True)
        waiting: list = []
        while sys.stdin not in waiting:
            waiting, _, _ = select.select([ring.socket, sys.stdin], [], [])
            recorded += ring.record_waiting(writer)
        come, lost = ring.statistics()
        while recorded < come - lost:
            select.select([ring.socket], [], [])
            recorded += ring.record_waiting(writer)
    print(json.dumps({"lost": lost}))


if __name__ == "__main__":
    main(sys.argv[1])
