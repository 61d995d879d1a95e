"""What a client of /v1/live keeps: its records, and the last cursor that it was given."""
from __future__ import annotations

from web_socket import Line


class Picture:
    """The records of one collection (or of all of a space) by collection and key."""

    def __init__(self, space="default", collection: str | None = "c"):
        self.wish = {"space": space, **({"collection": collection} if collection else {})}
        self.records: dict[tuple[str, str], dict] = {}
        self.cursor: str | None = None  # nothing: what is here is not whole
        self.resyncs = 0

    @property
    def values(self) -> dict:
        """By key alone."""
        return {key: value for (_, key), value in self.records.items()}

    def subscribe(self, line: Line) -> None:
        if not self.cursor:
            self.records = {}
        line.text({"type": "subscribe", "id": "s", **self.wish,
                   **({"cursor": self.cursor} if self.cursor else {})})

    def take(self, message: dict) -> None:
        kind = message["type"]
        if kind == "error":
            raise AssertionError(f"an error: {message}")
        if kind == "resync":
            self.records, self.cursor = {}, None
            self.resyncs += 1
        told = message["records"] if kind == "snapshot" else [message] if kind == "change" else []
        for each in told:
            self._put(each["collection"], each["record"])
        if message["cursor"]:
            self.cursor = message["cursor"]

    def _put(self, collection: str, record: dict) -> None:
        if record["value"] is None:
            self.records.pop((collection, record["key"]), None)
        else:
            self.records[collection, record["key"]] = record["value"]

    def hear_until(self, line: Line, is_there) -> None:
        """Until it is whole and `is_there` says so of it."""
        while not (self.cursor and is_there(self)):
            self.take(line.message())
