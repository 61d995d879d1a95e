"""Agents as other programs of this repository use them: processes with a control socket.

    agent = Agent(binary, folder, name="laptop", wrap=lab_command)
    agent.start()                             waits until it answers
    agent.call("space.create", {"name": "n"}) one request, its result; ControlError if refused
    agent.kill()                              -9
"""
from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import time


class ControlError(Exception):
    """What the agent said instead of a result."""

    def __init__(self, problem: dict):
        super().__init__(f"{problem.get('title')}: {problem.get('why')} ({problem.get('code')})")
        self.problem = problem


class Control:
    """One connection to an agent's control socket (docs/CONTROL.md)."""

    def __init__(self, path: str | os.PathLike):
        self.socket = socket.socket(socket.AF_UNIX)
        # A socket's path holds 107 bytes; a descriptor of its folder is always short enough.
        folder = os.open(pathlib.Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.socket.connect(f"/proc/self/fd/{folder}/{pathlib.Path(path).name}")
        finally:
            os.close(folder)
        self.lines = self.socket.makefile("rb")
        self.next_id = 1

    def send(self, method: str, params: dict) -> int:
        request = {"id": self.next_id, "method": method, "params": params}
        self.next_id += 1
        self.socket.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        return request["id"]

    def receive(self) -> dict:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the agent closed its control socket")
        return json.loads(line)

    def call(self, method: str, params: dict) -> dict:
        self.send(method, params)
        while True:
            answer = self.receive()
            if "progress" not in answer:
                return result_of(answer)

    def call_all(self, requests: list[tuple[str, dict]], window: int = 64) -> list[dict]:
        """Many requests on one connection, `window` of them under way; their results in order."""
        results: dict[int, dict] = {}
        first, sent = self.next_id, 0
        while len(results) < len(requests):
            while sent < len(requests) and sent - len(results) < window:
                self.send(*requests[sent])
                sent += 1
            answer = self.receive()
            if "progress" not in answer:
                results[answer["id"]] = result_of(answer)
        return [results[first + i] for i in range(len(requests))]

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def result_of(answer: dict) -> dict:
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer["result"]


class Agent:
    """An agent process with folders of its own. `wrap`: puts a command where it is to run."""

    def __init__(self, binary, folder, name: str, wrap=lambda command: command, flags=()):
        self.binary, self.name, self.wrap, self.flags = str(binary), name, wrap, list(flags)
        self.folder = pathlib.Path(folder)
        self.data, self.state = self.folder / "data", self.folder / "state"
        self.process: subprocess.Popen | None = None
        self.control: Control | None = None

    def start(self) -> "Agent":
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*self._program(), "agent", "--name", self.name, "--no-discovery", *self.flags]
        self.output = self.folder / "output.txt"
        with open(self.output, "ab") as output:
            environment = {**os.environ, "LANYARD_CONFIG": str(self.folder / "config.toml")}
            (self.folder / "config.toml").touch()
            self.process = subprocess.Popen(self.wrap(command), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, env=environment)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.control = Control(self.data / "agent.sock")
                self.info = self.control.call("agent.info", {})["agent"]
                return self
            except (OSError, ConnectionError) as problem:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.output.read_text()
                    raise RuntimeError(f"{self.name} does not start: {problem}\n{said}") from None
                time.sleep(0.01)

    def call(self, method: str, params: dict | None = None) -> dict:
        assert self.control is not None, f"{self.name} is not running"
        return self.control.call(method, params or {})

    def cli(self, *arguments: str, check: bool = True, **options) -> subprocess.CompletedProcess:
        command = [*self._program(), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              **options)
        if check and done.returncode != 0:
            what = f"`lanyard {' '.join(arguments)}` on {self.name}"
            raise RuntimeError(f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def _program(self) -> list[str]:
        return [self.binary, "--data-dir", str(self.data), "--state-dir", str(self.state)]

    def kill(self) -> None:
        """The plug is pulled: no handler runs."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        assert self.process is not None
        if self.control:
            self.control.close()
            self.control = None
        self.process.send_signal(how)
        self.process.wait(timeout=20)


def wait_until(what: str, condition, seconds: float = 60.0, every: float = 0.05):
    """The first true value of `condition()`; an error that says what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"this did not happen within {seconds:.0f} s: {what}")
        time.sleep(every)
