"""What a ReChat client does with its sync server, over HTTP, with a user's token."""

import http.client
import json

from lanyard_process import ANSWER_WITHIN_S
from rangerplex_client import Refused


def chat(name: str, *messages: dict, **members) -> dict:
    return {"id": name, "title": f"Chat {name}", "timestamp": "2026-03-01T10:00:00.000Z",
            "messages": list(messages), "createdAt": "2026-03-01T10:00:00.000Z",
            "updatedAt": "2026-03-01T10:00:00.000Z", **members}


def message(name: str, content="hello", second=0, **members) -> dict:
    at = f"2026-03-01T10:00:{second:02}.000Z"
    return {"id": name, "content": content, "role": "user", "timestamp": at, "createdAt": at,
            "updatedAt": at, **members}


class ChatsyncClient:
    def __init__(self, port: int, token: str | None, *, origin: str | None = None):
        self.port, self.token, self.origin = port, token, origin

    def ask(self, method: str, path: str, body: bytes | None = None, **headers):
        """Status and the body's bytes."""
        sent = {"Host": f"localhost:{self.port}"}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.origin:
            sent["Origin"] = self.origin
        if body is not None:
            sent["Content-Type"] = "application/json"
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)
        try:
            link.request(method, path, body=body, headers={**sent, **headers})
            heard = link.getresponse()
            return heard.status, heard.read()
        finally:
            link.close()

    def call(self, method: str, path: str, value=None):
        body = None if value is None else json.dumps(value).encode()
        status, text = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise Refused(status, text.decode())
        return json.loads(text)

    def status(self) -> dict:
        return self.call("GET", "/api/sync")

    def sync(self, **wish) -> dict:
        return self.call("POST", "/api/sync", wish)

    def upload(self, *chats: dict) -> dict:
        return self.call("POST", "/api/sync/upload", {"chats": list(chats)})

    def upload_chat(self, value: dict) -> dict:
        return self.call("POST", "/api/sync/upload-chat", {"chat": value})

    def download(self) -> list[dict]:
        answer = self.call("GET", "/api/sync/download")
        assert answer["success"] and answer["count"] == len(answer["chats"]), answer
        return answer["chats"]

    def delete(self, name: str) -> dict:
        return self.call("DELETE", f"/api/sync/delete-chat?chatId={name}")

    def sign_out(self) -> dict:
        return self.call("POST", "/api/auth/signout")

    def delete_user(self) -> dict:
        return self.call("DELETE", "/api/user")
