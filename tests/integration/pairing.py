"""Pairing two real agents, as the tests beside this file and the long runs do it."""

import json
import signal
import subprocess
import threading
import time
from queue import Empty, Queue

from lanyard_process import ANSWER_WITHIN_S, wait_until


class Window:
    """`lanyard pair --json` on a device: what it prints, line by line."""

    def __init__(self, device):
        self.process = subprocess.Popen(device.arguments("pair", "--json"), text=True,
                                        env=device.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self):
        """The next event; an error's object; None once the program has ended."""
        try:
            return self.lines.get(timeout=ANSWER_WITHIN_S)
        except Empty:
            raise TimeoutError("`lanyard pair` says nothing more") from None

    def code(self, spelling="words"):
        """The code that is shown next."""
        event = self.next()
        assert event and event.get("event") == "code", event
        return event["code"][spelling]

    def end(self):
        """The last thing that it printed, and its exit code."""
        last = None
        while (event := self.next()) is not None:
            last = event
        return last, self.process.wait(timeout=ANSWER_WITHIN_S)

    def cancel(self):
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def wait_or_cancel(self, seconds):
        """For a window of which nobody knows whether it still has a use."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.cancel()


class ControlWindow:
    """A pairing window by the control socket: no program is started for it."""

    def __init__(self, device):
        self.control = device.connect()
        self.control.send("pair.open")
        self.code = self.next_code()

    def next_code(self):
        """Its nine digits; the one after a wrong code too."""
        return self.control.receive()["progress"]["code"]["digits"]

    def end(self):
        """The events that came since, and the answer."""
        events = []
        while "progress" in (line := self.control.receive()):
            events += line["progress"]
        self.control.close()
        return events, line

    def cancel(self):
        self.control.send("pair.close")
        return self.end()


class ControlJoiner:
    """Types codes at a device by its control socket."""

    def __init__(self, device):
        self.control = device.connect()

    def join(self, code, at, *, says_yes=True):
        """The answer. Its person says yes if it is asked and may."""
        self.begin(code, at=at)
        while (line := self._next()) is None or "progress" in line:
            if line and says_yes:
                self.say_yes()
        return line

    def begin(self, code, **where):
        self.request = self.control.send("pair.join", code=code, **where)

    def found(self):
        """What the person is asked about, or the error."""
        while (line := self._next()) is None:
            pass
        return line.get("progress", line)

    def say_yes(self):
        self.control.send("pair.answer", yes=True)

    def answer(self):
        while (line := self._next()) is None:
            pass
        return line

    def _next(self):
        """None for that an answer was taken."""
        line = self.control.receive()
        return line if line.get("id") == self.request else None


def other_code(code):
    return f"{(int(code) + 1) % 10**9:09d}"


def address(device):
    return f"127.0.0.1:{device.info['syncPort']}"


def join(device, code, host, *more):
    """The finished `lanyard pair CODE` on a device."""
    return device.run("pair", code, "--at", address(host), "--yes", *more)


def pair(joiner, host, *more):
    """Both, with one code; what the joiner printed."""
    window = Window(host)
    done = join(joiner, window.code(), host, "--json", *more)
    last, code = window.end()
    assert done.returncode == 0 and code == 0, (done.stdout, done.stderr, last)
    return json.loads(done.stdout.splitlines()[-1])["paired"]


def is_linked(device, name):
    return name in [each["name"] for each in device.json("devices", "list")["devices"]
                    if each["linked"]]


def knows_any(device):
    return bool(device.json("devices", "list")["devices"])


def kill_while_pairing(joiner, host, victim, after_s):
    """Pairs two devices, of which one dies in the middle of it and starts again; pairs them again
    if they need it. Then both are linked. True if the first try was enough."""
    window = Window(host)
    typing = subprocess.Popen(
        joiner.arguments("pair", window.code(), "--at", address(host), "--yes"),
        env=joiner.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    victim.kill()
    typing.wait(timeout=ANSWER_WITHIN_S)
    window.wait_or_cancel(1)
    victim.start()
    both = knows_any(host) and knows_any(joiner)
    if not both:
        pair(joiner, host)
    elif victim is host:  # its port is another one now, which a static address cannot know
        joiner.ok("devices", "add", host.info["id"], "--at", address(host))
    else:
        host.ok("devices", "add", joiner.info["id"], "--at", address(joiner))
    wait_until("both are linked",
               lambda: is_linked(host, joiner.name) and is_linked(joiner, host.name))
    return both
