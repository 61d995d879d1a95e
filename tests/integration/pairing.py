"""Pairing two real agents, as the tests beside this file and the long runs do it."""

import json
import signal
import subprocess
import threading
from queue import Empty, Queue

from lanyard_process import ANSWER_WITHIN_S


class Window:
    """`lanyard pair --json` on a device: what it prints, line by line."""

    def __init__(self, device):
        self.process = subprocess.Popen(device.arguments("pair", "--json"), text=True,
                                        env=device.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
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
