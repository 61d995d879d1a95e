#!/usr/bin/env python3
"""What rangerplex clients do to everything at once: export, import, clear, deleting a chat."""

import sqlite3
import unittest

from compat_device import OneDevice
from lanyard_process import wait_until
from rangerplex_client import Refused, chat, message


class Wholes(OneDevice):
    def test_export_has_the_seeds_shape(self):
        self.client.post_all([chat(1, message("m1")), chat(2)])
        self.client.post_setting("a", {"b": 1})
        out = self.client.export()
        self.assertEqual(sorted(out), ["chats", "exportedAt", "settings", "version"])
        self.assertEqual((out["version"], out["settings"]), ("2.2.0", {"a": {"b": 1}}))
        self.assertEqual(out["chats"], self.client.chats())
        self.assertGreater(out["exportedAt"], 1_700_000_000_000)

    def test_what_was_imported_is_all_there_is(self):
        self.client.post_all([chat(1, message("m1"), message("m2")), chat(2, message("x"))])
        self.client.post_setting("old", 1)
        self.client.post_setting("study_notes_ann", {"notes": [{"id": "n"}]})
        whole = {"version": "2.2.0", "exportedAt": 5,
                 "chats": [chat(3, message("new")),
                           chat(1, message("m2", "edited"), message("m0"), message("m1"))],
                 "settings": {"a": [1], "study_notes_bob": {"notes": [{"id": "b"}, {"id": "c"}]}}}
        self.assertEqual(self.client.import_all(whole), {"success": True, "chatsImported": 2})
        self.assertEqual(self.client.chats(), whole["chats"])
        self.assertEqual(self.client.settings(), whole["settings"])
        self.unchanged(lambda: self.client.import_all(whole))
        self.unchanged(lambda: self.client.import_all(self.client.export()))
        self.assertEqual(self.device.conflicts(), [])

    def test_later_servers_names_and_other_lists(self):
        boards = [{"id": "b1", "name": "One", "imageData": "data:,"}]
        self.client.import_all({
            "chats": [{"id": "c", "title": "t", "model": "m", "messages": [], "is_starred": 1,
                       "knowledge_base": [{"id": "k"}], "updated_at": 7}],
            "canvasBoards": boards, "win95States": [{"userId": "ann", "openApps": []}]})
        self.assertEqual(self.client.chats(), [
            {"id": "c", "title": "t", "model": "m", "messages": [], "isStarred": True,
             "knowledgeBase": [{"id": "k"}], "updatedAt": 7}])
        out = self.client.export()
        self.assertEqual(out["canvasBoards"], boards)
        self.assertEqual(out["win95States"], [{"userId": "ann", "openApps": []}])

    def test_an_export_of_the_browser(self):
        boards = [{"id": "b1", "name": "One", "imageData": "data:,1"}]
        local = [{"id": "b1", "name": "older"}, {"id": "b2", "name": "Two", "imageData": "data:,2"}]
        sessions = [{"id": "s1", "userId": "ann", "duration": 25}]
        whole = {"version": "4.3.8", "exportedAt": 5, "chats": [chat(1, message("m"))],
                 "settings": {"a": 1}, "canvasBoards": boards, "localCanvasBoards": local,
                 "win95States": [{"userId": "ann", "openApps": ["x"]}], "studySessions": sessions}
        self.client.import_all(whole)
        out = self.client.export()
        self.assertEqual(sorted(out["canvasBoards"], key=lambda b: b["id"]), [boards[0], local[1]])
        self.assertEqual([out[name] for name in ("chats", "settings", "studySessions")],
                         [whole["chats"], whole["settings"], sessions])
        self.unchanged(lambda: self.client.import_all(whole))
        self.client.import_all({"chats": [], "localCanvasBoards": local[1:]})
        self.assertEqual(self.client.export()["canvasBoards"], local[1:])

    def test_a_backup(self):
        files = [{"id": "f", "name": "a.py", "path": "/a.py", "language": "python", "content": "1",
                  "lastModified": 3}]
        folders = [{"id": "d", "name": "d", "children": [{"id": "e", "name": "e"}]}]
        whole = {"version": "1.0", "timestamp": 5, "user": "ann", "chats": [chat(1, message("m"))],
                 "settings": {"a": {"b": 1}}, "canvasBoards": [], "editorFiles": files,
                 "editorFolders": folders, "metadata": {"totalSize": 1, "itemCounts": {"chats": 1}}}
        self.client.import_all(whole)
        out = self.client.export()
        self.assertEqual([out[name] for name in ("chats", "settings", "editorFiles",
                                                 "editorFolders")],
                         [whole["chats"], whole["settings"], files, folders])
        self.unchanged(lambda: self.client.import_all(whole))

    def test_a_time_that_is_no_number_stays_as_it_was_said(self):
        chats = [chat(1, updatedAt="yesterday")]
        self.client.import_all({"chats": chats})
        self.assertEqual(self.client.chats(), chats)
        self.unchanged(lambda: self.client.import_all({"chats": chats}))

    def test_nothing_is_written_to_an_archived_space_however_much_it_is(self):
        self.device.ok("space", "create", "put-away")
        self.device.enable("--space", "put-away")
        client = self.device.client()
        client.post_chat(chat(1))
        self.device.ok("space", "archive", "put-away")
        many = {"chats": [chat(1, *(message(f"m{n}") for n in range(1500)))]}  # several changes
        for write in (lambda: client.post_chat(chat(2)), lambda: client.import_all(many),
                      lambda: client.post_chat(many["chats"][0]), client.clear):
            with self.assertRaises(Refused) as refused:
                write()
            self.assertEqual(refused.exception.status, 403)
            self.assertEqual(client.chats(), [chat(1)])

    def test_what_is_no_export_changes_nothing(self):
        self.client.post_chat(chat(1))
        for bad in ({}, {"chats": 5}, {"chats": [{}]}, {"chats": [chat(2), {"no": "id"}]},
                    {"settings": []}, {"chats": [chat(1), chat(1)]}):
            with self.assertRaises(Refused) as refused:
                self.client.import_all(bad)
            self.assertEqual(refused.exception.status, 400, bad)
        self.assertEqual(self.client.chats(), [chat(1)])

    def test_clear_and_what_it_leaves_to_come_back_by(self):
        self.client.post_all([chat(1, message("m1")), chat(2)])
        self.client.post_setting("a", 1)
        self.client.call("DELETE", "/api/clear")
        self.assertEqual((self.client.chats(), self.client.settings()), ([], {}))
        # What a client still has is stale: it stays deleted.
        self.unchanged(lambda: self.client.post_all([chat(1, message("m1")), chat(2)]))
        self.assertEqual(self.client.chats(), [])
        copies = list((self.device.data / "backups").iterdir())
        self.assertEqual(len(copies), 1)
        with sqlite3.connect(f"file:{copies[0]}?mode=ro&immutable=1", uri=True) as database:
            self.assertEqual(database.execute("SELECT id, title FROM chats ORDER BY id").fetchall(),
                             [("chat-1", "Chat 1"), ("chat-2", "Chat 2")])
        # With a chat comes what went with it.
        self.device.ok("data", "restore", "default", "chats", "chat-1")
        wait_until("it is whole", lambda: self.client.chats() == [chat(1, message("m1"))])

    def test_the_newest_twelve_copies_are_kept(self):
        for _ in range(14):
            self.client.clear()
        copies = list((self.device.data / "backups").iterdir())
        self.assertEqual(len(copies), 12)
        self.assertTrue(all(each.stat().st_mode & 0o077 == 0 for each in copies))

    def test_a_chat_is_deleted_and_stays_deleted(self):
        posted = [chat(1, message("m1")), chat(2)]
        self.client.post_all(posted)
        with self.client.socket() as line:
            self.assertEqual(self.client.call("DELETE", "/api/chat/chat-1"), {"success": True})
            self.assertEqual(line.message(), {"type": "chat_deleted", "chatId": "chat-1"})
        self.assertEqual(self.client.call("DELETE", "/api/chat/never"), {"success": True})
        self.unchanged(lambda: self.client.post_all(posted))
        self.unchanged(lambda: self.device.client("client/2").post_all(posted))
        self.assertEqual(self.client.chats(), posted[1:])

    def test_who_wrote_last_may_delete(self):
        """Nothing of a chat changes but its time when a message is added."""
        self.client.post_chat({"id": "chat-1", "messages": [message("m1")]})
        self.client.post_chat(chat(2, message("m2")))
        self.client.post_chat(chat(2, message("m2"), message("m3"), updatedAt=2000))
        for name in ("chat-1", "chat-2"):
            self.assertEqual(self.client.call("DELETE", f"/api/chat/{name}"), {"success": True})
        self.assertEqual(self.client.chats(), [])

    def test_who_goes_on_with_a_chat_that_another_deleted_has_it_again(self):
        one, two = self.device.client("client/1"), self.device.client("client/2")
        one.post_chat(chat(1, message("m1"), message("m2")))
        two.chats()
        one.call("DELETE", "/api/chat/chat-1")
        again = chat(1, message("m1"), message("m2"), message("m3"), updatedAt=9000)
        two.post_chat(again)
        self.assertEqual(one.chats(), [again])

    def test_a_chat_with_unread_edits_is_not_deleted(self):
        one, two = self.device.client("client/1"), self.device.client("client/2")
        one.post_chat(chat(1, message("m1")))
        two.chats()
        two.post_chat(chat(1, message("m1"), message("m2"), updatedAt=2000))
        before = self.device.changes()
        with self.assertRaises(Refused) as refused:
            one.call("DELETE", "/api/chat/chat-1")
        self.assertEqual(refused.exception.status, 409)
        self.assertEqual(self.device.changes(), before)
        one.chats()
        one.call("DELETE", "/api/chat/chat-1")
        self.assertEqual(one.chats(), [])


if __name__ == "__main__":
    unittest.main()
