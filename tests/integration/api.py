"""The local HTTP API as programs of this machine use it, each answer held against openapi.json.

    api = Api(agent, token)
    api.get("/v1/spaces")                    the JSON of a 2xx answer, else ApiError
    api.ask("PUT", path, json={...})         the whole Answer, whatever its status
"""
from __future__ import annotations

import http.client
import json
import re
import socket
from typing import NamedTuple

import jsonschema

ANSWER_WITHIN_S = 120


class ApiError(Exception):
    """An answer that is no success, where one was wanted."""

    def __init__(self, answer: "Answer"):
        super().__init__(f"{answer.status}: {answer.body[:2000]!r}")
        self.answer = answer


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self) -> list:
        return [json.loads(line) for line in self.body.splitlines()]


class Description:
    """openapi.json, as far as answers can be held against it."""

    def __init__(self, document: dict):
        self.document = document
        self.seen: set[tuple[str, str, int]] = set()
        self.paths = [(re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", path)), path)
                      for path in document["paths"]]

    def operation(self, method: str, target: str) -> tuple[str, dict]:
        path = target.split("?")[0]
        for pattern, name in self.paths:
            if pattern.fullmatch(path):
                known = self.document["paths"][name]
                return name, known.get("get" if method == "HEAD" else method.lower(), {})
        return "", {}

    def resolved(self, node: dict) -> dict:
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def check(self, method: str, target: str, answer: Answer) -> None:
        """AssertionError if the document does not say that this can be answered."""
        where = f"{method} {target} answered {answer.status} {answer.body[:500]!r}"
        name, operation = self.operation(method, target)
        if answer.status >= 400:
            response = self.document["components"]["responses"]["Problem"]
        else:
            response = operation.get("responses", {}).get(str(answer.status))
            assert response, f"not described: {where}"
            self.seen.add((method, name, answer.status))
        if method == "HEAD" or answer.status in (204, 304):
            return
        kind = answer.headers.get("content-type", "")
        content = self.resolved(response)["content"]
        assert kind in content, f"not a described type, {kind}: {where}"
        if kind.startswith(("text/", "image/svg+xml")):
            values = [answer.body.decode()]
        elif kind in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
            values = answer.lines
        else:
            values = [answer.json]
        for value in values:
            self.validate(content[kind]["schema"], value, where)

    def validate(self, schema: dict, value, where: str) -> None:
        whole = {**schema, "components": self.document["components"]}
        problem = jsonschema.exceptions.best_match(
            jsonschema.Draft202012Validator(whole).iter_errors(value))
        assert problem is None, f"{problem.message} at {list(problem.absolute_path)}: {where}"


class Api:
    def __init__(self, port: int, token: str | None = None, described: Description | None = None,
                 origin: str | None = None):
        self.port, self.token, self.origin = port, token, origin
        self.described = described
        if described is None:
            self.described = Description(self.ask("GET", "/v1/openapi.json").json)

    def ask(self, method: str, target: str, body: bytes | None = None, *, json_body=None,
            headers: dict[str, str] | None = None) -> Answer:
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.origin:
            sent["Origin"] = self.origin
        if json_body is not None:
            body = json.dumps(json_body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)
        try:
            link.request(method, target, body=body, headers=sent)
            heard = link.getresponse()
            answer = Answer(heard.status, {k.lower(): v for k, v in heard.getheaders()},
                            heard.read())
        finally:
            link.close()
        if self.described:
            self.described.check(method, target, answer)
        return answer

    def call(self, method: str, target: str, json_body=None, **more):
        answer = self.ask(method, target, json_body=json_body, **more)
        if answer.status >= 300:
            raise ApiError(answer)
        return answer.json

    def get(self, target: str, **more):
        return self.call("GET", target, **more)

    def put(self, target: str, value, **more):
        return self.call("PUT", target, value, **more)

    def post(self, target: str, value=None, **more):
        return self.call("POST", target, value, **more)


def send_raw(port: int, data: bytes, timeout: float = ANSWER_WITHIN_S) -> bytes:
    """What comes back until the agent closes, for requests that no library would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := link.recv(65536):
            heard += piece
        return heard
