"""Runs the real program with folders and ports of its own, for the tests beside this file.

LANYARD names the program; ctest sets it. Standard library only.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAM = os.environ["LANYARD"]
ANSWER_WITHIN_S = 60


class Device:
    """One data folder with its agent, running or not."""

    def __init__(self, name="device"):
        self.folder = Path(tempfile.mkdtemp(prefix="lanyard-it-"))
        self.name = name
        self.data = self.folder / "data"
        self.state = self.folder / "state"
        self.process = None
        # Nothing of the person who runs the tests: no config, no systemd, no colours.
        self.environment = {
            "HOME": str(self.folder),
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "XDG_RUNTIME_DIR": str(self.folder / "no-runtime"),
        }
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if variable in os.environ:
                self.environment[variable] = os.environ[variable]

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(ANSWER_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.process.stdout.close()
        if lock := self.agent_pid():
            os.kill(lock, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def agent_pid(self):
        """The pid of an agent that answers."""
        try:
            return self.call("agent.info")["agent"]["pid"]
        except (OSError, RuntimeError):
            return None

    def arguments(self, *words):
        return [PROGRAM, *words, "--data-dir", str(self.data), "--state-dir", str(self.state)]

    def run(self, *words, stdin=None, environment=None):
        """The finished program: returncode, stdout, stderr as text."""
        return subprocess.run(
            self.arguments(*words), capture_output=True, text=True, timeout=ANSWER_WITHIN_S,
            env=self.environment | (environment or {}),
            **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}),
        )

    def ok(self, *words, stdin=None):
        """Standard output of a program that must succeed."""
        done = self.run(*words, stdin=stdin)
        if done.returncode != 0:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def json(self, *words, stdin=None):
        return json.loads(self.ok(*words, "--json", stdin=stdin))

    def start(self, *words):
        """An agent in the foreground, with a port that the system chooses."""
        self.process = subprocess.Popen(
            self.arguments("agent", "--name", self.name, "--sync-port", "0", "--listen",
                           "127.0.0.1", "--no-discovery", *words),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.environment,
        )
        wait_until(lambda: self.agent_pid() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError(self.process.stdout.read().decode())
        self.info = self.call("agent.info")["agent"]
        return self

    def stop(self):
        self.process.terminate()
        output = self.process.communicate(timeout=ANSWER_WITHIN_S)[0].decode()
        if self.process.returncode != 0:
            raise AssertionError(f"the agent ended with {self.process.returncode}: {output}")
        return output

    def connect(self):
        return Control(self.data / "agent.sock")

    def call(self, method, **params):
        with self.connect() as control:
            return control.call(method, **params)


class Control:
    """A client of the control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_WITHIN_S)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.lines.close()
        self.socket.close()

    def send(self, method, **params):
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.last_id

    def receive(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the agent closed the connection")
        return json.loads(line)

    def call(self, method, **params):
        wanted = self.send(method, **params)
        while True:
            answer = self.receive()
            if answer["id"] != wanted or "progress" in answer:
                continue
            if "error" in answer:
                raise RuntimeError(answer["error"])
            return answer["result"]


def wait_until(condition, within_s=ANSWER_WITHIN_S):
    """Looks again and again; for what another process does and tells nobody."""
    until = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError("it did not come about in time")
        time.sleep(0.02)
    return found


def make_known(first, second):
    """Two running devices, each known to the other and linked, the first one dialling."""
    address = f"127.0.0.1:{second.info['syncPort']}"
    first.ok("devices", "add", second.info["id"], "--at", address)
    second.ok("devices", "add", first.info["id"])
    # A device's name is what it says of itself once it is met.
    for one, other in ((first, second), (second, first)):
        wait_until(lambda: other.name in [device["name"] for device in one.json("status")["devices"]
                                          if device["linked"]])
