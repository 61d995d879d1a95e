#!/usr/bin/env python3
"""Clients that drop at any byte and come back, against two linked agents.

    dropping_clients.py --seed S --clients N        LANYARD names the program

Half of the clients listen on /v1/live: cut after a random number of bytes of what the agent sends,
also within a frame, they come back with the last cursor that they received, to either device, while
records are written, patched and deleted on both, in batches large and small. At the end each one's
picture must be what the agents list. The others write under names of their own (mutationId), are
cut at any byte of the request or of the answer, and try again: each change must stand once.
What is chosen follows from the seed; which of two threads comes first does not.
"""
from __future__ import annotations

import argparse
import http.client
import json
import queue
import random
import socket
import struct
import threading
import time

from api import Api, ApiError
from api_device import ApiDevice
from lanyard_process import make_known, wait_until
from live_picture import Picture
from web_socket import Closed, Line

SPACE = "notes"
#: Collections with how many keys they have, how large a value is, and how much a batch writes.
COLLECTIONS = {"small": (200, 40, 120), "large": (8, 40_000, 4), "quiet": (5, 10, 1)}
THREADS = 12
WRITES_PER_S = 40


class Cut(ConnectionError):
    """The client is gone, as it was to be."""


class CutLine(Line):
    """A line that is cut after so many bytes; nothing: never."""

    def __init__(self, port: int, left: int | None, ends_hard: bool):
        self.left, self.ends_hard = left, ends_hard
        try:
            super().__init__(port)
        except BaseException:
            self.close()
            raise

    def receive(self) -> bytes:
        if self.left == 0:
            raise Cut("as planned")
        piece = self.socket.recv(min(65536, self.left or 65536))
        if self.left is not None:
            self.left -= len(piece)
        return piece

    def close(self) -> None:
        end(self.socket, self.ends_hard)


def end(link: socket.socket, hard: bool) -> None:
    """`hard`: with a reset."""
    if hard:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def some_bytes(chance: random.Random, most: int) -> int:
    """Any number, and a small one as likely as a large one."""
    return min(most, int(2 ** chance.uniform(0, most.bit_length())))


class Records:
    """Writes on one device until it is told to stop, and then a last record everywhere."""

    def __init__(self, api: Api, name: str, seed: int):
        self.api, self.name, self.chance = api, name, random.Random(f"{seed}/{name}")
        self.is_over = threading.Event()
        self.batches = 0
        self.known: set[tuple[str, str]] = set()
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.is_over.wait(self.chance.expovariate(WRITES_PER_S)):
            self.batches += 1
            try:
                self.send(self.batch())
            except ApiError as error:
                # What is to be deleted was deleted or edited on the other device meanwhile.
                if error.answer.status not in (404, 409):
                    self.failures.append(str(error))
                    return

    def send(self, ops: list[dict]) -> None:
        self.api.post(f"/v1/spaces/{SPACE}/changes", {"ops": ops})

    def batch(self) -> list[dict]:
        chance = self.chance
        collection = chance.choices(list(COLLECTIONS), (20, 4, 1))[0]
        keys, size, most = COLLECTIONS[collection]
        count = chance.choice((1, 1, 1, 1, 2, 3, most))
        chosen = chance.sample(range(keys), min(count, keys))
        return [self.op(collection, f"k{key}", size) for key in chosen]

    def op(self, collection: str, key: str, size: int) -> dict:
        kind = self.chance.choices(("put", "patch", "delete"), (6, 3, 2))[0]
        if kind == "delete" and (collection, key) not in self.known:
            kind = "put"
        (self.known.discard if kind == "delete" else self.known.add)((collection, key))
        op = {"op": kind, "collection": collection, "key": key}
        if kind != "delete":
            letter = self.chance.choice("abc\u00e4\u4e16\x01")
            op["value"] = {"by": self.name, "n": self.batches,
                           "text": letter * self.chance.randrange(size)}
        return op

    def say_last(self) -> None:
        self.send([{"op": "put", "collection": collection, "key": "last", "value": {}}
                   for collection in COLLECTIONS])


class Listener:
    """A client of /v1/live that drops some times, and then hears all."""

    def __init__(self, seed: int, number: int):
        self.chance = random.Random(f"{seed}/listener/{number}")
        self.number = number
        self.picture = Picture(SPACE, self.chance.choice((*COLLECTIONS, "small", None)))
        self.drops = 0
        self.is_out = threading.Lock()

    def visit(self, apis: list[Api]) -> None:
        """Listens until it is cut."""
        with self.is_out:
            self.listen_and_drop(apis)

    def listen_and_drop(self, apis: list[Api]) -> None:
        most = self.chance.choice((2_000, 30_000, 400_000))
        self.drops += 1
        try:
            api = self.chance.choice(apis)
            line = CutLine(api.port, some_bytes(self.chance, most), self.chance.random() < 0.5)
            try:
                line.socket.settimeout(self.chance.uniform(0.05, 0.25))  # or nothing more comes
                self.listen(line, api.token, lambda picture: False)
            finally:
                line.close()
        except (Cut, TimeoutError):
            pass

    def listen(self, line: Line, token: str, is_there) -> None:
        line.sign_in(token)
        self.picture.subscribe(line)
        self.picture.hear_until(line, is_there)

    def hear_all(self, api: Api) -> None:
        wanted = self.picture.wish.get("collection")
        names = {(each, "last") for each in ([wanted] if wanted else COLLECTIONS)}
        with CutLine(api.port, None, False) as line:
            self.listen(line, api.token, lambda picture: names <= picture.records.keys())

    def differences(self, there: dict) -> list[str]:
        wanted = self.picture.wish.get("collection")
        there = {name: value for name, value in there.items() if wanted in (None, name[0])}
        here = {name: value for name, value in self.picture.records.items()
                if name[0] in COLLECTIONS or wanted}
        return [f"listener {self.number} of {wanted}: {name} is {str(here.get(name))[:90]},"
                f" and {str(there.get(name))[:90]} there"
                for name in here.keys() | there.keys() if here.get(name) != there.get(name)]


class Writer:
    """A client that writes changes under names of its own, and tries each until it is answered."""

    def __init__(self, seed: int, number: int):
        self.chance = random.Random(f"{seed}/writer/{number}")
        self.number = number
        self.changes = [self.change(at) for at in range(self.chance.randrange(1, 4))]
        self.drops = 0

    def change(self, at: int) -> dict:
        key = f"w{self.number}-{at}"
        ops = [{"op": "add", "collection": "counted", "key": "all", "value": {"n": 1}},
               {"op": "add", "collection": "counted", "key": key, "value": {"n": 1}},
               {"op": "put", "collection": "written", "key": key,
                "value": {"text": "x" * some_bytes(self.chance, 20_000)}}]
        return {"mutationId": key, "ops": ops}

    def visit(self, api: Api) -> None:
        """One change, cut and tried again until it is answered."""
        for change in self.changes:
            request = self.request(api, change)
            for _ in range(self.chance.randrange(4)):
                self.drops += 1
                self.send_and_drop(api.port, request)
            answer = api.post(f"/v1/spaces/{SPACE}/changes", change)
            assert answer["applied"] == 3, answer

    def request(self, api: Api, change: dict) -> bytes:
        body = json.dumps(change).encode()
        return (f"POST /v1/spaces/{SPACE}/changes HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
                f"Authorization: Bearer {api.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def send_and_drop(self, port: int, request: bytes) -> None:
        link = socket.create_connection(("127.0.0.1", port), timeout=60)
        in_request = self.chance.random() < 0.4
        try:
            if in_request:
                link.sendall(request[:self.chance.randrange(len(request))])
            else:
                link.sendall(request)
                left = self.chance.randrange(400)
                while left > 0 and (piece := link.recv(left)):
                    left -= len(piece)
        finally:
            end(link, self.chance.random() < 0.5)


def all_records(api: Api, collections) -> dict:
    out = {}
    for collection in collections:
        answer = api.ask("GET", f"/v1/spaces/{SPACE}/collections/{collection}/records",
                         headers={"Accept": "application/x-ndjson"})
        out.update({(collection, each["key"]): each["value"] for each in answer.lines})
    return out


def run_all(jobs: list) -> list[str]:
    """What each job, on some threads, ended with that was no success."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    failures: list[str] = []

    def work():
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                job()
            except (OSError, AssertionError, http.client.HTTPException, Closed) as error:
                failures.append(f"{type(error).__name__}: {error}")
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


class Stage:
    """Two linked devices with a space that both have."""

    def __init__(self):
        self.devices = [ApiDevice("here"), ApiDevice("there")]
        here, there = self.devices
        try:
            for device in self.devices:
                device.start()
            here.ok("space", "create", SPACE)
            make_known(here, there)
            here.ok("space", "share", SPACE, "there")
            wait_until("the space is there", lambda: SPACE in there.ok("space", "list"))
            self.apis = [device.api("--space", SPACE, "--write") for device in self.devices]
            for api in self.apis:
                api.described = None  # other tests look at that, and it takes its time
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for device in self.devices:
            device.close()


def hear_to_the_end(stage: Stage, listeners: list[Listener], writers: list[Writer]) -> list[str]:
    """What is wrong once everything is still."""
    collections = (*COLLECTIONS, "counted", "written")
    wait_until("both devices have the same records", lambda: all_records(
        stage.apis[0], collections) == all_records(stage.apis[1], collections))
    failures = run_all([lambda each=each: each.hear_all(stage.apis[each.number % 2])
                        for each in listeners])
    there = all_records(stage.apis[0], COLLECTIONS)
    for each in listeners:
        failures += each.differences(there)
    changes = [change["mutationId"] for each in writers for change in each.changes]
    counted = all_records(stage.apis[0], ["counted"])
    wanted = {("counted", name): {"n": 1} for name in changes}
    if changes:
        wanted["counted", "all"] = {"n": len(changes)}
    failures += [f"{name}: {counted.get(name)} and not {wanted.get(name)}"
                 for name in wanted.keys() | counted.keys()
                 if counted.get(name) != wanted.get(name)]
    return failures


def run(seed: int, clients: int) -> list[str]:
    """What is wrong; nothing is right."""
    stage = Stage()
    try:
        chance = random.Random(seed)
        listeners = [Listener(seed, number) for number in range(clients // 2)]
        writers = [Writer(seed, number) for number in range(clients - clients // 2)]
        records = [Records(api, name, seed) for api, name in zip(stage.apis, ("here", "there"))]
        threads = [threading.Thread(target=each.run) for each in records]
        # A listener drops two to five times, and others come between.
        jobs = [lambda each=each: each.visit(stage.apis) for each in listeners
                for _ in range(chance.randrange(2, 6))]
        jobs += [lambda each=each: each.visit(stage.apis[each.number % 2]) for each in writers]
        chance.shuffle(jobs)
        began = time.monotonic()
        for thread in threads:
            thread.start()
        failures = run_all(jobs)
        for each, thread in zip(records, threads):
            each.is_over.set()
            thread.join()
            failures += each.failures
        wait_until("both devices are in step", lambda: all_records(
            stage.apis[0], COLLECTIONS) == all_records(stage.apis[1], COLLECTIONS))
        records[0].say_last()
        failures += hear_to_the_end(stage, listeners, writers)
        drops = sum(each.drops for each in (*listeners, *writers))
        print(f"report: {clients} clients dropped {drops} times beside "
              f"{sum(each.batches for each in records)} batches and were told everything again "
              f"{sum(each.picture.resyncs for each in listeners)} times, "
              f"in {time.monotonic() - began:.0f} s; {len(failures)} failures")
        return failures
    finally:
        stage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=500)
    options = parser.parse_args()
    failures = run(options.seed, options.clients)
    for failure in failures[:20]:
        print(failure)
    if failures:
        raise SystemExit(f"dropping_clients.py --seed {options.seed} "
                         f"--clients {options.clients}: {len(failures)} failures")


if __name__ == "__main__":
    main()
