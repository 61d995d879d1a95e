"""Records every frame that passes a port of the lab's bridge, and shows that none is missing.

    capture = Capture(file)           before the lab is made, so that its first frame is there
    lab.take_down()                   in the end: nothing passes any more
    capture.end(lab.counters())       figures; CaptureError if it is not all that has passed
    frames.read(file)                 the frames; the file is one that Wireshark opens

Every frame stands in the file once for each port that it passed: as the host behind the port sent
it, and as it went out to another. The counters of the ports count the same frames at the same
places, with the same bytes from the Ethernet header on, so that number and bytes are equal for
every port and direction. A packet that the kernel hands over in one piece and a cable would carry
in several (TSO) is one frame for both.

The frames are recorded by a process of its own, record_frames.py.
"""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys

from frames import Frame, read

RECORDER = pathlib.Path(__file__).resolve().parent / "record_frames.py"

# (port, sent by its host) -> frames and bytes
Counters = dict[tuple[str, bool], tuple[int, int]]


class CaptureError(Exception):
    """Not every frame is in the file."""


class Capture:
    def __init__(self, file: pathlib.Path):
        self.file = file
        self.process = subprocess.Popen([sys.executable, str(RECORDER), str(file)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self.process.stdout.readline():
            raise CaptureError("frames cannot be recorded here")

    def end(self, counters: Counters) -> dict:
        """Called when nothing passes any more. `counters`: from a time when nothing had passed."""
        said, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise CaptureError(f"the recording ended with {self.process.returncode}")
        lost = json.loads(said)["lost"]
        if lost:
            raise CaptureError(f"{lost} frames came faster than they were recorded")
        captured = sums(read(self.file))
        counted = {place: sum_ for place, sum_ in counters.items() if sum_ != (0, 0)}
        if captured != counted:
            raise CaptureError(f"captured are {captured}, but the counters say {counted}")
        return {"frames": sum(frames for frames, _ in captured.values()),
                "bytes": sum(size for _, size in captured.values()),
                "bytes_by_counters": sum(size for _, size in counted.values())}

    def kill(self) -> None:
        """For when nothing is asked any more."""
        self.process.kill()
        self.process.communicate()


def sums(frames: list[Frame]) -> Counters:
    result: Counters = {}
    for frame in frames:
        place = (frame.port, frame.is_sent)
        count, size = result.get(place, (0, 0))
        result[place] = (count + 1, size + len(frame.data))
    return result
