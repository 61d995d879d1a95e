#!/usr/bin/env python3
"""The rangerplex listener of real agents, used by a client that knows RangerPlex's server alone."""

import json
import unittest

from compat_device import PAGE, OneDevice, RangerplexDevice
from lanyard_process import wait_until
from rangerplex_client import Client, chat, message
from web_socket import Line


class Posts(OneDevice):
    def test_an_empty_server(self):
        self.assertEqual(self.client.chats(), [])
        self.assertEqual(self.client.settings(), {})
        health = self.client.call("GET", "/api/health")
        self.assertEqual(health["status"], "ok")
        self.assertRegex(health["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(sorted(health), ["status", "timestamp", "uptime", "version"])
        self.assertEqual(self.client.call("GET", "/health")["status"], "ok")

    def test_chats_come_back_as_they_were_posted_newest_first(self):
        posted = [chat(1, message("m1"), message("m2", sender="ai", stats={"n": 1.5})),
                  chat(2, unknown={"kept": [1, None]}), chat(3, isStarred=True)]
        for each in posted:
            self.assertEqual(self.client.post_chat(each), {"success": True, "chatId": each["id"]})
        self.assertEqual(self.client.chats(), posted[::-1])

    def test_defaults(self):
        self.client.post_chat({"id": "bare"})
        got = self.client.chat("bare")
        self.assertEqual((got["messages"], got["knowledgeBase"], got["isStarred"]),
                         ([], [], False))
        self.assertGreater(got["updatedAt"], 1_700_000_000_000)
        self.unchanged(lambda: self.client.post_chat({"id": "bare"}))
        self.client.post_chat({"id": "zero", "updatedAt": 0, "messages": None, "isStarred": 1})
        self.assertGreater(self.client.chat("zero")["updatedAt"], 1_700_000_000_000)
        self.assertIs(self.client.chat("zero")["isStarred"], True)

    def test_a_title_and_a_model_that_nobody_said_are_null(self):
        self.client.post_chat({"id": "bare", "updatedAt": 1000})
        got = self.client.chat("bare")
        self.assertEqual((got["title"], got["model"]), (None, None))
        self.unchanged(lambda: self.client.post_chat(got))
        self.unchanged(lambda: self.client.post_chat({"id": "bare", "updatedAt": 1000}))

    def test_a_path_in_any_case_and_with_a_slash_behind(self):
        self.client.post_chat(chat(1))
        for path in ("/api/chats/", "/API/Chats", "/Api/chats/"):
            self.assertEqual(self.client.call("GET", path), [chat(1)])
        self.client.call("POST", "/api/Sync/Chat/", {**chat(1), "id": "Chat-1"})
        self.client.call("DELETE", "/API/chat/Chat-1/")
        self.assertEqual(self.client.chats(), [chat(1)])

    def test_an_unchanged_repost_of_everything_writes_nothing(self):
        posted = [chat(n, *(message(f"m{n}-{i}") for i in range(5))) for n in range(20)]
        self.client.post_all(posted)
        self.unchanged(lambda: self.client.post_all(posted))
        self.unchanged(lambda: self.client.post_all(self.client.chats()))
        # Another browser too, which has read nothing.
        self.unchanged(lambda: self.device.client("client/2").post_all(posted))

    def test_a_stale_repost_undoes_nothing(self):
        first = chat(1, message("m1", "one"))
        second = chat(1, message("m1", "one, edited"), message("m2"), title="New",
                      updatedAt=2000)
        self.client.post_chat(first)
        self.client.post_chat(second)
        for browser in ("client/1", "client/2"):
            self.unchanged(lambda who=browser: self.device.client(who).post_chat(first))
            self.assertEqual(self.client.chat("chat-1"), second)

    def test_a_star_toggled_twice(self):
        plain, starred = chat(1), chat(1, isStarred=True)
        for each in (plain, starred, plain, starred, plain):
            self.client.post_chat(each)
            self.assertEqual(self.client.chat("chat-1"), each)

    def test_an_answer_that_streams_in(self):
        for words in range(20):
            answer = message("m2", " ".join(["word"] * words), sender="ai", isThinking=words < 19)
            self.client.post_chat(chat(1, message("m1"), answer, updatedAt=2000 + words))
        self.assertEqual(self.client.chat("chat-1"),
                         chat(1, message("m1"), answer, updatedAt=2019))
        self.assertEqual(self.device.conflicts(), [])

    def test_a_message_is_deleted_and_one_inserted(self):
        a, b, c, d = (message(name) for name in "abcd")
        self.client.post_chat(chat(1, a, b, c))
        self.client.post_chat(chat(1, a, c, updatedAt=2000))
        self.assertEqual(self.client.chat("chat-1")["messages"], [a, c])
        self.client.post_chat(chat(1, d, a, b, c, updatedAt=2001))
        self.assertEqual(self.client.chat("chat-1")["messages"], [d, a, b, c])

    def test_one_id_in_two_chats_and_twice_in_one(self):
        self.client.post_chat(chat(1, message("m", "in one"), message("m", "again")))
        self.client.post_chat(chat(2, message("m", "in two")))
        self.assertEqual([each["text"] for each in self.client.chat("chat-1")["messages"]],
                         ["in one", "again"])
        self.assertEqual(self.client.chat("chat-2")["messages"], [message("m", "in two")])
        self.unchanged(lambda: self.client.post_chat(
            chat(1, message("m", "in one"), message("m", "again"))))

    def test_settings(self):
        values = {"text": "a", "number": 1.5, "none": None, "list": [1, {"a": 2}], "empty": {},
                  "object": {"a": {"b": 1}, "c": None}, "value": {"value": {"value": 1}},
                  "study_notes_ann": {"notes": [{"id": "n1", "title": "One", "todoItems": []},
                                                {"id": "n2", "title": "Two"}],
                                      "courses": [{"id": "c"}]},
                  "study_notes_bob": {"notes": [], "courses": []},
                  "study_notes_old": [{"id": "n3"}], "study_notes_ann_theme": "dark"}
        for key, value in values.items():
            self.assertEqual(self.client.post_setting(key, value), {"success": True})
        self.client.call("POST", "/api/sync/settings", {"key": "without"})
        values["without"] = None
        self.assertEqual(self.client.settings(), values)
        self.unchanged(lambda: [self.client.post_setting(*each) for each in values.items()])
        notes = values["study_notes_ann"]["notes"]
        values["study_notes_ann"] = {"notes": [{"id": "n0"}, notes[1]], "courses": []}
        self.client.post_setting("study_notes_ann", values["study_notes_ann"])
        self.assertEqual(self.client.settings(), values)

    def test_members_of_a_setting_merge_one_by_one(self):
        one, two = self.device.client("client/1"), self.device.client("client/2")
        one.post_setting("settings_ann", {"model": "a", "matrix": False, "gone": 1})
        two.settings()
        one.post_setting("settings_ann", {"model": "b", "matrix": False, "gone": 1})
        two.post_setting("settings_ann", {"model": "a", "matrix": True})
        self.assertEqual(one.settings()["settings_ann"], {"model": "b", "matrix": True})
        self.assertEqual(self.device.conflicts(), [])

    def test_two_browsers_edit_one_chat(self):
        one, two = self.device.client("client/1"), self.device.client("client/2")
        one.post_chat(chat(1, message("m1")))
        two.chats()
        one.post_chat(chat(1, message("m1"), message("m2", "by one"), updatedAt=2001))
        two.post_chat(chat(1, message("m1"), message("m3", "by two"), title="By two",
                           updatedAt=2002))
        got = one.chat("chat-1")
        self.assertEqual(got["title"], "By two")
        self.assertEqual([each["id"] for each in got["messages"]], ["m1", "m2", "m3"])

    def test_bad_posts(self):
        for body, status in ((b"{", 400), (b'"text"', 400), (b"[]", 400), (b"{}", 400),
                             (b'{"id":""}', 400), (b'{"id":{}}', 400),
                             (b'{"id":"a","messages":5}', 400),
                             (b'{"id":"a","messages":[{"text":"no id"}]}', 400)):
            got, _, text = self.client.ask("POST", "/api/sync/chat", body)
            self.assertEqual(got, status, (body, text))
            self.assertEqual(list(json.loads(text)), ["error"], body)
        self.assertEqual(self.client.ask("POST", "/api/sync/settings", b'{"value":1}')[0], 400)
        status, _, text = self.client.ask("POST", "/api/sync/chat", b"{}",
                                          {"Content-Type": "text/plain"})
        self.assertEqual((status, list(json.loads(text))), (415, ["error"]))
        for method, path in (("GET", "/nothing"), ("PUT", "/api/chats"), ("GET", "/"),
                             ("GET", "/terminal")):
            status, _, text = self.client.ask(method, path)
            self.assertIn(status, (404, 426), (method, path))
            self.assertEqual(list(json.loads(text)), ["error"])
        self.assertEqual(self.client.chats(), [])


class Frames(OneDevice):
    def test_import_and_clear_tell_everybody_once(self):
        with self.client.socket() as line:
            self.client.import_all({"chats": [chat(1), chat(2)], "settings": {"a": 1}})
            self.client.clear()
            self.client.post_chat(chat(3))
            self.assertEqual([line.message()["type"] for _ in range(3)],
                             ["full_import", "data_cleared", "chat_updated"])

    def test_the_other_frames(self):
        board, other = {"id": "b1", "name": "One"}, {"id": "b2", "name": "Two"}
        session = {"id": "s1", "userId": "ann", "duration": 1500}
        with self.client.socket() as line:
            for frame in (
                    {"type": "canvas_board_update", "data": board, "timestamp": 1},
                    {"type": "canvas_boards_update", "data": [board, other], "timestamp": 2},
                    {"type": "canvas_boards_update", "data": [other], "timestamp": 3},
                    {"type": "editor_file_update", "data": {"id": "f", "content": "x"}},
                    {"type": "study_session_update", "userId": "ann", "data": session},
                    {"type": "study_sessions_update", "data": [session]},
                    {"type": "win95_state_update", "userId": "ann", "data": {"openApps": ["a"]}},
                    {"type": "sync_settings", "data": {"key": "last", "value": 1}}):
                line.text(frame)
            line.heard("settings_updated")
        out = self.client.export()
        self.assertEqual(out["canvasBoards"], [other])
        self.assertEqual(out["editorFiles"], [{"id": "f", "content": "x"}])
        self.assertEqual(out["studySessions"], [session])
        self.assertEqual(out["win95States"], [{"openApps": ["a"], "userId": "ann"}])

    def test_every_socket_hears_of_a_post_the_senders_own_too(self):
        with self.client.socket() as own, self.device.client("client/2").socket() as other:
            self.client.post_chat(chat(1))
            self.client.post_chat(chat(1))
            self.client.post_setting("a", 1)
            for line in (own, other):
                self.assertEqual([line.message() for _ in range(3)],
                                 [{"type": "chat_updated", "chatId": "chat-1"},
                                  {"type": "chat_updated", "chatId": "chat-1"},
                                  {"type": "settings_updated", "key": "a"}])

    def test_frames_are_applied(self):
        with self.client.socket() as line:
            line.text({"type": "sync_chat", "data": chat(1, message("m1"))})
            self.assertEqual(line.heard("chat_updated")["chatId"], "chat-1")
            line.text("no JSON")
            line.text({"type": "unknown", "data": {}})
            line.text({"type": "sync_chat", "data": {"no": "id"}})
            line.text({"type": "sync_settings", "data": {"key": "k", "value": {"a": 1}}})
            self.assertEqual(line.heard("settings_updated")["key"], "k")
        self.assertEqual(self.client.chats(), [chat(1, message("m1"))])
        self.assertEqual(self.client.settings(), {"k": {"a": 1}})

    def test_changes_from_elsewhere_raise_the_same_frames(self):
        with self.client.socket() as line:
            self.device.ok("data", "put", "default", "messages", "m1",
                           '{"chatId":"chat-9","text":"a"}')
            self.assertEqual(line.heard("chat_updated")["chatId"], "chat-9")
            self.device.ok("data", "put", "default", "settings", "s", '{"value":1}')
            self.assertEqual(line.heard("settings_updated")["key"], "s")
            self.device.ok("data", "put", "default", "chats", "chat-9", '{"title":"a"}')
            self.assertEqual(line.heard("chat_updated")["chatId"], "chat-9")
            self.device.ok("data", "delete", "default", "chats", "chat-9")
            self.assertEqual(line.heard("chat_deleted")["chatId"], "chat-9")


class Doors(OneDevice):
    def test_only_listed_pages_and_programs_may_speak(self):
        here = f"localhost:{self.device.port}"
        for headers, status in (
                ({}, 200), ({"Origin": PAGE}, 200),
                ({"Origin": PAGE, "Sec-Fetch-Site": "same-site"}, 200),
                ({"Host": f"127.0.0.1:{self.device.port}"}, 200),
                ({"Origin": "http://localhost:5174"}, 403), ({"Origin": "null"}, 403),
                ({"Origin": f"http://{here}"}, 403), ({"Origin": PAGE + "/"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Host": "evil.example"}, 403),
                ({"Host": f"evil.example:{self.device.port}"}, 403)):
            got, heard, text = self.client.ask("GET", "/api/chats", headers=headers)
            self.assertEqual(got, status, headers)
            allowed = headers.get("Origin") if status == 200 else None
            self.assertEqual(heard.get("access-control-allow-origin"), allowed)
            if status != 200:
                self.assertEqual(list(json.loads(text)), ["error"])

    def test_preflight(self):
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "content-type"}
        status, heard, text = self.client.ask("OPTIONS", "/api/sync/chat", headers=asked)
        self.assertEqual((status, text), (204, b""))
        self.assertEqual(heard["access-control-allow-origin"], PAGE)
        self.assertEqual(heard["access-control-allow-methods"], "GET,HEAD,PUT,PATCH,POST,DELETE")
        self.assertEqual(heard["access-control-allow-headers"], "content-type")
        status, heard, _ = self.client.ask("OPTIONS", "/api/sync/chat",
                                           headers={**asked, "Origin": "http://evil.example"})
        self.assertEqual(status, 403)
        self.assertNotIn("access-control-allow-origin", heard)

    def test_a_foreign_page_gets_no_socket(self):
        with self.assertRaises(ConnectionError):
            Line(self.device.port, "/", origin="http://evil.example")
        with Client(self.device.port, origin=PAGE).socket():
            pass

    def test_switching_off_closes_and_switching_on_again_serves(self):
        self.client.post_chat(chat(1))
        lines = [self.client.socket() for _ in range(5)]
        self.device.ok("compat", "disable", "rangerplex")
        self.assertEqual([line.closed() for line in lines], [1006] * 5)
        with self.assertRaises(OSError):
            self.client.chats()
        listed = self.device.json("compat", "list")["listeners"][0]
        self.assertEqual((listed["enabled"], listed["serving"]), (False, False))
        self.device.ok("compat", "enable", "rangerplex", "--port", str(self.device.port))
        self.assertEqual(self.client.chats(), [chat(1)])

    def test_it_serves_again_after_a_start(self):
        self.client.post_chat(chat(1, message("m1")))
        self.device.stop()
        self.device.start()
        wait_until("the listener serves",
                   lambda: self.device.json("compat", "list")["listeners"][0]["serving"])
        self.unchanged(lambda: self.client.post_chat(chat(1, message("m1"))))
        self.client.post_chat(chat(1, message("m1", "edited"), updatedAt=2000))
        self.assertEqual(self.client.chat("chat-1")["messages"], [message("m1", "edited")])

    def test_a_port_that_is_taken_changes_nothing(self):
        other = RangerplexDevice("other")
        self.addCleanup(other.close)
        other.start()
        done = other.run("compat", "enable", "rangerplex", "--port", str(self.device.port))
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("in use", done.stderr)
        self.assertEqual(other.json("compat", "list")["listeners"], [])
        other.enable()
        done = other.run("compat", "enable", "rangerplex", "--port", str(self.device.port))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(other.client().chats(), [])

    def test_what_cannot_be_switched_on(self):
        for words, status in ((("rangerplx",), 4), (("rangerplex", "--origin", "localhost"), 2),
                              (("rangerplex", "--space", "nowhere"), 4),
                              (("rangerplex", "--port", "0"), 2)):
            done = self.device.run("compat", "enable", *words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
        self.assertEqual(self.client.chats(), [])


if __name__ == "__main__":
    unittest.main()
