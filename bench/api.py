"""Part of scripts/bench: the local API of one agent on loopback, beside this machine's limits.

    writes       durable puts over HTTP from one client and from sixteen, and transactions of 1,000,
                 each beside SQLite with the same fsyncs
    bulk, large  records in and out as NDJSON, with the agent's memory at its highest (api_bulk.py)
    page         the first 50 of all records by an indexed field, beside the same question to SQLite
    frame, elsewhere, subscribers
                 an HTTP write until the frames on other clients' WebSockets (api_live.py)
"""
from __future__ import annotations

import argparse
import json
import pathlib
import sqlite3
import time

import corpus
from api_bulk import bulk, large
from api_live import Elsewhere, frame, subscribers
from local_api import LocalApi
from measure import Goal, Limits, percentile, report

SPACE = "bench"
RECORDS = f"/v1/spaces/{SPACE}/collections/messages/records"
BULK = f"/v1/spaces/{SPACE}/collections/bulk"
# Requests for a page.
PAGES = 500
PARTS = ["writes", "bulk", "page", "frame", "elsewhere", "subscribers", "large"]
# What takes gigabytes of disk is for those who ask for it.
USUAL_PARTS = [part for part in PARTS if part != "large"]
# What a write, or a record of a batch, cost each thread in microseconds of a processor before costs
# were counted: the release of 30 November 2026 (330815f) on two cores that nothing else used, in
# turns with the one after it. And what of it is wanted.
COSTS_BEFORE_US = {"api": {"1-client": 64.0, "16-clients": 23.0, "batches": 2.6},
                   "storage": {"1-client": 211.0, "16-clients": 54.0, "batches": 12.0}}
COST_WANTED = {"api": 1 / 2, "storage": 2 / 3}


class Api:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path, count: int):
        self.options, self.folder = options, folder
        self.corpus = folder / "corpus.bin"
        corpus.write_binary(count, self.corpus)
        self.messages = [value for collection, _, value in corpus.records(count)
                         if collection == "messages"]

    def run(self) -> list[Goal]:
        goals: list[Goal] = []
        parts, messages = self.options.of_api, self.messages
        with LocalApi(self.options, self.folder, "api") as api:
            api.new_space(SPACE)
            if "writes" in parts:
                goals += self.local_writes(api)
            if "frame" in parts:
                goals += frame(api, messages, self.options.writes)
            if "subscribers" in parts:
                subscribers(api, self.options, messages)
        if {"bulk", "page"} & set(parts):
            goals += self.bulk_and_page()
        if "elsewhere" in parts:
            goals += Elsewhere(self.options, self.folder, messages).run()
        if "large" in parts:
            goals += large(self.options, self.folder, messages)
        return goals

    def local_writes(self, api: LocalApi) -> list[Goal]:
        messages, limits = self.messages, Limits(self.options, self.folder, self.corpus)

        def puts(count, name):
            return [api.request("PUT", f"{RECORDS}/{name}-{place}", messages[place % len(messages)])
                    for place in range(count)]

        def batches(count, name):
            return [api.request("POST", f"/v1/spaces/{SPACE}/changes", {"ops": [
                {"op": "put", "collection": "messages", "key": f"{name}-{at}-{place}",
                 "value": messages[(at * 1000 + place) % len(messages)]}
                for place in range(1000)]}) for at in range(count)]

        def goals(what, name, requests, clients, rows, raw, least):
            """Three rounds of new records, each beside the limit; the one in the middle counts.
            A thread's floor is what nobody can leave out: the same requests read and answered by
            who does nothing else, and the rows of SQLite with a signature for each change."""
            rounds, floors = [], []
            for number in range(3):
                made = requests(f"{name}-{number}")
                limits.now("signature")
                tcp = api.tcp_cpu_us(name, made, clients) / rows
                done, found = limits.beside((raw,), lambda: api.send(name, made, clients))
                rate = len(made) * rows / done["seconds"]
                cost_us = {thread: used / len(made) / rows
                           for thread, used in done["thread_cpu_us"].items()}
                rounds.append((rate / found[raw], rate, len(made) * rows, done, cost_us))
                floors.append({"api": tcp, "storage": limits.cpu_us[raw] +
                               limits.cpu_us["signature"] / rows})
            of_raw, rate, count, done, _ = sorted(rounds, key=lambda each: each[0])[1]
            cost_us = {thread: sorted(each[4][thread] for each in rounds)[1]
                       for thread in COSTS_BEFORE_US}
            floor_us = {thread: sorted(each[thread] for each in floors)[1]
                        for thread in COSTS_BEFORE_US}
            report(measurement=f"api-writes-{name}", n=count, clients=clients, per_s=round(rate),
                   p50_us=done["p50_us"], p99_us=done["p99_us"], of_raw=round(of_raw, 3),
                   **{f"{thread}_cpu_us": round(cost, 2) for thread, cost in cost_us.items()},
                   **{f"{thread}_floor_us": round(floor, 2) for thread, floor in floor_us.items()},
                   **{f"{thread}_cpu_us_before": before[name]
                      for thread, before in COSTS_BEFORE_US.items()})
            return [Goal(f"HTTP, {what} / raw", count, of_raw, ">=", least)] + [
                Goal(f"HTTP, {what}, CPU us of a write, {thread} thread", count, cost_us[thread],
                     "<=", round(before[name] * COST_WANTED[thread], 1), before[name])
                for thread, before in COSTS_BEFORE_US.items()]

        return [*goals("1 client", "1-client", lambda name: puts(1000, name), 1, 1, "single-full",
                       0.55),
                *goals("16 clients", "16-clients", lambda name: puts(8000, name), 16, 1,
                       "group-full", 0.6),
                *goals("batches of 1,000", "batches", lambda name: batches(10, name), 2, 1000,
                       "batch-full", 0.8)]

    def bulk_and_page(self) -> list[Goal]:
        """In an agent of its own, for what others did before would count as idle memory."""
        with LocalApi(self.options, self.folder, "bulk") as api:
            api.new_space(SPACE)
            goals = bulk(api, SPACE, self.messages)
            if "page" in self.options.of_api:
                self.page(api)
        return goals

    def page(self, api: LocalApi) -> None:
        """Beside a table and an index of SQLite's own, asked from here."""
        api.call("PUT", f"{BULK}/indexes/at")
        question = f"{BULK}/records?order=-at&limit=50"
        api.call("GET", question)
        done = api.send("page", [api.request("GET", question)] * PAGES, 1)
        times = []
        with sqlite3.connect(":memory:") as raw:
            raw.execute("CREATE TABLE bulk (key TEXT PRIMARY KEY, value TEXT, at INTEGER)")
            raw.executemany("INSERT INTO bulk VALUES (?, ?, ?)", (
                (f"b{number:09}", json.dumps(value), number)
                for number, value in enumerate(self.messages)))
            raw.execute("CREATE INDEX bulk_at ON bulk (at)")
            for _ in range(PAGES):
                started = time.perf_counter()
                raw.execute("SELECT key, value FROM bulk ORDER BY at DESC LIMIT 50").fetchall()
                times.append(time.perf_counter() - started)
        own_us = percentile(times, 50) * 1e6
        report(measurement="api-page", n=len(self.messages), p50_us=done["p50_us"],
               p99_us=done["p99_us"], sqlite_p50_us=round(own_us),
               of_sqlite=round(done["p50_us"] / own_us, 1))
