"""Somebody between two devices, who passes on what they say message by message and does one deed to
one of the messages.

    between = Between(port)          calls to between.address go to that port
    over = between.arm(Deed("dialer", 2, "flip", 0))
    ...                              the next link that is made has it done to it
    over.wait(...)                   the link is gone at both ends; over.was_done says whether

    between.gate.close_after(bytes)  so much more of what the listeners say comes through
    between.gate.open()              and now the rest

The messages of each side are counted from 0, its preface; those behind it stand behind a length.
"""

import contextlib
import dataclasses
import socket
import threading

PREFACE_BYTES = 8
# How long nobody says anything before somebody who holds a message back gives up.
QUIET_S = 0.25
DEEDS = ("drop", "replay", "reorder", "reflect")


@dataclasses.dataclass(frozen=True)
class Deed:
    whose: str    # "dialer" or "listener"
    number: int
    what: str     # one of DEEDS, or "flip"
    at: int = 0   # flip: the byte, of the length's too; from the end if negative
    bit: int = 0

    def __str__(self):
        where = f" {self.at}.{self.bit}" if self.what == "flip" else ""
        return f"{self.what}{where} of the {self.whose}'s {self.number}"

    def may_hang(self, message):
        """Both may wait for ever: nobody has heard anything wrong, and something is not there."""
        if self.what in ("drop", "reorder"):
            return True
        is_length = self.what == "flip" and self.number > 0 and self.at in (0, 1)
        return is_length and not message[self.at] >> self.bit & 1

    def flipped(self, message):
        out = bytearray(message)
        out[self.at] ^= 1 << self.bit
        return bytes(out)


class Gate:
    """What the listeners say comes through until so many bytes have, and then waits."""

    def __init__(self):
        self.changed = threading.Condition()
        self.left = None   # bytes; none: it is open

    def close_after(self, count):
        with self.changed:
            self.left = count

    def open(self):
        with self.changed:
            self.left = None
            self.changed.notify_all()

    def pass_through(self, count):
        with self.changed:
            self.changed.wait_for(lambda: self.left is None or self.left >= count)
            if self.left is not None:
                self.left -= count


class Link:
    """One call that is passed on, until both ends have hung up."""

    def __init__(self, deed=None, gate=None):
        self.deed = deed
        self.gate = gate
        self.was_done = threading.Event()
        self.gave_up = False       # nobody hung up, so we did
        self.begun = threading.Event()
        self.over = threading.Event()
        self.said = {"dialer": [], "listener": []}  # sizes of the messages as they came
        self.heard = threading.Event()
        self.clear = bytearray()   # all that was said

    def begin(self, caller, port):
        self.ends = {"dialer": caller}
        try:
            self.ends["listener"] = socket.create_connection(("127.0.0.1", port))
        except OSError:
            caller.close()
            self.begun.set()
            self.over.set()
            return
        self.locks = {who: threading.Lock() for who in self.ends}
        for end in self.ends.values():
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pumps = [threading.Thread(target=self._pump, args=(whose,), daemon=True)
                      for whose in self.ends]
        for pump in self.pumps:
            pump.start()
        self.begun.set()
        threading.Thread(target=self._wait_for_end, daemon=True).start()

    def hang_up(self):
        self.begun.wait()  # a test may be quicker than the call
        for end in self.ends.values():
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _wait_for_end(self):
        for pump in self.pumps:
            pump.join()
        for end in self.ends.values():
            end.close()
        self.over.set()

    def _pump(self, whose):
        source = self.ends[whose].makefile("rb")
        other = "listener" if whose == "dialer" else "dialer"
        held = None
        with contextlib.suppress(OSError):  # one of them is gone
            while message := next_message(source, not self.said[whose]):
                self.heard.set()
                number = len(self.said[whose])
                self.said[whose].append(len(message))
                self.clear += message
                if self.gate and whose == "listener":
                    self.gate.pass_through(len(message))
                if not self.deed or (self.deed.whose, self.deed.number) != (whose, number):
                    self._send(other, message + (held or b""))
                    held = None
                else:
                    held = self._do(message, whose, other)
        source.close()
        with contextlib.suppress(OSError):
            self.ends[other].shutdown(socket.SHUT_WR)

    def _do(self, message, whose, other):
        """Does the deed; what is to be sent behind the next message, if anything."""
        deed = self.deed
        if deed.may_hang(message):
            threading.Thread(target=self._give_up_when_quiet, daemon=True).start()
        if deed.what == "flip":
            self._send(other, deed.flipped(message))
        elif deed.what == "replay":
            self._send(other, message + message)
        elif deed.what == "reflect":
            self._send(whose, message)
        self.was_done.set()
        return message if deed.what == "reorder" else None

    def _give_up_when_quiet(self):
        self.was_done.wait()
        while not self.over.is_set():
            self.heard.clear()
            if not self.heard.wait(QUIET_S) and not self.over.is_set():
                self.gave_up = True
                return self.hang_up()

    def _send(self, to, message):
        with self.locks[to]:
            self.ends[to].sendall(message)


def next_message(source, is_preface):
    """With its length; empty once the sender has hung up."""
    if is_preface:
        whole = source.read(PREFACE_BYTES)
        return whole if len(whole) == PREFACE_BYTES else b""
    length = source.read(2)
    size = int.from_bytes(length, "big")
    rest = source.read(size) if len(length) == 2 else b""
    return length + rest if len(rest) == size else b""


class Between:
    def __init__(self, port=None):
        """`port`: where callers are passed on to; may be set later."""
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.armed, self.links = None, []
        self.gate = Gate()
        threading.Thread(target=self._serve, daemon=True).start()

    def arm(self, deed=None):
        """The link that comes next, as it will have been."""
        self.armed = Link(deed, self.gate)
        return self.armed

    def hang_up_all_but(self, kept=None):
        """A device that looks whether another one is there makes a second link, which ends at once:
        the one that lasts is not always the last one. Returns those that were there."""
        others = [link for link in self.links if link is not kept]
        for link in others:
            link.hang_up()
        return others

    def close(self):
        self.listener.close()
        self.gate.open()
        self.hang_up_all_but()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                caller, _ = self.listener.accept()
                link, self.armed = self.armed or Link(None, self.gate), None
                self.links = [each for each in self.links if not each.over.is_set()] + [link]
                link.begin(caller, self.port)
