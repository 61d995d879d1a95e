#!/usr/bin/env python3
"""Access tokens on the command line: given, listed, taken back; and what makes no sense."""

import json
import os
import re
import sqlite3
import time
import unittest

from lanyard_process import ControlError, Device

TOKEN = re.compile(r"lanyard_[A-Za-z0-9_-]{43}")


class Tokens(unittest.TestCase):
    def setUp(self):
        self.device = Device("ada")
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.ok("space", "create", "notes")

    def tokens(self):
        return self.device.json("token", "list")["tokens"]

    def refused(self, code, *words, says=""):
        done = self.device.run(*words)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "")
        self.assertIn(says, done.stderr)
        return done

    def test_a_token_is_all_that_is_printed_and_kept_nowhere(self):
        printed = self.device.ok("token", "create", "--app", "backup", "--all-spaces")
        self.assertRegex(printed, rf"\A{TOKEN.pattern}\n\Z")
        answer = self.device.json("token", "create", "--app", "page", "--space", "notes",
                                  "--space", "default", "--write", "--manage", "--expires", "30",
                                  "--origin", "http://localhost:5173")
        self.assertEqual(answer["schema"], "lanyard.token/1")
        self.assertEqual(set(answer), {"schema", "id", "token"})
        self.assertRegex(answer["token"], rf"\A{TOKEN.pattern}\Z")
        backup, page = self.tokens()
        self.assertEqual((backup["app"], backup["allSpaces"], backup["write"], backup["spaces"],
                          backup["origin"], backup["expiresMs"], backup["lastUsedMs"]),
                         ("backup", True, False, [], "", 0, 0))
        self.assertEqual(page["id"], answer["id"])
        self.assertEqual({space["name"]: space["write"] for space in page["spaces"]},
                         {"notes": True, "default": True})
        self.assertTrue(page["manage"])
        self.assertEqual(page["expiresMs"] - page["createdMs"], 30 * 86_400_000)
        self.device.stop()
        for folder, _, names in os.walk(self.device.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertIsNone(re.search(TOKEN.pattern.encode(), file.read()), name)
        self.device.start()
        self.assertEqual(len(self.tokens()), 2)

    def test_the_list_for_people(self):
        self.assertIn("lanyard token create", self.device.ok("token", "list"))
        self.device.ok("token", "create", "--app", "back\u202eup", "--manage")
        self.device.ok("token", "create", "--app", "page", "--space", "notes", "--write",
                       "--origin", "https://notes.example.org", "--expires", "2")
        head, first, second = self.device.ok("token", "list").splitlines()
        self.assertEqual(head.split("  ")[0], "ID")
        self.assertRegex(first, r"[0-9a-f]{16}  back\\u\{202e\}up +programs +manage +never +never")
        self.assertRegex(second, r"page +https://notes.example.org +notes rw +never +in 1 d 23 h")

    def test_a_token_is_taken_back_by_id_beginning_or_app(self):
        ids = [self.device.json("token", "create", "--app", app, "--all-spaces")["id"]
               for app in ("one", "two", "two", "three")]
        self.refused(2, "token", "revoke", "two", says="--yes")
        self.refused(2, "token", "revoke", "nothing-of-that", says="--yes")
        self.assertEqual(len(self.tokens()), 4)
        self.assertIn(ids[0], self.device.ok("token", "revoke", ids[0], "--yes"))
        self.device.ok("token", "revoke", ids[3][:8], "--yes")
        gone = self.device.json("token", "revoke", "two", "--yes")
        self.assertEqual(gone["schema"], "lanyard.token-revoke/1")
        self.assertEqual(sorted(each["id"] for each in gone["revoked"]), sorted(ids[1:3]))
        self.assertEqual(self.tokens(), [])
        self.refused(4, "token", "revoke", "two", "--yes", says="token list")

    def test_what_nobody_uses_goes_together(self):
        ids = [self.device.json("token", "create", "--app", app, "--all-spaces")["id"]
               for app in ("script", "script", "fresh", "used")]
        self.device.stop()
        now = int(time.time() * 1000)
        day = 86_400_000
        with sqlite3.connect(self.device.data / "platform.sqlite") as rows:
            for number, (made, used) in enumerate([(120, 0), (120, 100), (3, 0), (120, 10)]):
                rows.execute("UPDATE lanyard_tokens SET created_ms = ?, last_used_ms = ?"
                             " WHERE id = ?", (now - made * day, used and now - used * day,
                                               bytes.fromhex(ids[number])))
        rows.close()
        self.device.start()
        self.assertIn("Nobody has used 2 tokens for 90 days:  lanyard token revoke "
                      "--unused-for 90d", self.device.ok("token", "list"))
        self.refused(2, "token", "revoke", "--unused-for", "x", "--yes", says="such as 90d")
        self.refused(2, "token", "revoke", "--yes", says="--unused-for")
        self.refused(2, "token", "revoke", "script", "--unused-for", "90d", "--yes")
        gone = self.device.json("token", "revoke", "--unused-for", "90d", "--yes")["revoked"]
        self.assertEqual(sorted(each["id"] for each in gone), sorted(ids[:2]))
        self.assertEqual(sorted(each["app"] for each in self.tokens()), ["fresh", "used"])
        self.assertEqual(self.device.json("token", "revoke", "--unused-for", "90", "--yes")
                         ["revoked"], [])
        self.assertNotIn("Nobody has used", self.device.ok("token", "list"))

    def revoke_on_a_terminal(self, name, answer):
        code, said = self.device.run_on_a_terminal("token", "revoke", name, answers=[answer])
        self.assertIn("[y/N] ", said)
        return code, said

    def test_a_person_is_told_what_goes_and_asked(self):
        self.device.ok("token", "create", "--app", "page", "--space", "notes", "--write")
        code, said = self.revoke_on_a_terminal("page", "n")
        self.assertNotEqual(code, 0)
        self.assertIn("loses its rights: notes rw", said)
        self.assertEqual(len(self.tokens()), 1)
        code, said = self.revoke_on_a_terminal("page", "y")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.tokens(), [])

    def test_what_makes_no_sense_is_refused_and_makes_nothing(self):
        create = ("token", "create", "--app", "x")
        self.refused(2, *create, says="--all-spaces")
        self.refused(2, *create, "--write", says="--space")
        self.refused(2, *create, "--manage", "--write", says="no space")
        self.refused(2, *create, "--space", "notes", "--all-spaces", says="--all-spaces")
        self.refused(2, "token", "create", "--all-spaces", says="--app")
        self.refused(2, "token", "create", "--app", "", "--all-spaces", says="empty")
        self.refused(2, "token", "create", "--app", "a" * 65, "--all-spaces", says="64")
        self.refused(2, "token", "create", "--app", "a\x1b[2J", "--all-spaces", says="control")
        self.refused(4, *create, "--space", "nots", says="notes")
        self.refused(4, *create, "--space", "", says="there is no space")
        for days in ("0", "-1", "x", "1e3", "36501", "9" * 30):
            self.refused(2, *create, "--all-spaces", "--expires", days, says="--expires")
        for origin in ("null", "localhost", "http://localhost/", "HTTP://LOCALHOST", "*",
                       "http://a:80", "javascript:alert(1)", "http://" + "a" * 1000):
            self.refused(2, *create, "--all-spaces", "--origin", origin, says="origin")
        self.refused(2, "token", "creat", says="create")
        self.refused(2, "token", "revoke", says="One of these is missing: token, --unused-for")
        for name in ("", "x" * 5000, "'; DROP TABLE lanyard_tokens; --", "--", "%", "abc"):
            self.refused(2 if name == "--" else 4, "token", "revoke", "--yes", name)
        self.assertEqual(self.tokens(), [])

    def test_the_socket_refuses_what_makes_no_sense(self):
        rows = [
            {}, {"app": 1, "allSpaces": True}, {"app": "x"}, {"app": "x", "allSpaces": 1},
            {"app": "x", "spaces": "notes"}, {"app": "x", "spaces": [1]},
            {"app": "x", "spaces": []},
            {"app": "x", "spaces": ["notes"], "allSpaces": True},
            {"app": "x", "allSpaces": True, "origin": 5},
            {"app": "x", "allSpaces": True, "expiresInS": 0},
            {"app": "x", "allSpaces": True, "expiresInS": 10**15},
            {"app": "x", "allSpaces": True, "hash": "00" * 32},
            {"app": "x", "spaces": ["notes"] * 300 + ["nots"]},
        ]
        with self.device.connect() as control:
            for row in rows:
                with self.assertRaises(ControlError, msg=row):
                    control.call("token.create", **row)
            for name in ("", "zzzz", "0000", "\u0000"):
                with self.assertRaises(ControlError, msg=name):
                    control.call("token.revoke", token=name)
            control.call("token.create", app="x", spaces=None, allSpaces=True, origin=None,
                         expiresInS=None)
            control.call("token.create", app="y", spaces=["notes"] * 300)
            listed = control.call("token.list")["tokens"]
        self.assertEqual([len(token["spaces"]) for token in listed], [0, 1])
        self.assertEqual(set(listed[0]), {
            "id", "app", "origin", "spaces", "allSpaces", "write", "manage", "user", "createdMs",
            "lastUsedMs", "expiresMs"})
        self.assertNotIn("hash", json.dumps(listed))


if __name__ == "__main__":
    unittest.main()
