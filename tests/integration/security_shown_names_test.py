#!/usr/bin/env python3
"""Names that would steer a terminal or turn text around, as another program or an earlier one left
them: whatever door shows them, they are escaped."""

import sqlite3
import unittest

from api_device import ApiDevice
from costs import AttackTest
from lanyard_process import make_known

# Each would do something to whoever reads it as it is.
EVIL = "\u202e\u200b\x1b[2J\n\r\t\u2066\u2069\u200f\u2028\ufeff\u0085\x7f"
HIDDEN = set(EVIL) - {"[", "2", "J"}
NAME = "a" + EVIL + "b"
# These alone stand as they are: lines and columns that the program itself ends.
OWN = {"\n", "\t"}


class ShownNames(AttackTest):
    @classmethod
    def setUpClass(cls):
        cls.device, cls.other = ApiDevice("ada"), ApiDevice("eve")
        for each in (cls.device, cls.other):
            cls.addClassCleanup(each.close)
            each.start()
        make_known(cls.device, cls.other)
        cls.device.ok("space", "create", "notes")
        cls.device.ok("space", "share", "notes", "eve")
        cls.device.ok("data", "put", "notes", "tasks", "k", '{"title":"x"}')
        cls.token = cls.device.ok("token", "create", "--app", "page", "--space", "notes").strip()
        for each in (cls.other, cls.device):
            each.stop()
        cls.plant(cls.device.data / "platform.sqlite")
        cls.device.start()

    @staticmethod
    def plant(file):
        """Names as no door would take them."""
        with sqlite3.connect(file) as database:
            database.execute("UPDATE spaces SET name = ? WHERE name = 'notes'", (NAME,))
            database.execute("UPDATE lanyard_devices SET said_name = ?, given_name = ?",
                             (NAME, NAME))
            database.execute("UPDATE lanyard_tokens SET app = ?", (NAME,))

    def check(self, door, text):
        left = {f"U+{ord(each):04X}" for each in set(text) & (HIDDEN - OWN)}
        self.assertEqual(left, set(), f"{door}: {text!r}")

    def test_no_command_shows_them(self):
        seen = 0
        for words in (["status"], ["devices"], ["space", "list"], ["space", "info", NAME],
                      ["space", "forks", NAME], ["token", "list"], ["apps"], ["conflicts"],
                      ["check"], ["data", "query", NAME, "tasks"],
                      ["data", "get", NAME, "tasks", "n"],
                      ["data", "collections", NAME], ["sql", NAME, "SELECT 1"], ["ping", NAME],
                      ["space", "info", NAME + "x"], ["space", "create", NAME],
                      ["space", "rename", NAME, NAME], ["devices", "rename", NAME, NAME],
                      ["space", "share", NAME, NAME], ["space", "mode", NAME, NAME],
                      ["token", "create", "--app", NAME, "--space", NAME + "x"],
                      ["token", "revoke", NAME, "--yes"], ["devices", "forget", NAME + "x"],
                      ["space", "leave", NAME + "x", "--keep-copy"], ["log"], [NAME],
                      ["config", "set", "device.name", NAME], ["config", "get", NAME],
                      ["compat", "enable", NAME, "--space", NAME]):
            done = self.device.run(*words)
            for text in (done.stdout, done.stderr):
                self.check(words, text)
                seen += "\\u{202e}" in text
        # They were there to be shown.
        self.assertGreater(seen, 8)

    def test_questions_on_a_terminal_show_them_escaped(self):
        for words in (["devices", "forget", NAME], ["space", "leave", NAME]):
            _, said = self.device.run_on_a_terminal(*words, answers=["n"])
            # The terminal itself ends lines so, and the program colours what it says.
            colours = [f"\x1b[{colour}m" for colour in (0, 1, 2, 31, 32, 33)]
            for own in ("\r\n", "\r\x1b[K", *colours):
                said = said.replace(own, "")
            self.check(words, said)

    def test_no_line_of_the_log_has_them(self):
        files = [self.device.output, *self.device.state.rglob("*.log*")]
        for file in files:
            self.check(file, file.read_text(encoding="utf-8"))

    def test_texts_for_people_over_http_show_them_escaped(self):
        api = self.device.person()
        for method, path, body in (
                ("GET", "/v1/spaces/" + "%E2%80%AE%1Bx", None),
                ("POST", "/v1/spaces", {"name": NAME}),
                ("POST", "/v1/apps/requests", {"app": NAME, "allSpaces": True})):
            answer = api.ask(method, path, json_body=body)
            self.assertGreaterEqual(answer.status, 400, answer.body)
            error = answer.json.get("error", answer.json)
            for member in ("why", "fix"):
                self.check(path, error.get(member, ""))
        status = api.get("/v1/status")
        for each in status["degraded"]:
            for member in ("why", "fix"):
                self.check("degraded", each[member])


if __name__ == "__main__":
    unittest.main()
