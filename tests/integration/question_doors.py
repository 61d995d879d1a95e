"""Every door at which records are asked for, each as a function of the same question.

    with Doors(device, api_token) as doors:
        doors.pages("control", question)      keys and values, page by page
        doors.count("http", question)
    with Listening(device, token, collection, wheres) as ears:
        ears.heard(written)                   what each subscription and watch was told of the keys
"""
from __future__ import annotations

import http.client
import json
import select
import urllib.parse
from typing import NamedTuple

from question_model import identical
from web_socket import Line

SPACE = "questions"
ADDRESS_MAX = 12_000  # characters of a query; a head holds 16 KiB
ANSWER_WITHIN_S = 120


class Question(NamedTuple):
    collection: str
    where: dict
    order: str
    limit: int

    def __str__(self) -> str:
        return (f"where={json.dumps(self.where)[:3000]} order={json.dumps(self.order)} "
                f"limit={self.limit} in {self.collection}")


class Refused(Exception):
    """An answer that is no success."""


class Doors:
    def __init__(self, device, token: str):
        self.device, self.token = device, token
        self.link = http.client.HTTPConnection("127.0.0.1", device.info["apiPort"],
                                               timeout=ANSWER_WITHIN_S)

    def __enter__(self) -> "Doors":
        return self

    def __exit__(self, *ignored) -> None:
        self.link.close()

    def http(self, method: str, path: str, body=None, kind: str = "application/json") -> dict:
        sent = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = kind
        self.link.request(method, path, body=body, headers=sent)
        heard = self.link.getresponse()
        answered = heard.read()
        if heard.status != 200:
            raise Refused(f"{method} {path[:200]}: {heard.status} {answered[:1000]!r}")
        return json.loads(answered)

    def of_collection(self, collection: str, what: str) -> str:
        return f"/v1/spaces/{SPACE}/collections/{urllib.parse.quote(collection)}/{what}"

    # ---- one page each

    def page_by_address(self, question: Question, cursor: str) -> dict:
        query = {"where": json.dumps(question.where), "order": question.order,
                 "limit": question.limit, **({"cursor": cursor} if cursor else {})}
        query = urllib.parse.urlencode({k: v for k, v in query.items() if v != ""})
        return self.http("GET", self.of_collection(question.collection, f"records?{query}"))

    def page_by_body(self, question: Question, cursor: str) -> dict:
        body = {"where": question.where, "order": question.order, "limit": question.limit,
                **({"cursor": cursor} if cursor else {})}
        return self.http("POST", self.of_collection(question.collection, "query"), body)

    def page_by_control(self, question: Question, cursor: str) -> dict:
        return self.device.call("data.query", space=SPACE, collection=question.collection,
                                where=question.where, order=question.order, limit=question.limit,
                                **({"cursor": cursor} if cursor else {}))

    def pages(self, page, question: Question) -> list[tuple[str, dict]]:
        found, cursor = [], ""
        while True:
            answer = page(question, cursor)
            found += [(each["key"], each["value"]) for each in answer["records"]]
            cursor = answer["cursor"]
            if not cursor:
                return found
            if len(answer["records"]) > question.limit or len(cursor) > 2000:
                raise Refused(f"a page of {len(answer['records'])}, a cursor of {len(cursor)}")

    # ---- how many

    def count_by_address(self, question: Question) -> int:
        query = urllib.parse.urlencode({"where": json.dumps(question.where)})
        return self.http("GET", self.of_collection(question.collection,
                                                   f"count?{query}"))["count"]

    def count_by_body(self, question: Question) -> int:
        return self.http("POST", self.of_collection(question.collection, "count"),
                         {"where": question.where})["count"]

    def count_by_control(self, question: Question) -> int:
        return self.device.call("data.count", space=SPACE, collection=question.collection,
                                where=question.where)["count"]

    # ---- others

    def lines(self, question: Question) -> list[tuple[str, dict]]:
        """All of it as lines, in one answer."""
        query = urllib.parse.urlencode({"where": json.dumps(question.where),
                                        "order": question.order})
        path = self.of_collection(question.collection, f"records?{query}")
        self.link.request("GET", path, headers={"Authorization": f"Bearer {self.token}",
                                                "Accept": "application/x-ndjson"})
        heard = self.link.getresponse()
        answered = heard.read()
        if heard.status != 200:
            raise Refused(f"lines: {heard.status} {answered[:1000]!r}")
        records = [json.loads(line) for line in answered.splitlines()]
        return [(each["key"], each["value"]) for each in records]

    def snapshot(self, line: Line, question: Question) -> list[tuple[str, dict]]:
        line.text({"type": "subscribe", "id": "snapshot", "space": SPACE,
                   "collection": question.collection, "where": question.where})
        found = []
        while True:
            page = line.heard("snapshot", id="snapshot")
            found += [(each["record"]["key"], each["record"]["value"])
                      for each in page["records"]]
            if not page["more"]:
                line.text({"type": "unsubscribe", "id": "snapshot"})
                return found

    def sql(self, sql: str, values: list) -> list[list]:
        return self.http("POST", f"/v1/spaces/{SPACE}/sql",
                         {"sql": sql, "values": values, "limit": 10_000})["rows"]


class Listening:
    """Subscriptions of /v1/live and watches of the control socket, each with its conditions, and
    one of either kind without any, which is told last."""

    def __init__(self, device, token: str, collection: str, wheres: list[dict]):
        self.wheres = [*wheres, {}]
        self.line = Line(device.info["apiPort"]).sign_in(token)
        self.control = device.connect()
        self.unread = b""  # of the control socket
        self.live: dict[tuple[int, str], dict | None] = {}
        self.watched: dict[tuple[int, str], list] = {}
        self.watches: dict[int, int] = {}
        for number, where in enumerate(self.wheres):
            self.line.text({"type": "subscribe", "id": str(number), "space": SPACE,
                            "collection": collection, "where": where})
            while self.line.heard("snapshot", id=str(number))["more"]:
                pass
            request = self.control.send("data.watch", space=SPACE, collection=collection,
                                        where=where)
            self.watches[request] = number
            self.take_watched()  # that it watches

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *ignored) -> None:
        self.line.close()
        self.control.close()

    def take_watched(self) -> None:
        while b"\n" not in self.unread:
            piece = self.control.socket.recv(65536)
            if not piece:
                raise ConnectionError("the agent closed its control socket")
            self.unread += piece
        line, _, self.unread = self.unread.partition(b"\n")
        said = json.loads(line)
        if "error" in said:
            raise Refused(f"data.watch: {said['error']}")
        record = said["progress"].get("record")
        if record:
            place = (self.watches[said["id"]], record["key"])
            self.watched.setdefault(place, []).append(record["value"])

    def take_live(self) -> None:
        change = self.line.heard("change")
        self.live[int(change["id"]), change["record"]["key"]] = change["record"]["value"]

    def hear(self, written: dict[str, dict | None], expected) -> None:
        """Until everyone was told of all that was written. `expected(where, key)`: what a
        subscription has to say in the end; it may have said before how the record was."""
        last = len(self.wheres) - 1

        def is_live_done() -> bool:
            return all(place in self.live and identical(self.live[place], expected(where, key))
                       for key in written for number, where in enumerate(self.wheres)
                       for place in [(number, key)])

        def is_watch_done() -> bool:
            return all(any(identical(each, value) for each in self.watched.get((last, key), []))
                       for key, value in written.items())

        while not is_live_done() or not is_watch_done():
            if self.line.buffer:
                self.take_live()
                continue
            if b"\n" in self.unread:
                self.take_watched()
                continue
            ready, _, _ = select.select([self.line.socket, self.control.socket], [], [],
                                        ANSWER_WITHIN_S)
            if not ready:
                return  # whoever compares says what is missing
            if self.line.socket in ready:
                self.take_live()
            if self.control.socket in ready:
                self.take_watched()
