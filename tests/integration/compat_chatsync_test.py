#!/usr/bin/env python3
"""Clients of a chatsync server against an agent's listener: shapes, users, deletions, SQL."""

import json
import sqlite3
import unittest

from chatsync_client import ChatsyncClient, chat, message
from compat_device import PAGE, ChatsyncDevice, TwoDevices
from lanyard_process import wait_until
from rangerplex_client import Refused

PLACED = [message("m1", "one", 1, position=0), message("m2", "two", 2, position=1)]


class Chatsync(unittest.TestCase):
    def setUp(self):
        self.device = ChatsyncDevice()
        self.addCleanup(self.device.close)
        self.device.start()
        self.device.enable()
        self.ann = self.device.client("ann")

    def refused(self, call, *values) -> Refused:
        with self.assertRaises(Refused) as caught:
            call(*values)
        self.assertEqual(list(json.loads(caught.exception.text)), ["error"])
        return caught.exception

    def rows(self, sql):
        answer = json.loads(self.device.ok("sql", "default", sql, "--json"))
        return [dict(zip(answer["columns"], row)) for row in answer["rows"]]

    def test_what_is_uploaded_is_downloaded(self):
        one = chat("c1", *PLACED, pinned=True, newer={"a": [1.5, None]})
        two = chat("c/2 %", updatedAt="2026-03-02T10:00:00.000Z")
        self.assertEqual(self.ann.upload(one, two), {
            "success": True, "message": "Uploaded 2 chats and 2 messages", "uploadedChats": 2,
            "uploadedMessages": 2})
        self.assertEqual(self.ann.download(), [two, one])
        self.assertEqual(self.ann.upload_chat(chat("c3", message("m9"))),
                         {"success": True, "chatId": "c3", "messagesCount": 1})
        self.assertEqual({each["id"] for each in self.ann.download()}, {"c1", "c/2 %", "c3"})

    def test_a_download_is_json_wherever_its_pieces_end(self):
        chats = [chat(f"c{n}", *PLACED, note="n" * (256 * 1024 - 250 + 40 * n)) for n in range(8)]
        self.ann.upload(*chats)
        self.assertEqual(sorted(self.ann.download(), key=lambda each: each["id"]), chats)

    def test_an_unchanged_upload_writes_nothing(self):
        chats = [chat(f"c{n}", *PLACED, message("m3", second=3)) for n in range(5)]
        self.ann.upload(*chats)
        before = self.device.changes()
        self.ann.upload(*chats)
        self.ann.upload(*self.ann.download())
        self.assertEqual(self.device.changes(), before)

    def test_messages_without_position_stay_in_their_order(self):
        same = "2026-03-01T10:00:00.000Z"
        posted = [message(f"m{n}", timestamp=same) for n in (3, 1, 2)]
        self.ann.upload(chat("c1", *posted))
        self.assertEqual([each["id"] for each in self.ann.download()[0]["messages"]],
                         ["m3", "m1", "m2"])

    def test_the_newest_of_a_message_wins_and_a_stale_one_does_not(self):
        phone = self.device.client("ann")
        self.ann.upload(chat("c1", *PLACED))
        seen = phone.download()[0]
        newer = {**PLACED[0], "content": "ONE", "updatedAt": "2026-03-01T11:00:00.000Z"}
        self.ann.upload(chat("c1", newer, PLACED[1], updatedAt="2026-03-01T11:00:00.000Z"))
        phone.upload(seen)
        self.assertEqual(phone.download()[0]["messages"][0]["content"], "ONE")
        seen["messages"].append(message("m3", "three", 3, position=2))
        seen["updatedAt"] = "2026-03-01T12:00:00.000Z"
        phone.upload(seen)
        self.assertEqual([each["content"] for each in self.ann.download()[0]["messages"]],
                         ["ONE", "two", "three"])

    def test_rows_have_times_where_the_upload_has_none(self):
        """The first client of the seed says none, and takes what is newer than its own chat."""
        def bare(*messages, **members):
            return {"id": "c1", "title": "One", "timestamp": "2026-03-01T10:00:00.000Z",
                    "messages": list(messages), **members}
        first = {"id": "m1", "content": "one", "role": "user",
                 "timestamp": "2026-03-01T10:00:00.000Z", "position": 0}
        second = {**first, "id": "m2", "content": "two", "position": 1, "updatedAt": None}
        self.ann.upload(bare(first))
        made, = self.ann.download()
        for row in (made, made["messages"][0]):
            for name in ("createdAt", "updatedAt"):
                self.assertRegex(row[name], r"^20\d\d-\d\d-\d\dT.*Z$")
        self.assertGreater(made["updatedAt"], made["timestamp"])
        before = self.device.changes()
        self.ann.upload(bare(first))
        self.assertEqual((self.ann.download(), self.device.changes()), ([made], before))
        for change in (bare(first, second), bare(first, second, title="Two"),
                       bare({**first, "content": "ONE"}, second, title="Two")):
            self.ann.upload(change)
            now, = self.ann.download()
            self.assertGreater(now["updatedAt"], made["updatedAt"])
            self.assertEqual(now["createdAt"], made["createdAt"])
            made = now
        self.assertEqual([row["content"] for row in made["messages"]], ["ONE", "two"])
        self.assertGreater(made["messages"][0]["updatedAt"], made["messages"][0]["createdAt"])
        self.assertEqual(self.ann.delete("c1")["deletedChatId"], "c1")
        # What came in by another way has the time that it says.
        self.device.api().post("/v1/spaces/default/changes", {"ops": [
            {"op": "put", "collection": "chatsync_chats", "key": "ann/c9", "value": {
                "id": "c9", "userId": "ann", "timestamp": "2026-03-01T10:00:00.000Z"}}]})
        self.assertEqual(self.ann.download()[0]["updatedAt"], "2026-03-01T10:00:00.000Z")

    def test_branches_are_those_that_say_their_parent(self):
        self.ann.upload(chat("c1", *PLACED, branches=["nonsense"]),
                        chat("b1", parentChatId="c1", branchFromMessageId="m1"),
                        chat("b2", parentChatId="c1", branchFromMessageId="m2"))
        chats = {each["id"]: each for each in self.ann.download()}
        self.assertEqual(sorted(chats["c1"]["branches"]), ["b1", "b2"])
        self.assertEqual(chats["b1"]["parentChatId"], "c1")
        self.assertEqual(chats["b1"]["branchFromMessageId"], "m1")
        self.assertNotIn("branches", chats["b1"])
        before = self.device.changes()
        self.ann.upload(*chats.values())
        self.assertEqual(self.device.changes(), before)

    def test_messages_are_only_ever_added(self):
        """A client that keeps its newer copy uploads it without what it left at the download."""
        phone = self.device.client("ann")
        self.ann.upload(chat("c1", PLACED[0]))
        phone.download()
        self.ann.upload(chat("c1", *PLACED))
        phone.download()
        third = message("m3", "three", 3, position=2)
        phone.upload(chat("c1", PLACED[0], third, updatedAt="2026-03-03T10:00:00.000Z"))
        self.ann.upload(chat("c1", updatedAt="2026-03-03T11:00:00.000Z"))
        for client in (self.ann, phone):
            self.assertEqual([row["id"] for row in client.download()[0]["messages"]],
                             ["m1", "m2", "m3"])

    def test_a_message_that_says_so_is_deleted_and_stays_deleted(self):
        phone = self.device.client("ann")
        self.ann.upload(chat("c1", *PLACED))
        old = phone.download()[0]
        for name, deleted in (("isDeleted", PLACED[1]), ("is_deleted", PLACED[0])):
            answer = self.ann.upload(chat("c1", {**deleted, name: True}))
            self.assertEqual(answer["uploadedMessages"], 1)
        self.assertEqual(phone.download()[0]["messages"], [])
        for client in (phone, self.ann, self.device.client("ann")):
            client.upload(old)
            self.assertEqual(client.download()[0]["messages"], [])
        self.ann.upload(chat("c1", {"id": "never", "isDeleted": True}))
        self.assertEqual(phone.download()[0]["messages"], [])

    def test_what_is_deleted_stays_deleted(self):
        phone = self.device.client("ann")
        copy = chat("c1", *PLACED)
        self.ann.upload(copy, chat("c2"))
        seen = phone.download()
        self.assertEqual(self.ann.delete("c1"), {"success": True, "message": "Chat deleted",
                                                 "deletedChatId": "c1"})
        self.assertEqual([each["id"] for each in self.ann.download()], ["c2"])
        for client in (phone, self.ann, self.device.client("ann")):
            client.upload(*seen, copy)
            self.assertEqual([each["id"] for each in client.download()], ["c2"])
        self.assertEqual(self.refused(self.ann.delete, "c1").status, 404)
        self.assertEqual(self.refused(self.ann.delete, "").status, 400)

    def test_users_see_their_own_rows_alone(self):
        bob = self.device.client("bob")
        self.ann.upload(chat("c1", message("m1", "of ann")))
        self.assertEqual(bob.download(), [])
        bob.upload(chat("c1", message("m1", "of bob")), chat("c2"))
        self.assertEqual(self.ann.download()[0]["messages"][0]["content"], "of ann")
        self.assertEqual(self.refused(self.ann.delete, "c2").status, 404)
        self.assertEqual(len(bob.download()), 2)
        self.assertEqual(self.device.conflicts(), [])

    def test_no_user_is_made_of_another_by_a_slash(self):
        odd, ann = self.device.client("ann/c"), self.device.client("ann")
        ann.upload(chat("c/x", message("1/2", "of ann")))
        odd.upload(chat("x", message("2", "of the other")))
        self.assertEqual(ann.download()[0]["messages"][0]["content"], "of ann")
        self.assertEqual(odd.download()[0]["messages"][0]["content"], "of the other")

    def test_without_a_users_token_nothing_is_told(self):
        self.ann.upload(chat("c1"))
        api = self.device.ok("token", "create", "--app", "x", "--all-spaces", "--write").strip()
        for token in (None, "", "nonsense", api, self.ann.token[::-1]):
            stranger = ChatsyncClient(self.device.port, token)
            for method, path in (("GET", "/api/sync"), ("GET", "/api/sync/download"),
                                 ("POST", "/api/sync/upload"), ("DELETE", "/api/user"),
                                 ("GET", "/nowhere")):
                status, body = stranger.ask(method, path)
                self.assertEqual((status, json.loads(body)),
                                 (401, {"error": "Authentication required"}), (token, path))

    def test_a_users_token_is_good_at_the_listener_alone(self):
        api = self.device.api()
        api.token = self.ann.token
        self.assertEqual(api.ask("GET", "/v1/spaces").status, 401)
        self.assertEqual(api.ask("GET", "/v1/spaces/default/collections/chatsync_chats/records")
                         .status, 401)

    def test_pages_need_their_origin_on_the_list_and_in_their_token(self):
        page = self.device.client("ann", origin=PAGE)
        page.upload(chat("c1"))
        self.assertEqual(len(page.download()), 1)
        for origin, token, status in (("http://evil.example", page.token, 403),
                                      (PAGE, self.ann.token, 401), (None, page.token, 401)):
            other = ChatsyncClient(self.device.port, token, origin=origin)
            self.assertEqual(other.ask("GET", "/api/sync/download")[0], status, origin)

    def test_signing_out_revokes_the_token_and_clears_the_status(self):
        self.ann.upload(chat("c1"))
        self.ann.sync()
        self.assertIsNotNone(self.ann.status()["lastSyncTimestamp"])
        wait_until("it is written", lambda: self.rows("SELECT * FROM sync_status"))
        other = self.device.client("ann")
        self.assertEqual(self.ann.sign_out(), {"success": True})
        self.assertEqual(self.refused(self.ann.status).status, 401)
        self.assertIsNone(other.status()["lastSyncTimestamp"])
        self.assertEqual(self.rows("SELECT * FROM sync_status"), [])
        self.assertEqual(len(other.download()), 1)

    def test_a_user_is_deleted_with_all_rows_and_tokens(self):
        bob, second = self.device.client("bob"), self.device.client("ann")
        self.ann.upload(chat("c1", *PLACED), chat("c2"))
        bob.upload(chat("c1"))
        self.assertEqual(self.ann.delete_user(), {"success": True, "deletedChats": 2,
                                                  "deletedMessages": 2})
        for client in (self.ann, second):
            self.assertEqual(self.refused(client.download).status, 401)
        self.assertEqual(self.device.client("ann").download(), [])
        self.assertEqual(len(bob.download()), 1)

    def test_the_status_and_what_a_sync_answers(self):
        self.assertEqual(self.ann.status(), {"lastSyncTimestamp": None, "pendingChanges": 0,
                                             "isOnline": False, "syncEnabled": True})
        full = self.ann.sync(direction="full")
        self.assertEqual({**full, "message": "", "status": None}, {
            "message": "", "requiresClientSync": True, "direction": "full", "status": None})
        self.assertEqual(set(self.ann.sync(direction="server-only")), {"message", "status"})
        self.assertEqual(set(self.ann.sync(action="auto")),
                         {"message", "requiresClientSync", "status"})
        self.assertRegex(self.ann.status()["lastSyncTimestamp"], r"^\d{4}-.*Z$")

    def test_reading_changes_no_record_and_counts_as_a_sync(self):
        before = self.device.changes()
        self.ann.download()
        self.assertIsNotNone(self.ann.status()["lastSyncTimestamp"])
        self.assertEqual(self.device.changes(), before)

    def test_bad_bodies_are_refused_whole(self):
        good = chat("c1")
        bad = [b"", b"[]", b"{}", b'{"chats":{}}', b'{"chats":', b"\xff", b'{"chats":[{}]}',
               b'{"chats":[{"id":""}]}', b'{"chats":[{"id":"x","messages":{"a":1}}]}',
               json.dumps({"chats": [good, {"id": "y", "messages": [{"content": "no id"}]}]})
               .encode(), json.dumps({"chats": [good, {"id": "z" * 600}]}).encode()]
        for body in bad:
            status, text = self.ann.ask("POST", "/api/sync/upload", body)
            self.assertEqual((status, list(json.loads(text))), (400, ["error"]), body[:80])
        for body in (b"{}", b'{"chat":[]}', b'{"chat":1}'):
            self.assertEqual(self.ann.ask("POST", "/api/sync/upload-chat", body)[0], 400, body)
        self.assertEqual(self.ann.ask("GET", "/nowhere")[0], 404)
        self.assertEqual(self.ann.download(), [])

    def test_the_seeds_columns_in_sql(self):
        self.ann.upload(chat("c1", *PLACED), chat("b/1", parentChatId="c1"),
                        chat("gone", PLACED[0]))
        self.ann.delete("gone")
        self.ann.sync()
        chats = {row["id"]: row for row in self.rows("SELECT * FROM chats")}
        self.assertEqual(chats["c1"], {
            "id": "c1", "user_id": "ann", "title": "Chat c1",
            "timestamp": "2026-03-01T10:00:00.000Z", "parent_chat_id": None,
            "branch_from_message_id": None, "branches": '["b/1"]',
            "created_at": "2026-03-01T10:00:00.000Z", "updated_at": "2026-03-01T10:00:00.000Z",
            "is_deleted": 0})
        self.assertEqual([chats["b/1"]["parent_chat_id"], chats["gone"]["is_deleted"],
                          chats["gone"]["user_id"]], ["c1", 1, "ann"])
        messages = self.rows("SELECT * FROM messages WHERE chat_id = 'c1' ORDER BY position")
        columns = ("id", "user_id", "content", "role", "is_deleted")
        self.assertEqual([[row[name] for name in columns] for row in messages],
                         [["m1", "ann", "one", "user", 0], ["m2", "ann", "two", "user", 0]])
        self.assertEqual(set(messages[0]), {
            "id", "chat_id", "user_id", "content", "role", "timestamp", "position", "attachments",
            "created_at", "updated_at", "is_deleted"})
        wait_until("it is written", lambda: self.rows("SELECT * FROM sync_status"))
        status = self.rows("SELECT * FROM sync_status")[0]
        self.assertEqual(set(status), {"user_id", "last_sync_timestamp", "device_id", "created_at",
                                       "updated_at"})
        self.assertEqual(status["user_id"], "ann")
        space = self.device.api().get("/v1/spaces/default")["file"]
        with sqlite3.connect(f"file:{space}?mode=ro", uri=True) as plain:
            self.assertEqual(plain.execute("SELECT count(*) FROM chats").fetchone(), (3,))


class Devices(TwoDevices):
    device = ChatsyncDevice

    def test_what_one_device_deletes_a_stale_copy_elsewhere_does_not_bring_back(self):
        ann, bob = self.ann.client("ann"), self.bob.client("ann")
        copy = chat("c1", *PLACED)
        ann.upload(copy)
        wait_until("bob has it", lambda: len(bob.download()) == 1)
        ann.delete("c1")
        wait_until("it is gone", lambda: bob.download() == [])
        for client in (bob, self.bob.client("ann"), self.ann.client("ann")):
            client.upload(copy)
            self.assertEqual(client.download(), [])

    def test_a_copy_that_this_device_never_saw_stays_deleted_too(self):
        self.bob.ok("compat", "disable", "chatsync")
        ann = self.ann.client("ann")
        copy = chat("c1", *PLACED)
        ann.upload(copy)
        ann.delete("c1")
        ann.upload(chat("c2"))
        self.bob.enable("--space", "talks")
        bob = self.bob.client("ann")
        wait_until("bob is in step", lambda: [each["id"] for each in bob.download()] == ["c2"])
        bob.upload(copy)
        self.assertEqual([each["id"] for each in bob.download()], ["c2"])
        bob.upload({**copy, "title": "Again", "updatedAt": "2027-01-01T00:00:00.000Z"})
        self.assertEqual({each["id"] for each in bob.download()}, {"c1", "c2"})

    def test_two_users_on_two_devices_never_share_a_row(self):
        self.ann.client("ann").upload(chat("c1", message("m1", "of ann")))
        self.bob.client("bob").upload(chat("c1", message("m1", "of bob")))
        for device in (self.ann, self.bob):
            for user in ("ann", "bob"):
                client = device.client(user)
                wait_until("both are there", lambda c=client: len(c.download()) == 1)
                self.assertEqual(client.download()[0]["messages"][0]["content"], f"of {user}")
        self.assertEqual(self.ann.client("ann").status()["isOnline"], True)


if __name__ == "__main__":
    unittest.main()
