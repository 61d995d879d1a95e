"""The chat corpus of the benchmarks: messages of prose from Debian's `fortunes`, one chat to fifty.

    records(n)            yields (collection, key, record) for n messages and their chats
    write_binary(n, file) the same as length-prefixed fields, for the programs of this folder

The same n gives the same records on every machine with the same fortunes.
"""
from __future__ import annotations

import json
import pathlib
import random
import struct
import uuid

FORTUNES = pathlib.Path("/usr/share/games/fortunes")
MODELS = ("gpt-4o", "claude-sonnet", "llama-3.1-70b", "mistral-large", "local-7b")
MESSAGES_OF_A_CHAT = 50


def prose() -> str:
    files = sorted(file for file in FORTUNES.iterdir() if not file.suffix and file.is_file())
    if not files:
        raise SystemExit("bench: no prose in /usr/share/games/fortunes; run scripts/setup")
    text = " ".join(file.read_text(encoding="latin-1") for file in files)
    return " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())


def records(count: int):
    chance = random.Random(1)
    pool, now = prose(), 1_700_000_000_000

    def words(least: int, most: int) -> str:
        size = round(least + (most - least) * chance.random() ** 1.85)
        begin = pool.index(" ", chance.randrange(len(pool) - 2 * most)) + 1
        end = pool.rfind(" ", begin, begin + size + 1)
        return pool[begin:end if end > begin else begin + size]

    def new_id() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    chat = ""
    for number in range(count):
        now += chance.randrange(1, 60_000)
        if number % MESSAGES_OF_A_CHAT == 0:
            chat = new_id()
            yield "chats", chat, {"id": chat, "title": words(20, 60),
                                  "model": chance.choice(MODELS), "updatedAt": now,
                                  "isStarred": chance.random() < 0.1}
        key = new_id()
        yield "messages", key, {"id": key, "chat_id": chat,
                                "role": "assistant" if number % 2 else "user",
                                "content": words(60, 600), "timestamp": now,
                                "position": number % MESSAGES_OF_A_CHAT}


def size_as_json(record: dict) -> int:
    return len(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode())


def write_binary(count: int, file: pathlib.Path) -> int:
    """Per record: is a chat (1), size as JSON (4), time (8), position or starred (8), then four
    fields of 4 bytes length and their bytes: id, chat or title, role or model, content. Little
    endian. Returns the size of all records as JSON."""
    total = 0
    with open(file, "wb") as out:
        for collection, key, record in records(count):
            is_chat = collection == "chats"
            if is_chat:
                numbers = record["updatedAt"], int(record["isStarred"])
                fields = key, record["title"], record["model"], ""
            else:
                numbers = record["timestamp"], record["position"]
                fields = key, record["chat_id"], record["role"], record["content"]
            size = size_as_json(record)
            total += size
            out.write(struct.pack("<BIqq", is_chat, size, *numbers))
            for field in fields:
                raw = field.encode()
                out.write(struct.pack("<I", len(raw)) + raw)
    return total
