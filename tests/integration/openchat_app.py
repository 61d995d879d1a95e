"""OpenChat's app with its sync manager, as the original behaves: a local database whose rows it
hides when they are deleted, events that it pushes one by one before it pulls, and an insert that
fails where the id is there already, hidden or not. It knows nothing of Lanyard."""
from __future__ import annotations

import time

from cloudapi_client import CloudapiClient
from rangerplex_client import Refused


class Duplicate(Exception):
    """UNIQUE constraint failed: the pull ends here, as the original's does."""


class OpenChatApp:
    def __init__(self, cloud: CloudapiClient, user: str):
        self.cloud, self.user = cloud, user
        self.chats: dict[str, dict] = {}
        self.messages: dict[str, dict] = {}
        self.events: list[tuple[str, str, str, dict]] = []
        self.last_sync = 0

    # ---- its local database

    def insert(self, kind: str, row: dict) -> None:
        table = self.table(kind)
        if row["id"] in table:
            raise Duplicate(f"{kind}.id {row['id']}")
        table[row["id"]] = {**row, "isDeleted": 1 if row.get("isDeleted") else 0}
        self.events.append((kind, "create", row["id"], table[row["id"]]))

    def table(self, kind: str) -> dict[str, dict]:
        return self.chats if kind == "chat" else self.messages

    def get(self, kind: str, name: str) -> dict | None:
        row = self.table(kind).get(name)
        return None if row is None or row["isDeleted"] else row

    def rows(self, kind: str) -> list[dict]:
        return [row for row in self.table(kind).values() if not row["isDeleted"]]

    def update_chat(self, name: str, **members) -> None:
        self.chats[name].update({**members, "updatedAt": int(time.time())})
        self.events.append(("chat", "update", name, members))

    def delete(self, kind: str, name: str) -> None:
        self.table(kind)[name]["isDeleted"] = 1
        self.events.append((kind, "delete", name, {"id": name}))

    # ---- its sync manager

    def push(self) -> list[tuple[str, str, str, dict]]:
        """The events that were taken; what was refused is tried again at the next push."""
        calls = {("chat", "create"): lambda name, data: self.cloud.create_chat(data),
                 ("chat", "update"): lambda name, data: self.cloud.update_chat(name, **data),
                 ("chat", "delete"): lambda name, data: self.cloud.delete_chat(name),
                 ("message", "create"): lambda name, data: self.cloud.create_message(data),
                 ("message", "delete"): lambda name, data: self.cloud.delete_message(name)}
        taken, left = [], []
        for event in self.events:
            kind, operation, name, data = event
            try:
                calls[kind, operation](name, data)
                taken.append(event)
            except Refused:
                left.append(event)
        self.events = left
        return taken

    def pull(self) -> None:
        for row in self.cloud.get_chats(self.user, self.last_sync):
            there = self.get("chat", row["id"])
            if there is None:
                self.insert("chat", row)
            elif row["updatedAt"] > there["updatedAt"]:
                there.update({name: row[name] for name in ("title", "updatedAt")})
                there["isDeleted"] = 1 if row["isDeleted"] else 0
                self.events.append(("chat", "update", row["id"], {
                    name: row[name] for name in ("title", "updatedAt", "isDeleted")}))
        for chat in self.rows("chat"):
            for row in self.cloud.get_messages(chat["id"], self.last_sync):
                if self.get("message", row["id"]) is None:
                    self.insert("message", row)

    def sync(self) -> list[tuple[str, str, str, dict]]:
        taken = self.push()
        self.pull()
        self.last_sync = int(time.time())
        return taken
