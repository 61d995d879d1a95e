"""The local API of an agent as the benchmark's clients use it, on loopback, where nobody is looked
for.

    with LocalApi(options, folder, "api") as api:
        api.new_space("bench")                a space, and the token that `api` has from then on
        api.call("PUT", path, value)          one request, its answer; ends the program if refused
        api.send(name, requests, clients)     many, by clients that cost nothing
        api.line()                            a WebSocket on /v1/live, signed in
"""
from __future__ import annotations

import argparse
import http.client
import json
import pathlib
import subprocess
import sys

from agents import Agent
from measure import thread_cpu_us

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests/integration"))
from web_socket import Line  # noqa: E402

HOST = "127.0.0.1"
# How long a socket may say nothing, in seconds.
PATIENCE_S = 600


class LocalApi:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, name: str):
        self.folder, self.programs = folder, options.binary_folder / "bench"
        self.agent = Agent(options.binary_folder / "lanyard", folder / name, name,
                           flags=("--sync-port", "0", "--api-port", "0", "--listen", HOST))

    def __enter__(self) -> "LocalApi":
        self.agent.start()
        self.port = self.agent.info["apiPort"]
        return self

    def __exit__(self, kind, *ignored) -> None:
        # What went wrong before matters more than how the agent ends.
        self.agent.stop() if kind is None else self.agent.kill()

    def new_space(self, name: str) -> None:
        self.agent.call("space.create", name=name)
        self.new_token(name)

    def new_token(self, *spaces: str) -> None:
        self.token = self.agent.call("token.create", app="bench", spaces=list(spaces),
                                     write=True)["token"]

    # ---- asking

    def head(self, method: str, path: str, length: int, kind: str = "application/json") -> bytes:
        said_of_body = f"Content-Type: {kind}\r\nContent-Length: {length}\r\n" if length else ""
        return (f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n"
                f"Authorization: Bearer {self.token}\r\n{said_of_body}\r\n").encode()

    def request(self, method: str, path: str, value=None) -> bytes:
        """As it goes over the socket."""
        body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
        return self.head(method, path, len(body)) + body

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_S)

    def call(self, method: str, path: str, value=None):
        link = self.connect()
        link.request(method, path, None if value is None else json.dumps(value),
                     self.heads() | {"Content-Type": "application/json"})
        heard = link.getresponse()
        text = heard.read()
        link.close()
        if heard.status >= 300:
            raise SystemExit(f"bench: {method} {path}: {heard.status} {text[:200]!r}")
        return json.loads(text)

    def heads(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def send(self, name: str, requests: list[bytes], clients: int) -> dict:
        """By clients that cost nothing, unlike those in Python."""
        file, pid = self.prepared(name, requests), self.agent.process.pid
        before = thread_cpu_us(pid)
        done = self.run("bench_requests", f"http:{self.port}", file, str(clients))
        cost = {thread: used - before.get(thread, 0) for thread, used in thread_cpu_us(pid).items()}
        return done | {"thread_cpu_us": cost}

    def tcp_cpu_us(self, name: str, requests: list[bytes], clients: int) -> float:
        """What one request costs a thread that reads it whole, and answers without a look at it."""
        file = self.prepared(name, requests)
        with subprocess.Popen([self.programs / "bench_answers"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as answers:
            port = answers.stdout.readline().strip()
            before = sum(thread_cpu_us(answers.pid).values())
            self.run("bench_requests", f"http:{port}", file, str(clients))
            cost = sum(thread_cpu_us(answers.pid).values()) - before
            answers.stdin.close()
        return cost / len(requests)

    def prepared(self, name: str, requests: list[bytes]) -> pathlib.Path:
        """A file of requests, each behind a line with its length."""
        file = self.folder / f"{name}.http"
        with file.open("wb") as out:
            for request in requests:
                out.write(f"{len(request)}\n".encode() + request)
        return file

    def run(self, program: str, *words) -> dict:
        """The one line that a program of this folder prints."""
        done = subprocess.run([self.programs / program, *words], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {program} ended with {done.returncode}")
        return json.loads(done.stdout)

    def line(self) -> Line:
        return Line(self.port).sign_in(self.token)
