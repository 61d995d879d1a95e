"""Agents as other programs of this repository use them: processes with a control socket.

    agent = Agent(binary, folder, name="laptop", wrap=lab_command)
    agent.start()                             waits until it answers
    agent.call("space.create", name="notes")  one request, its result; ControlError if refused
    agent.ok("space", "list")                 what the command line prints; AgentError if it fails
    agent.kill()                              -9
"""
from __future__ import annotations

import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import time

# Generous: under a sanitizer, on a busy machine, all of this takes many times longer.
ANSWER_WITHIN_S = 120


ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASED = ROOT / "build/release/lanyard"


def build_released(program: str | os.PathLike = RELEASED) -> None:
    """Builds the release with all it needs, if that is what is asked for and it is not there."""
    if pathlib.Path(program) != RELEASED or RELEASED.exists():
        return
    print("   (building the program first)", file=sys.stderr, flush=True)
    for command in (["scripts/setup", "--quiet", "test"], ["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "lanyard"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


class AgentError(Exception):
    """An agent, or a command for it, that ended in another way than it should."""


class ControlError(Exception):
    """What the agent said instead of a result."""

    def __init__(self, problem: dict):
        super().__init__(f"{problem.get('title')}: {problem.get('why')} ({problem.get('code')})")
        self.problem = problem


class Control:
    """One connection to an agent's control socket (docs/CONTROL.md)."""

    def __init__(self, path: str | os.PathLike):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_WITHIN_S)
        try:
            # A socket's path holds 107 bytes; a descriptor of its folder is always short enough.
            folder = os.open(pathlib.Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                self.socket.connect(f"/proc/self/fd/{folder}/{pathlib.Path(path).name}")
            finally:
                os.close(folder)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")
        self.next_id = 1

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *ignored) -> None:
        self.close()

    def send(self, method: str, **params) -> int:
        request = {"id": self.next_id, "method": method, "params": params}
        self.next_id += 1
        self.socket.sendall(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        return request["id"]

    def receive(self) -> dict:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the agent closed its control socket")
        return json.loads(line)

    def call(self, method: str, **params) -> dict:
        return self.call_all([(method, params)])[0]

    def call_all(self, requests: list[tuple[str, dict]], window: int = 64) -> list[dict]:
        """Many requests on one connection, `window` of them under way; their results in order."""
        results: dict[int, dict] = {}
        first, sent = self.next_id, 0
        while len(results) < len(requests):
            while sent < len(requests) and sent - len(results) < window:
                method, params = requests[sent]
                self.send(method, **params)
                sent += 1
            answer = self.receive()
            if "error" in answer:
                raise ControlError(answer["error"])
            if "result" in answer:
                results[answer["id"]] = answer["result"]
        return [results[first + i] for i in range(len(requests))]

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


class Agent:
    """An agent process with folders of its own. `wrap`: puts a command where it is to run."""

    def __init__(self, binary, folder, name: str, wrap=lambda command: command, flags=(),
                 environment: dict[str, str] | None = None, discovery: bool = False):
        # Off unless asked for: only in a network of its own may an agent speak to others.
        self.discovery = [] if discovery else ["--no-discovery"]
        self.binary, self.name, self.wrap, self.flags = str(binary), name, wrap, list(flags)
        self.folder = pathlib.Path(folder)
        self.data, self.state = self.folder / "data", self.folder / "state"
        self.output = self.folder / "output.txt"
        config = {"LANYARD_CONFIG": str(self.folder / "config.toml")}
        self.environment = {**os.environ, **config} if environment is None else environment
        self.process: subprocess.Popen | None = None
        self.control: Control | None = None

    # ---- the process

    def start(self, *flags: str) -> "Agent":
        self.folder.mkdir(parents=True, exist_ok=True)
        if "LANYARD_CONFIG" in self.environment:
            pathlib.Path(self.environment["LANYARD_CONFIG"]).touch()
        command = self.arguments("agent", "--name", self.name, *self.discovery, *self.flags,
                                 *flags)
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(self.wrap(command), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, env=self.environment)
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while True:
            try:
                self.control = self.connect()
                self.info = self.call("agent.info")["agent"]
                return self
            except (OSError, ConnectionError) as problem:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.output.read_text(errors="replace")
                    raise AgentError(f"{self.name} does not start: {problem}\n{said}") from None
                time.sleep(0.002)

    def kill(self) -> None:
        """The plug is pulled: no handler runs."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self._end(signal.SIGTERM)
        if self.process.returncode != 0:
            said = self.output.read_text(errors="replace")
            raise AgentError(f"{self.name} ended with {self.process.returncode}:\n{said}")

    def _end(self, how: int) -> None:
        assert self.process is not None
        if self.control:
            self.control.close()
            self.control = None
        self.process.send_signal(how)
        self.process.wait(timeout=ANSWER_WITHIN_S)

    # ---- its control socket

    def connect(self) -> Control:
        return Control(self.data / "agent.sock")

    def call(self, method: str, **params) -> dict:
        assert self.control is not None, f"{self.name} is not running"
        return self.control.call(method, **params)

    # ---- its command line

    def arguments(self, *words: str) -> list[str]:
        return [self.binary, "--data-dir", str(self.data), "--state-dir", str(self.state), *words]

    def run(self, *words: str, stdin: str | None = None,
            environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        """The finished program: returncode, stdout and stderr as text."""
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(self.arguments(*words), capture_output=True, text=True,
                              timeout=ANSWER_WITHIN_S, env=self.environment | (environment or {}),
                              **given)

    def ok(self, *words: str, stdin: str | None = None) -> str:
        """Standard output of a program that must succeed."""
        done = self.run(*words, stdin=stdin)
        if done.returncode != 0:
            what = f"`lanyard {' '.join(words)}` on {self.name}"
            raise AgentError(f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words: str, stdin: str | None = None) -> dict:
        return json.loads(self.ok(*words, "--json", stdin=stdin))


def free_port() -> int:
    """A port on which nobody listens, and which the system gives to nobody by itself: it is still
    free when it is listened on later, and again after a stop."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = map(int, file.read().split())
    others = [*range(10_000, first), *range(last + 1, 65_536)] or range(10_000, 65_536)
    while True:
        port = secrets.choice(others)  # other programs choose at the same time
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait_until(what: str, condition, seconds: float = ANSWER_WITHIN_S, every: float = 0.02):
    """The first true value of `condition()`; an error that says what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"this did not happen within {seconds:.0f} s: {what}")
        time.sleep(every)
