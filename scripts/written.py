"""What people have written, and whether it can be read somewhere: thousands of texts are looked for
in many bytes at once.

    written = Written()
    written.add("device name", "Ada's notebook"); written.add_export(file)
    search = Search(written.texts)
    search.texts_in(data)           those that stand in the bytes, as UTF-8 or UTF-16

A text is looked for in UTF-8 and in both orders of UTF-16, as it is and as JSON writes it, whatever
the case of its ASCII letters. What has fewer than 8 bytes in one of these is not looked for in it:
so little stands somewhere by chance.
"""
from __future__ import annotations

import json
import pathlib
from collections import Counter, defaultdict

LEAST = 8
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
# Members of records whose kind is told apart; any other text in a record is a value.
KINDS = {"title": "title", "text": "text", "id": "key"}


class Written:
    """Texts, each with the kind that it was first met as."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add(self, kind: str, text: str) -> None:
        if forms(text):
            self.texts.setdefault(text, kind)

    def add_record(self, collection: str, key: str, value: dict) -> None:
        self.add("collection", collection)
        self.add("key", key)
        self.add_members(value)

    def add_members(self, value, kind: str = "value") -> None:
        """All texts in a JSON value, names of members too."""
        if isinstance(value, str):
            self.add(kind, value)
        elif isinstance(value, list):
            for each in value:
                self.add_members(each, kind)
        elif isinstance(value, dict):
            for name, each in value.items():
                self.add("member", name)
                self.add_members(each, KINDS.get(name, kind))

    def add_export(self, file: pathlib.Path) -> None:
        """What `lanyard import` makes records of (docs/IMPORT.md)."""
        export = json.loads(file.read_text(encoding="utf-8"))
        self.add_members(export.get("chats", []))
        self.add_members(export.get("settings", {}))

    def kinds_of(self, texts) -> Counter:
        return Counter(self.texts[text] for text in texts)


def forms(text: str) -> set[bytes]:
    spellings = {text, *(json.dumps(text, ensure_ascii=pure)[1:-1] for pure in (True, False))}
    encoded = {spelling.encode(encoding).lower()
               for spelling in spellings for encoding in ENCODINGS}
    return {form for form in encoded if len(form) >= LEAST}


class Search:
    def __init__(self, texts):
        # By their first bytes: one look per place in the data, however many texts there are.
        self.index: dict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
        for text in texts:
            for form in forms(text):
                self.index[form[:LEAST]].append((form, text))

    def texts_in(self, data: bytes) -> set[str]:
        data, index = data.lower(), dict(self.index)
        places = [at for at in range(len(data) - LEAST + 1) if data[at:at + LEAST] in index]
        return {text for at in places for form, text in index[data[at:at + LEAST]]
                if data.startswith(form, at)}
