"""What OpenChat's CloudAPI adapter does, over HTTP: the calls that its sync manager makes of the
cloud. It knows nothing of Lanyard. Times are seconds since 1970."""

from urllib.parse import quote

from json_client import JsonClient


def chat(name: str, user="ann", at=1_700_000_000, **members) -> dict:
    return {"id": name, "title": f"Chat {name}", "userId": user, "createdAt": at, "updatedAt": at,
            **members}


def message(name: str, of: str, content="hello", at=1_700_000_000, **members) -> dict:
    return {"id": name, "chatId": of, "role": "user", "content": content, "createdAt": at,
            **members}


class CloudapiClient(JsonClient):
    """A page's fetch brings no token; `token` is for the apps that have one."""

    def __init__(self, port: int, token: str | None = None, *, browser="client/1",
                 origin: str | None = None):
        super().__init__(port, token, origin=origin, **{"User-Agent": browser})

    # ---- CloudAPI

    def get_chats(self, user: str, since="undefined") -> list[dict]:
        """As the adapter writes it: a time that is not there is the word `undefined`."""
        return self.call("GET", f"/api/chats?userId={quote(user, safe='')}&since={since}")

    def get_messages(self, of: str, since="undefined") -> list[dict]:
        return self.call("GET", f"/api/messages?chatId={quote(of, safe='')}&since={since}")

    def create_chat(self, value: dict) -> dict:
        return self.call("POST", "/api/chats", value)

    def create_message(self, value: dict) -> dict:
        return self.call("POST", "/api/messages", value)

    def update_chat(self, name: str, method="PUT", **members) -> dict:
        return self.call(method, f"/api/chats/{quote(name, safe='')}", members)

    def delete_chat(self, name: str) -> dict:
        return self.call("DELETE", f"/api/chats/{quote(name, safe='')}")

    def delete_message(self, name: str) -> dict:
        return self.call("DELETE", f"/api/messages/{quote(name, safe='')}")

    def get_sync_events(self, user: str, since="undefined") -> list[dict]:
        return self.call("GET", f"/api/sync-events?userId={quote(user, safe='')}&since={since}")

    # ---- the others

    def register_device(self, **members) -> dict:
        return self.call("POST", "/api/devices", members)

    def devices(self, user: str) -> list[dict]:
        return self.call("GET", f"/api/devices?userId={quote(user, safe='')}")

    def config(self, user: str) -> dict:
        return self.call("GET", f"/api/sync-config?userId={quote(user, safe='')}")

    def update_config(self, user: str, **members) -> dict:
        return self.call("PUT", f"/api/sync-config?userId={quote(user, safe='')}", members)

    def status(self) -> dict:
        return self.call("GET", "/api/sync/status")

    def chat(self, name: str) -> dict:
        return self.call("GET", f"/api/chats/{quote(name, safe='')}")

    def message(self, name: str) -> dict:
        return self.call("GET", f"/api/messages/{quote(name, safe='')}")

    def create_user(self, value: dict) -> dict:
        return self.call("POST", "/api/users", value)

    def user(self, name: str) -> dict:
        return self.call("GET", f"/api/users/{quote(name, safe='')}")
