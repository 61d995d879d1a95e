"""A page of RangerPlex, as the original behaves: it has its chats in memory, posts them whole
whenever one changes, and again unchanged. It knows nothing of Lanyard."""
from __future__ import annotations

import copy
import itertools
import time

from rangerplex_client import Client, Refused

_ticks = itertools.count()


def now_ms() -> int:
    """Later than all before, whatever the clock's resolution."""
    return int(time.time() * 1000) + next(_ticks)


class RangerPlexPage:
    def __init__(self, client: Client):
        self.client = client
        self.chats: dict[str, dict] = {}

    def take(self, chat: str, given: dict[str, dict]) -> None:
        """Loaded again: what the server gave takes the place of what there was."""
        self.chats.pop(chat, None)
        if chat in given:
            self.chats[chat] = copy.deepcopy(given[chat])

    def save(self, chat: str) -> None:
        self.client.post_chat(self.chats[chat])

    def messages(self, chat: str) -> dict[str, str]:
        return {row["id"]: row["text"] for row in self.chats[chat]["messages"]}

    # ---- what a person does

    def create(self, chat: str, *messages: str) -> None:
        self.chats[chat] = {"id": chat, "title": chat, "model": "m", "knowledgeBase": [],
                            "isStarred": False}
        self.set_messages(chat, [self.new_message(name, name) for name in messages])

    @staticmethod
    def new_message(name: str, text: str) -> dict:
        return {"id": name, "sender": "user", "text": text, "timestamp": now_ms()}

    def set_messages(self, chat: str, messages: list[dict]) -> None:
        self.chats[chat].update(messages=messages, updatedAt=now_ms())
        self.save(chat)

    def add(self, chat: str, name: str) -> None:
        self.set_messages(chat, [*self.chats[chat]["messages"], self.new_message(name, name)])

    def edit(self, chat: str, name: str, text: str) -> None:
        self.set_messages(chat, [{**row, "text": text} if row["id"] == name else row
                                 for row in self.chats[chat]["messages"]])

    def drop(self, chat: str, name: str) -> None:
        self.set_messages(chat, [row for row in self.chats[chat]["messages"]
                                 if row["id"] != name])

    def delete(self, chat: str) -> bool:
        """False: it was refused."""
        del self.chats[chat]
        try:
            self.client.call("DELETE", f"/api/chat/{chat}")
        except Refused:
            return False
        return True
