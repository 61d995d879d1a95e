"""What a ReChat client does with its sync server, over HTTP, with a user's token."""

from json_client import JsonClient


def chat(name: str, *messages: dict, **members) -> dict:
    return {"id": name, "title": f"Chat {name}", "timestamp": "2026-03-01T10:00:00.000Z",
            "messages": list(messages), "createdAt": "2026-03-01T10:00:00.000Z",
            "updatedAt": "2026-03-01T10:00:00.000Z", **members}


def message(name: str, content="hello", second=0, **members) -> dict:
    at = f"2026-03-01T10:00:{second:02}.000Z"
    return {"id": name, "content": content, "role": "user", "timestamp": at, "createdAt": at,
            "updatedAt": at, **members}


class ChatsyncClient(JsonClient):
    """With a user's token; the browser's name says nothing here."""

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
