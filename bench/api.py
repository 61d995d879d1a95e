"""Part of scripts/bench: the local API of one agent on loopback, beside this machine's limits.

    writes     durable puts over HTTP from one client and from sixteen, and transactions of 1,000,
               each beside SQLite with the same fsyncs
    page       the first 50 of all records by an indexed field, beside the same question to SQLite
    bulk       all records in and out as NDJSON, with the agent's memory at its highest
    frame      an HTTP write until the frame on another client's WebSocket, beside the write alone
"""
from __future__ import annotations

import argparse
import http.client
import json
import pathlib
import sqlite3
import subprocess
import sys
import time

import corpus
from agents import Agent
from measure import Goal, Limits, memory_kib, percentile, report, spread

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests/integration"))
from web_socket import Line  # noqa: E402

SPACE = "bench"
RECORDS = f"/v1/spaces/{SPACE}/collections/messages/records"
FRAMES = 500


class Api:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, count: int):
        self.options, self.folder = options, folder
        file = folder / "corpus.bin"
        corpus.write_binary(count, file)
        self.messages = [value for collection, _, value in corpus.records(count)
                         if collection == "messages"]
        self.limits = Limits(options, folder, file)
        self.figures: dict[str, float] = {}

    def run(self) -> list[Goal]:
        self.agent = Agent(self.options.binary_folder / "lanyard", self.folder / "api", "api",
                           flags=("--sync-port", "0", "--api-port", "0", "--listen",
                                  "127.0.0.1")).start()
        try:
            self.agent.call("space.create", name=SPACE)
            self.token = self.agent.call("token.create", app="bench", spaces=[SPACE],
                                         write=True)["token"]
            self.port = self.agent.info["apiPort"]
            self.local_writes()
            self.bulk()
            self.page()
            self.frame()
        finally:
            self.agent.stop()
        return self.goals()

    # ---- asking

    def head(self, method: str, path: str, length: int, kind="application/json") -> str:
        return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {length}\r\n\r\n")

    def call(self, method: str, path: str, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        sent = None if body is None else json.dumps(body)
        link.request(method, path, sent, {"Authorization": f"Bearer {self.token}",
                                          "Content-Type": "application/json"})
        heard = link.getresponse()
        text = heard.read()
        link.close()
        if heard.status >= 300:
            raise SystemExit(f"bench: {method} {path}: {heard.status} {text[:200]!r}")
        return json.loads(text)

    def send(self, name: str, requests: list[tuple[str, str, object]], clients: int) -> dict:
        """By clients that cost nothing, unlike those in Python."""
        file = self.folder / f"{name}.http"
        with file.open("wb") as out:
            for method, path, value in requests:
                body = json.dumps(value, ensure_ascii=False).encode()
                whole = self.head(method, path, len(body)).encode() + body
                out.write(f"{len(whole)}\n".encode() + whole)
        program = self.options.binary_folder / "bench/bench_requests"
        done = subprocess.run([program, f"http:{self.port}", file, str(clients)], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    # ---- measurements

    def local_writes(self) -> None:
        def puts(count, name, number):
            return [("PUT", f"{RECORDS}/{name}-{number}-{place}",
                     self.messages[place % len(self.messages)]) for place in range(count)]
        def batches(count, name, number):
            return [("POST", f"/v1/spaces/{SPACE}/changes", {"ops": [
                {"op": "put", "collection": "messages", "key": f"{name}-{number}-{at}-{place}",
                 "value": self.messages[(at * 1000 + place) % len(self.messages)]}
                for place in range(1000)]}) for at in range(count)]
        self.writes("1-client", lambda *of: puts(1000, *of), 1, 1, "single-full")
        self.writes("16-clients", lambda *of: puts(8000, *of), 16, 1, "group-full")
        self.writes("batches", lambda *of: batches(10, *of), 2, 1000, "batch-full")

    def writes(self, name: str, requests, clients: int, rows: int, raw: str) -> None:
        """Three rounds of new records, each beside the limit; the one in the middle counts."""
        rounds = []
        for number in range(3):
            made = requests(name, number)
            done, limits = self.limits.beside((raw,), lambda: self.send(name, made, clients))
            rate = len(made) * rows / done["seconds"]
            rounds.append((rate / limits[raw], rate, len(made) * rows, done))
        of_raw, rate, count, done = sorted(rounds, key=lambda each: each[0])[1]
        report(measurement=f"api-writes-{name}", n=count, clients=clients, per_s=round(rate),
               p50_us=done["p50_us"], p99_us=done["p99_us"], of_raw=round(of_raw, 3))
        self.figures[name] = of_raw

    def bulk(self) -> None:
        """As lines, in and out; what the agent's memory came to meanwhile."""
        lines = [json.dumps({"op": "put", "collection": "bulk", "key": f"b{number:07}",
                             "value": {**value, "at": number}}, ensure_ascii=False) + "\n"
                 for number, value in enumerate(self.messages)]
        body = "".join(lines).encode()
        idle = memory_kib(self.agent.process.pid, "VmRSS")
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        started = time.perf_counter()
        link.request("POST", f"/v1/spaces/{SPACE}/changes", body, {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson"})
        answer = link.getresponse()
        if answer.status != 200:
            raise SystemExit(f"bench: bulk in: {answer.status} {answer.read()[:200]!r}")
        answer.read()
        into = time.perf_counter() - started
        started = time.perf_counter()
        link.request("GET", f"/v1/spaces/{SPACE}/collections/bulk/records", headers={
            "Authorization": f"Bearer {self.token}", "Accept": "application/x-ndjson"})
        answer, taken = link.getresponse(), 0
        while piece := answer.read(1 << 20):
            taken += len(piece)
        out = time.perf_counter() - started
        link.close()
        peak = memory_kib(self.agent.process.pid, "VmHWM")
        self.figures["bulk_mib"] = (peak - idle) / 1024
        report(measurement="api-bulk", n=len(lines), mb_in=round(len(body) / 1e6, 1),
               in_mb_per_s=round(len(body) / 1e6 / into, 1), mb_out=round(taken / 1e6, 1),
               out_mb_per_s=round(taken / 1e6 / out, 1), idle_kib=idle, peak_kib=peak)

    def page(self) -> None:
        """Beside a table and an index of SQLite's own, asked from here."""
        self.call("PUT", f"/v1/spaces/{SPACE}/collections/bulk/indexes/at")
        count = len(self.messages)
        question = f"/v1/spaces/{SPACE}/collections/bulk/records?order=-at&limit=50"
        self.call("GET", question)
        done = self.send_gets("page", question, 500)
        times = []
        with sqlite3.connect(":memory:") as raw:
            raw.execute("CREATE TABLE bulk (key TEXT PRIMARY KEY, value TEXT, at INTEGER)")
            raw.executemany("INSERT INTO bulk VALUES (?, ?, ?)", (
                (f"b{number:07}", json.dumps(value), number)
                for number, value in enumerate(self.messages)))
            raw.execute("CREATE INDEX bulk_at ON bulk (at)")
            for _ in range(500):
                started = time.perf_counter()
                raw.execute("SELECT key, value FROM bulk ORDER BY at DESC LIMIT 50").fetchall()
                times.append(time.perf_counter() - started)
        own_us = percentile(times, 50) * 1e6
        self.figures["page"] = done["p50_us"] / own_us
        report(measurement="api-page", n=count, p50_us=done["p50_us"], p99_us=done["p99_us"],
               sqlite_p50_us=round(own_us), of_sqlite=round(self.figures["page"], 1))

    def send_gets(self, name: str, path: str, count: int) -> dict:
        file = self.folder / f"{name}.http"
        whole = self.head("GET", path, 0).replace("Content-Type: application/json\r\n", "")
        file.write_text(f"{len(whole)}\n{whole}" * count, newline="")
        program = self.options.binary_folder / "bench/bench_requests"
        done = subprocess.run([program, f"http:{self.port}", file, "1"], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    def frame(self) -> None:
        """The writer's answer and the other client's frame, whichever comes first."""
        line = Line(self.port).sign_in(self.token)
        line.text({"type": "subscribe", "id": "f", "space": SPACE, "collection": "frames"})
        line.heard("snapshot", id="f")
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        heads = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answered, shown = [], []
        for number in range(FRAMES):
            body = json.dumps(self.messages[number % len(self.messages)])
            path = f"/v1/spaces/{SPACE}/collections/frames/records/f{number}"
            started = time.perf_counter()
            link.request("PUT", path, body, heads)
            link.getresponse().read()
            answered.append(time.perf_counter() - started)
            line.heard("change", id="f")
            shown.append(time.perf_counter() - started)
        link.close()
        line.close()
        self.figures["frame"] = percentile(shown, 50) / percentile(answered, 50)
        report(measurement="api-frame", n=FRAMES, **spread("answered", answered, 50, 99),
               **spread("shown", shown, 50, 99), of_answer_p50=round(self.figures["frame"], 2))

    def goals(self) -> list[Goal]:
        f, count = self.figures, len(self.messages)
        return [Goal("HTTP, 1 client / raw", 1000, f["1-client"], ">=", 0.55),
                Goal("HTTP, 16 clients / raw", 8000, f["16-clients"], ">=", 0.6),
                Goal("HTTP, batches of 1,000 / raw", 10_000, f["batches"], ">=", 0.8),
                Goal("NDJSON in and out, MiB beyond idle", count, f["bulk_mib"], "<=", 32.0),
                Goal("HTTP write to WebSocket frame / to its answer, p50", FRAMES, f["frame"],
                     "<=", 1.5)]
