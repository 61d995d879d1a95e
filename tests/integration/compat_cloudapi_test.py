#!/usr/bin/env python3
"""Clients of the CloudAPI against an agent's listener: shapes, users, deletions, SQL."""

import json
import sqlite3
import time
import unittest

from cloudapi_client import chat, message
from compat_device import PAGE, CloudapiTest, names


class Rows(CloudapiTest):
    def test_what_is_created_is_answered_and_listed(self):
        one = chat("c1", newer={"a": [1.5, None]})
        self.assertEqual(self.page.create_chat(one), {**one, "isDeleted": False})
        self.assertEqual(self.page.get_chats("ann"), [{**one, "isDeleted": False}])
        self.assertEqual(self.page.chat("c1"), {**one, "isDeleted": False})
        said = message("m1", "c1", "hi", role="assistant")
        self.assertEqual(self.page.create_message(said), {**said, "isDeleted": False})
        self.assertEqual(self.page.get_messages("c1"), [{**said, "isDeleted": False}])
        self.assertEqual(self.page.message("m1"), {**said, "isDeleted": False})

    def test_without_an_id_and_times_they_are_made_in_seconds(self):
        before = int(time.time())
        made = self.page.create_chat({"title": "New", "userId": "ann"})
        self.assertRegex(made["id"], r"^[A-Za-z0-9_-]{21}$")
        for at in ("createdAt", "updatedAt"):
            self.assertTrue(before <= made[at] <= int(time.time()), made)
        self.assertEqual(self.page.chat(made["id"]), made)
        other = self.page.create_chat({"title": "New", "userId": "ann"})
        self.assertNotEqual(other["id"], made["id"])
        said = self.page.create_message({"chatId": made["id"], "role": "user", "content": ""})
        self.assertEqual(set(said), {"id", "chatId", "role", "content", "createdAt", "isDeleted"})

    def test_what_was_made_for_a_client_is_known_to_be_seen_by_it(self):
        """The interface creates without ids and times; its creator can delete and go on."""
        made = self.page.create_chat({"title": "New", "userId": "ann"})
        said = self.page.create_message({"chatId": made["id"], "role": "user", "content": "x"})
        self.assertEqual(self.page.delete_message(said["id"]), {"success": True})
        self.page.create_message({"chatId": made["id"], "role": "user", "content": "y"})
        for members in ({"title": "two"}, {"updatedAt": 2_100_000_000}, {"title": "three"},
                        {"isDeleted": False}):
            self.page.update_chat(made["id"], **members)
        self.assertEqual(self.page.chat(made["id"])["title"], "three")
        self.assertEqual(self.device.conflicts(), [])
        self.assertEqual(self.page.delete_chat(made["id"]), {"success": True})
        self.assertEqual(self.page.get_chats("ann"), [])
        # With no answer read, too: what is noted is what was stored.
        status, _ = self.page.ask("POST", "/api/chats", json.dumps(
            {"id": "c1", "userId": "ann"}).encode())
        self.assertEqual(status, 200)
        for change in ({"title": "a"}, {"updatedAt": 2_000_000_000}, {"isDeleted": True}):
            self.page.update_chat("c1", "PATCH", **change)
        self.assertEqual(self.page.get_chats("ann"), [])

    def test_chats_come_newest_first_and_messages_in_their_order(self):
        for name, at in (("old", 1000), ("new", 3000), ("mid", 2000)):
            self.page.create_chat(chat(name, at=at))
        self.assertEqual(names(self.page.get_chats("ann")), ["new", "mid", "old"])
        for name, at in (("b", 20), ("z", 10), ("a", 20)):
            self.page.create_message(message(name, "new", at=at))
        self.page.create_message(message("x", "mid"))
        self.assertEqual(names(self.page.get_messages("new")), ["z", "a", "b"])
        self.assertEqual(names(self.page.get_messages("mid")), ["x"])
        self.assertEqual(self.page.get_messages("nowhere"), [])

    def test_an_unchanged_repost_writes_nothing(self):
        one, said = chat("c1"), message("m1", "c1")
        first = self.page.create_chat(one)
        self.page.create_message(said)
        for client in (self.page, self.device.client("other/2")):
            self.assertEqual(self.unchanged(client.create_chat, one), first)
            self.assertEqual(self.unchanged(client.create_chat, first), first)
            self.unchanged(client.create_chat, {"id": "c1", "userId": "ann"})
            self.unchanged(client.create_message, said)
            self.unchanged(client.update_chat, "c1", title=one["title"])
            self.unchanged(client.update_chat, "c1", **first)

    def test_a_partial_update_keeps_the_rest(self):
        self.page.create_chat(chat("c1", color="red"))
        for method, title in (("PUT", "two"), ("PATCH", "three")):
            before = int(time.time())
            now = self.page.update_chat("c1", method, title=title)
            self.assertGreaterEqual(now.pop("updatedAt"), before)
            self.assertEqual(now, {"id": "c1", "title": title, "userId": "ann", "color": "red",
                                   "createdAt": 1_700_000_000, "isDeleted": False})
        said = self.page.update_chat("c1", title="four", updatedAt=2_000_000_000)
        self.assertEqual((said["title"], said["updatedAt"]), ("four", 2_000_000_000))
        self.assertEqual(self.page.chat("c1"), said)
        self.assertEqual(self.refused(self.page.update_chat, "none", title="x"), 404)
        self.assertEqual(self.refused(self.page.update_chat, "c1", id="c2"), 400)

    def test_a_stale_create_undoes_no_update(self):
        first = chat("c1")
        self.page.create_chat(first)
        self.page.update_chat("c1", title="newer")
        other = self.device.client("other/2")
        self.assertEqual(self.unchanged(other.create_chat, first)["title"], "newer")
        self.assertEqual(self.page.chat("c1")["title"], "newer")

    def test_an_old_client_leaves_what_it_has_not_seen_as_a_conflict(self):
        self.page.create_chat(chat("c1"))
        other = self.device.client("other/2")
        other.get_chats("ann")
        self.page.update_chat("c1", title="mine")
        self.assertEqual(self.device.conflicts(), [])
        other.update_chat("c1", title="yours")
        siblings = self.device.conflicts()[0]["siblings"]
        self.assertEqual({each["value"] for each in siblings}, {"mine", "yours"})
        # Who edits was shown one of them, and replaces that one.
        shown = self.page.chat("c1")["title"]
        waiting = ({"mine", "yours"} - {shown}).pop()
        self.page.update_chat("c1", title="newest")
        siblings = self.device.conflicts()[0]["siblings"]
        self.assertEqual({each["value"] for each in siblings}, {"newest", waiting})

    def test_what_is_deleted_goes_with_its_messages_and_stays_deleted(self):
        one, said = chat("c1"), message("m1", "c1")
        self.page.create_chat(one)
        self.page.create_message(said)
        self.page.create_message(message("m2", "c1"))
        self.assertEqual(self.page.delete_message("m2"), {"success": True})
        self.assertEqual(names(self.page.get_messages("c1")), ["m1"])
        self.assertEqual(self.page.delete_chat("c1"), {"success": True})
        self.assertEqual(self.unchanged(self.page.delete_chat, "c1"), {"success": True})
        self.assertEqual(self.page.get_chats("ann") + self.page.get_messages("c1"), [])
        for client in (self.page, self.device.client("other/2")):
            self.assertTrue(self.unchanged(client.create_chat, one)["isDeleted"])
            self.assertEqual(self.refused(client.create_message, said), 404)
        for call, name in ((self.page.chat, "c1"), (self.page.message, "m1"),
                           (self.page.delete_chat, "never"), (self.page.delete_message, "never")):
            self.assertEqual(self.refused(call, name), 404)
        self.assertEqual(self.refused(self.page.update_chat, "c1", title="x"), 404)

    def test_a_soft_delete_of_the_app_is_a_delete(self):
        self.page.create_chat(chat("c1"))
        self.page.create_chat(chat("c2"))
        self.assertTrue(self.page.update_chat("c1", isDeleted=True)["isDeleted"])
        self.assertTrue(self.page.create_chat(chat("c2", isDeleted=True))["isDeleted"])
        self.assertEqual(self.page.get_chats("ann"), [])
        self.page.create_chat(chat("c3", isDeleted=False))
        self.assertEqual(names(self.page.get_chats("ann")), ["c3"])

    def test_secrets_of_users_stay_on_this_device(self):
        said = {"id": "u1", "name": "Ann", "email": "ann@example.org", "emailVerified": True,
                "image": None, "createdAt": 5, "updatedAt": 6, "accessToken": "token of ann"}
        self.assertEqual(self.page.create_user(said), said)
        self.assertEqual(self.page.user("u1"), said)
        stored = self.device.api().get(
            "/v1/spaces/default/collections/cloudapi_users/records/u1")
        self.assertNotIn("token of ann", json.dumps(stored))
        self.unchanged(self.page.create_user, said)
        self.assertEqual(self.refused(self.page.user, "u2"), 404)

    def test_ids_of_any_text_go_through_paths(self):
        for name in ("a/b %", "ü?&#", "018f2a7e-0000-7000-8000-0123456789ab"):
            self.page.create_chat(chat(name))
            self.assertEqual(self.page.chat(name)["id"], name)
            self.assertEqual(self.page.update_chat(name, title="x")["title"], "x")
            self.page.create_message(message(f"m of {name}", name))
            self.assertEqual(names(self.page.get_messages(name)), [f"m of {name}"])
        self.assertEqual(len(self.page.get_chats("ann")), 3)


class Users(CloudapiTest):
    def test_without_a_token_one_may_speak_for_any_user(self):
        self.page.create_chat(chat("c1", "ann"))
        self.page.create_chat(chat("c2", "bob"))
        self.assertEqual(names(self.page.get_chats("ann")), ["c1"])
        self.assertEqual(names(self.page.get_chats("bob")), ["c2"])
        self.assertEqual(self.page.get_chats("nobody"), [])

    def test_with_a_token_there_is_one_user_alone(self):
        for user in ("ann", "bob"):
            self.page.create_chat(chat(f"of {user}", user))
            self.page.create_message(message(f"m of {user}", f"of {user}"))
            self.page.create_user({"id": user, "name": user})
        ann = self.device.client(token=self.device.user_token("ann"))
        self.assertEqual(names(ann.get_chats("ann")), ["of ann"])
        self.assertEqual(ann.create_chat({"title": "x"})["userId"], "ann")
        self.assertEqual(ann.update_chat("of ann", title="y")["title"], "y")
        self.assertEqual(names(ann.get_messages("of ann")), ["m of ann"])
        self.assertEqual(ann.user("ann")["name"], "ann")
        for call, *values in (
                (ann.get_chats, "bob"), (ann.chat, "of bob"), (ann.delete_chat, "of bob"),
                (ann.get_messages, "of bob"), (ann.message, "m of bob"), (ann.user, "bob"),
                (ann.delete_message, "m of bob"), (ann.create_chat, chat("new", "bob")),
                (ann.create_message, message("new", "of bob")), (ann.create_user, {"id": "bob"})):
            self.assertEqual(self.refused(call, *values), 404, values)
        self.assertEqual(self.refused(ann.update_chat, "of bob", title="z"), 404)
        self.assertEqual(self.refused(ann.update_chat, "of ann", userId="bob"), 404)
        self.assertEqual(self.refused(ann.create_chat, chat("of bob", "ann")), 409)
        self.assertEqual(self.page.chat("of bob")["title"], "Chat of bob")

    def test_a_bad_token_is_refused_whatever_the_path(self):
        self.page.create_chat(chat("c1"))
        api = self.device.ok("token", "create", "--app", "x", "--all-spaces", "--write").strip()
        good = self.device.user_token("ann")
        for token in ("", "nonsense", api, good[::-1]):
            stranger = self.device.client(token=token)
            for method, path in (("GET", "/api/chats?userId=ann"), ("DELETE", "/api/chats/c1"),
                                 ("GET", "/nowhere")):
                status, body = stranger.ask(method, path)
                self.assertEqual((status, list(json.loads(body))), (401, ["error"]), (token, path))

    def test_pages_need_their_origin_on_the_list(self):
        page = self.device.client(origin=PAGE)
        page.create_chat(chat("c1"))
        self.assertEqual(len(page.get_chats("ann")), 1)
        stranger = self.device.client(origin="http://evil.example")
        self.assertEqual(self.refused(stranger.get_chats, "ann"), 403)

    def test_an_id_belongs_to_one_user_and_one_chat(self):
        self.page.create_chat(chat("c1", "ann"))
        self.page.create_chat(chat("c2", "ann"))
        self.page.create_message(message("m1", "c1"))
        self.assertEqual(self.refused(self.page.create_chat, chat("c1", "bob")), 409)
        self.assertEqual(self.refused(self.page.create_message, message("m1", "c2")), 409)


class BadInput(CloudapiTest):
    def test_bad_requests_are_refused_and_write_nothing(self):
        self.page.create_chat(chat("c1"))
        good = chat("x")
        bodies = [b"", b"[]", b"1", b'{"id":', b"\xff", b'{"id":"x","id":"y"}',
                  *(json.dumps({**good, name: value}).encode() for name, value in (
                      ("id", 5), ("id", ""), ("id", "z" * 600), ("title", {}), ("title", 5),
                      ("userId", None), ("userId", ""), ("userId", 7), ("createdAt", "soon"),
                      ("updatedAt", 1.5), ("updatedAt", -1), ("updatedAt", 10 ** 15)))]
        posts = [("POST", "/api/chats", body, 400) for body in bodies]
        posts.append(("POST", "/api/chats", json.dumps({**good, "n": 10 ** 400}).encode(), 413))
        posts += [("PUT", "/api/chats/c1", body, 400) for body in (b"", b"[]", b'{"title":[]}')]
        posts += [("POST", "/api/messages", json.dumps(value).encode(), status)
                  for value, status in (
                      ({}, 400), ({"chatId": "c1", "role": "user"}, 400),
                      ({"chatId": "c1", "role": "nobody", "content": "x"}, 400),
                      ({"chatId": "c1", "role": "user", "content": 5}, 400),
                      ({"chatId": "none", "role": "user", "content": "x"}, 404))]
        gets = [("GET", path, None, status) for path, status in (
            ("/api/chats", 400), ("/api/chats?userId=", 400), ("/api/chats?userId=a&userId=b", 400),
            ("/api/chats?userId=%ff", 400), ("/api/chats?userId=ann&since=soon", 400),
            ("/api/chats?userId=ann&since=-5", 400), ("/api/messages", 400), ("/nowhere", 404),
            ("/api/chats/none", 404), ("/api/chats/%ff", 404), ("/api/chats/", 404))]
        before = self.device.changes()
        for method, path, body, expected in posts + gets:
            status, text = self.page.ask(method, path, body)
            self.assertEqual((status, list(json.loads(text))), (expected, ["error"]),
                             (method, path, (body or b"")[:80]))
        self.assertEqual(self.device.changes(), before)
        status, text = self.page.ask("POST", "/api/chats", b"{}", **{"Content-Type": "text/plain"})
        self.assertEqual((status, list(json.loads(text))), (415, ["error"]))


class Sql(CloudapiTest):
    def test_the_seeds_columns(self):
        self.page.create_user({"id": "ann", "name": "Ann", "email": "a@example.org",
                               "createdAt": 1, "updatedAt": 2})
        for name in ("c1", "gone", "018f2a7e-0000-7000-8000-0123456789ab"):
            self.page.create_chat(chat(name, at=1000))
            self.page.create_message(message(f"m {name}", name, at=2000))
        self.page.update_chat("c1", title="new", updatedAt=3000)
        self.page.delete_chat("gone")
        chats = {row["id"]: row for row in self.rows("SELECT * FROM chat")}
        self.assertEqual(chats["c1"], {"id": "c1", "title": "new", "userId": "ann",
                                       "createdAt": 1000, "updatedAt": 3000, "isDeleted": 0})
        self.assertEqual(chats["gone"], {"id": "gone", "title": None, "userId": "ann",
                                         "createdAt": None, "updatedAt": None, "isDeleted": 1})
        self.assertEqual(set(chats), {"c1", "gone", "018f2a7e-0000-7000-8000-0123456789ab"})
        messages = {row["id"]: row for row in self.rows("SELECT * FROM message")}
        self.assertEqual(messages["m c1"], {
            "id": "m c1", "chatId": "c1", "role": "user", "content": "hello", "createdAt": 2000,
            "isDeleted": 0})
        self.assertEqual([messages["m gone"][name] for name in ("chatId", "isDeleted")],
                         ["gone", 1])
        self.assertEqual(self.rows("SELECT * FROM user"), [
            {"id": "ann", "name": "Ann", "email": "a@example.org", "emailVerified": None,
             "image": None, "createdAt": 1, "updatedAt": 2}])
        space = self.device.api().get("/v1/spaces/default")["file"]
        with sqlite3.connect(f"file:{space}?mode=ro", uri=True) as plain:
            self.assertEqual(plain.execute("SELECT count(*) FROM chat").fetchone(), (3,))

    def test_sync_events_are_the_last_changes(self):
        self.page.create_user({"id": "ann", "name": "Ann", "updatedAt": 7})
        for name in ("c1", "c2", "c3"):
            self.page.create_chat(chat(name, at=1000))
        self.page.create_message(message("m1", "c1", at=2000))
        self.page.update_chat("c2", title="new", updatedAt=3000)
        self.page.delete_chat("c3")
        events = {row["id"]: row for row in self.rows("SELECT * FROM sync_event")}
        device = events["chat:c1"]["device_id"]
        self.assertRegex(device, r"^[0-9a-f]{64}$")
        data = json.loads(events["chat:c1"].pop("data"))
        self.assertEqual(data, chat("c1", at=1000))
        self.assertEqual(events["chat:c1"], {
            "id": "chat:c1", "entity_type": "chat", "entity_id": "c1", "operation": "create",
            "timestamp": 1000, "user_id": "ann", "device_id": device, "synced": 0})
        self.assertEqual(
            {name: (row["operation"], row["timestamp"], row["user_id"])
             for name, row in events.items()},
            {"user:ann": ("create", 7, "ann"), "chat:c1": ("create", 1000, "ann"),
             "chat:c2": ("update", 3000, "ann"), "chat:c3": ("delete", 1000, "ann"),
             "message:m1": ("create", 2000, "ann")})
        self.assertIsNone(events["chat:c3"]["data"])

    def test_no_statement_reads_more_by_a_views_name(self):
        self.page.create_chat(chat("c1"))
        self.page.delete_chat("c1")
        for sql in ("WITH chat AS (SELECT value FROM lanyard_trash) SELECT * FROM chat",
                    'WITH chat AS (SELECT value FROM "LANYARD_trash") SELECT * FROM chat',
                    "WITH sync_event AS (SELECT dots FROM lanyard_records) "
                    "SELECT * FROM sync_event",
                    "SELECT * FROM (SELECT device FROM lanyard_logs) AS sync_event"):
            self.assertEqual(self.device.run("sql", "default", sql).returncode, 2, sql)
        self.assertEqual(self.rows("SELECT id, userId FROM chat"), [{"id": "c1", "userId": "ann"}])

    def test_a_collection_of_that_name_has_the_name(self):
        self.device.api().post("/v1/spaces/default/changes", {"ops": [
            {"op": "put", "collection": "chat", "key": "x", "value": {"mine": 1}}]})
        self.page.create_chat(chat("c1"))
        self.assertEqual(self.rows("SELECT mine FROM chat"), [{"mine": 1}])

if __name__ == "__main__":
    unittest.main()
