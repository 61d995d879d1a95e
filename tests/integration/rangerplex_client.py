"""A client of RangerPlex's sync server, as the real one behaves (docs/COMPAT.md): the calls that it
makes, the frames that it sends, what it does when the server is away. It knows nothing of Lanyard.

    client = Client(port)
    client.post_chat(chat)                  POST /api/sync/chat
    with client.socket() as line:           the WebSocket, its welcome heard
        line.text({"type": "sync_chat", "data": chat})
"""
from __future__ import annotations

import http.client
import json

from web_socket import Line

ANSWER_WITHIN_S = 120


class Refused(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status: int, text: str):
        super().__init__(f"{status}: {text[:500]}")
        self.status, self.text = status, text


def chat(number: int, *messages: dict, **members) -> dict:
    return {"id": f"chat-{number}", "title": f"Chat {number}", "model": "gemini",
            "messages": list(messages), "knowledgeBase": [], "updatedAt": 1000 + number,
            "isStarred": False, **members}


def message(name: str, text: str = "hello", **members) -> dict:
    return {"id": name, "sender": "user", "text": text, "timestamp": 1700000000000, **members}


class Client:
    def __init__(self, port: int, socket_port: int | None = None, *, origin: str | None = None,
                 browser: str = "client/1"):
        self.port, self.socket_port = port, socket_port or port
        self.headers = {"User-Agent": browser}
        if origin:
            self.headers["Origin"] = origin
        self.queue: list[dict] = []  # as localStorage keeps it

    def ask(self, method: str, path: str, body: bytes | None = None,
            headers: dict[str, str] | None = None):
        """Status, headers in small letters, and the body's bytes."""
        sent = {"Host": f"localhost:{self.port}", **self.headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)
        try:
            link.request(method, path, body=body, headers={**sent, **(headers or {})})
            heard = link.getresponse()
            return heard.status, {k.lower(): v for k, v in heard.getheaders()}, heard.read()
        finally:
            link.close()

    def call(self, method: str, path: str, value=None):
        body = None if value is None else json.dumps(value).encode()
        status, _, text = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise Refused(status, text.decode())
        return json.loads(text)

    # ---- what syncService calls

    def chats(self) -> list[dict]:
        return self.call("GET", "/api/chats")

    def chat(self, name: str) -> dict:
        return {each["id"]: each for each in self.chats()}[name]

    def settings(self) -> dict:
        return self.call("GET", "/api/settings")

    def post_chat(self, value: dict) -> dict:
        return self.call("POST", "/api/sync/chat", value)

    def post_setting(self, key: str, value) -> dict:
        return self.call("POST", "/api/sync/settings", {"key": key, "value": value})

    def post_all(self, chats: list[dict]) -> None:
        """What its auto-save does every five minutes."""
        for each in chats:
            self.post_chat(each)

    def export(self) -> dict:
        return self.call("GET", "/api/export")

    def import_all(self, value: dict) -> dict:
        return self.call("POST", "/api/import", value)

    def clear(self) -> dict:
        return self.call("DELETE", "/api/clear")

    def socket(self) -> Line:
        line = Line(self.socket_port, "/", origin=self.headers.get("Origin"),
                    headers={"User-Agent": self.headers["User-Agent"]})
        welcome = line.heard("connected")
        assert welcome["message"] == "Connected to RangerPlex Sync Server", welcome
        return line

    # ---- while the server is away

    def sync_chat(self, value: dict) -> dict:
        """Posts, or keeps for later, as the newest client does."""
        try:
            return self.post_chat(value)
        except OSError:
            self.queue.append({"type": "sync_chat", "data": value})
            return {"queued": True}

    def flush(self, line: Line) -> None:
        """The whole queue at once, when the WebSocket is open; a send counts as delivered."""
        for frame in self.queue:
            line.text(frame)
        self.queue = []
