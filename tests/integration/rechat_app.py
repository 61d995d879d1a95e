"""ReChat's app with its sync service, as the original behaves: its own database first, uploads of
what is newer than its last upload, downloads that are taken message by message and never take
anything away. It knows nothing of Lanyard. `is_first`: the version of the seed, whose chats and
messages have no times but `timestamp`."""
from __future__ import annotations

import itertools
import time
from datetime import datetime, timezone

from chatsync_client import ChatsyncClient

_ticks = itertools.count()


def now_iso() -> str:
    """Later than all before, whatever the clock's resolution."""
    ms = int(time.time() * 1000) + next(_ticks)
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + \
        f"{ms % 1000:03}Z"


class ReChatApp:
    def __init__(self, server: ChatsyncClient, is_first: bool = False):
        self.server, self.is_first = server, is_first
        self.chats: dict[str, dict] = {}
        self.messages: dict[str, dict] = {}  # each with its chatId

    def times(self, *names: str) -> dict:
        now = now_iso()
        return {name: now for name in (names[:1] if self.is_first else names)}

    # ---- its own database

    def messages_of(self, chat: str) -> list[dict]:
        found = [row for row in self.messages.values() if row["chatId"] == chat]
        return sorted(found, key=lambda row: (row.get("position", 0), row["timestamp"]))

    def create_chat(self, name: str, title: str) -> None:
        self.chats[name] = {"id": name, "title": title, "branches": [],
                            **self.times("timestamp", "createdAt", "updatedAt")}

    def touch(self, chat: str) -> None:
        self.chats[chat].update(self.times("timestamp", "updatedAt"))

    def add_message(self, chat: str, name: str, content: str) -> None:
        self.messages[name] = {"id": name, "chatId": chat, "content": content, "role": "user",
                               "position": len(self.messages_of(chat)),
                               **self.times("timestamp", "createdAt", "updatedAt")}
        self.touch(chat)

    # ---- its sync service

    def whole(self, chat: str) -> dict:
        return {**self.chats[chat], "messages": self.messages_of(chat)}

    def upload(self) -> list[str]:
        """The chats that went out."""
        if self.is_first:
            if self.chats:
                self.server.upload(*map(self.whole, self.chats))
            return list(self.chats)
        out = [name for name, row in self.chats.items()
               if row["updatedAt"] > row.get("lastSyncedAt", "")]
        for name in out:
            self.server.upload_chat(self.whole(name))
            self.chats[name]["lastSyncedAt"] = now_iso()
        return out

    def take(self, rows: list[dict]) -> None:
        """What a download brought."""
        for row in rows:
            there = self.chats.get(row["id"])
            if there is None:
                self.take_chat(row)
                self.take_messages(row)
            elif self.is_first:
                if row["updatedAt"] > there["timestamp"]:
                    there.update({name: row.get(name) for name in ("title", "timestamp")})
                    self.take_messages(row)
            elif row["updatedAt"] >= there["updatedAt"]:
                if row["updatedAt"] > there["updatedAt"]:
                    self.take_chat(row)
                self.take_messages(row)

    def take_chat(self, row: dict) -> None:
        names = ("id", "title", "timestamp", "branches")
        if not self.is_first:
            names += ("createdAt", "updatedAt")
        there = self.chats.setdefault(row["id"], {})
        there.update({name: row.get(name) for name in names})
        if not self.is_first:
            there["lastSyncedAt"] = now_iso()

    def take_messages(self, row: dict) -> None:
        for each in row["messages"]:
            there = self.messages.get(each["id"])
            if there is None:
                self.messages[each["id"]] = {**each, "chatId": row["id"]}
            elif not self.is_first and each["updatedAt"] > there["updatedAt"]:
                there.update({name: each[name] for name in ("content", "updatedAt")})
