#!/usr/bin/env python3
"""Several pages of one browser: what one of them posts is compared with what that page was given,
not with what a sibling was."""

import unittest

from compat_device import OneDevice, RangerplexDevice, TwoDevices, names
from lanyard_process import wait_until
from rangerplex_client import chat, message


class Pages(OneDevice):
    """`page` is whatever page of the first browser speaks; `other` is another browser."""

    def setUp(self):
        super().setUp()
        self.page, self.other = self.client, self.device.client("client/2")

    def messages(self) -> list[str]:
        return names(self.device.client("look").chat("chat-1")["messages"])

    def title(self) -> str:
        return self.device.client("look").chat("chat-1")["title"]

    def meet(self, first) -> dict:
        """One page posts `first` and goes on to B; another device adds A meanwhile; a second page
        opens and is given both. What the first page has by then."""
        self.page.post_chat(first)
        there = self.other.chat("chat-1")
        self.other.post_chat({**there, "updatedAt": 2000,
                              "messages": [*there["messages"], message("A")]})
        mine = {**first, "updatedAt": 3000, "messages": [*first["messages"], message("B")]}
        self.page.post_chat(mine)
        self.second = self.page.chat("chat-1")
        self.assertEqual(set(names(self.second["messages"])),
                         {*names(first["messages"]), "A", "B"})
        return mine

    def test_an_unchanged_post_deletes_nothing_that_its_page_never_had(self):
        mine = self.meet(chat(1, message("m")))
        before = self.messages()
        for _ in range(2):
            self.unchanged(lambda: self.page.post_chat(mine))
        self.assertEqual(self.messages(), before)

    def test_neither_does_a_changed_one(self):
        mine = self.meet(chat(1, message("m")))
        for number, text in enumerate("CDE"):
            mine = {**mine, "updatedAt": 4000 + number,
                    "messages": [*mine["messages"], message(text)]}
            self.page.post_chat(mine)
        self.assertEqual(set(self.messages()), set("mABCDE"))

    def test_nor_one_that_deletes_something_of_its_own(self):
        mine = self.meet(chat(1, message("m"), message("n")))
        self.page.post_chat({**mine, "updatedAt": 4000, "messages": mine["messages"][1:]})
        self.assertEqual(set(self.messages()), set("nAB"))

    def test_the_second_page_goes_on_with_what_it_was_given(self):
        self.meet(chat(1, message("m")))
        second = {**self.second, "updatedAt": 4000,
                  "messages": [*self.second["messages"], message("C")]}
        self.page.post_chat(second)
        kept = [each for each in second["messages"] if each["id"] != "C"]
        self.page.post_chat({**second, "updatedAt": 5000, "messages": kept})
        self.assertEqual(set(self.messages()), set("mAB"))

    def test_where_two_pages_cannot_be_told_apart_nothing_goes(self):
        mine = self.meet(chat(1, message("m")))
        # Of the second page, which deletes A; or of the first, which has changed only a time.
        self.page.post_chat({**mine, "updatedAt": 4000})
        self.assertEqual(set(self.messages()), set("mAB"))

    def test_one_page_that_is_loaded_again_can_delete(self):
        self.page.post_chat(chat(1, message("a"), message("b"), message("c")))
        for _ in range(3):
            there = self.page.chat("chat-1")
        there = {**there, "updatedAt": 2000, "messages": there["messages"][:2]}
        self.page.post_chat(there)
        self.assertEqual(self.messages(), ["a", "b"])

    def test_two_pages_that_began_with_the_same(self):
        self.page.post_chat(chat(1, message("m")))
        one, two = self.page.chat("chat-1"), self.page.chat("chat-1")
        self.page.post_chat({**one, "updatedAt": 2000,
                             "messages": [*one["messages"], message("1")]})
        self.page.post_chat({**two, "updatedAt": 3000,
                             "messages": [*two["messages"], message("2")]})
        self.assertEqual(set(self.messages()), set("m12"))

    def test_an_old_name_is_no_edit_of_a_page_that_never_saw_the_new_one(self):
        mine = chat(1, message("m"))
        self.page.post_chat(mine)
        self.other.post_chat({**self.other.chat("chat-1"), "title": "New", "isStarred": True})
        self.assertEqual(self.page.chat("chat-1")["title"], "New")
        self.unchanged(lambda: self.page.post_chat(mine))
        self.page.post_chat({**mine, "updatedAt": 4000,
                             "messages": [*mine["messages"], message("n")]})
        self.assertEqual((self.messages(), self.title()), (["m", "n"], "New"))
        self.assertEqual(self.device.conflicts(), [])

    def test_settings_of_a_page_that_never_saw_the_newer_ones(self):
        old = {"theme": "dark", "model": "a"}
        self.page.post_setting("settings_ann", old)
        self.other.settings()
        self.other.post_setting("settings_ann", {"theme": "light", "model": "a", "more": 1})
        self.assertEqual(self.page.settings()["settings_ann"]["theme"], "light")
        self.unchanged(lambda: self.page.post_setting("settings_ann", old))
        self.page.post_setting("settings_ann", {**old, "model": "b"})
        self.assertEqual(self.other.settings()["settings_ann"],
                         {"theme": "light", "model": "b", "more": 1})

    def test_notes_of_a_page_that_never_saw_another(self):
        def notes(*ids):
            return {"notes": [{"id": each, "title": each, "updatedAt": 1} for each in ids]}
        self.page.post_setting("study_notes_ann", notes("a"))
        self.other.settings()
        self.other.post_setting("study_notes_ann", notes("a", "b"))
        self.page.settings()
        self.page.post_setting("study_notes_ann", notes("a", "c"))
        found = self.other.settings()["study_notes_ann"]["notes"]
        self.assertEqual(set(names(found)), set("abc"))

    def test_a_list_of_boards_deletes_what_its_own_line_had_sent(self):
        def board(name):
            return {"id": name, "name": name}
        def send(line, *boards):
            line.text({"type": "canvas_boards_update", "data": list(boards)})
            line.text({"type": "sync_settings", "data": {"key": "done", "value": 1}})
            line.heard("settings_updated")
        def shown():
            return sorted(names(self.client.export().get("canvasBoards", [])))
        with self.page.socket() as one, self.page.socket() as two:
            send(one, board("1"))
            two.heard("settings_updated")
            send(two, board("1"), board("2"))
            one.heard("settings_updated")
            send(one, board("1"), board("3"))
            two.heard("settings_updated")
            self.assertEqual(shown(), ["1", "2", "3"])
            send(one, board("1"))
            self.assertEqual(shown(), ["1", "2"])


class PagesOfTwoDevices(TwoDevices):
    device = RangerplexDevice

    def test_what_another_device_added_survives_the_autosave_of_an_older_page(self):
        page = self.ann.client()
        first = chat(1, message("m"))
        page.post_chat(first)
        wait_until("bob has it", lambda: len(self.bob.client().chats()) == 1)
        there = self.bob.client().chat("chat-1")
        self.bob.client().post_chat({**there, "updatedAt": 2000,
                                     "messages": [*there["messages"], message("A")]})
        wait_until("ann has A", lambda: len(
            self.ann.client("look").chat("chat-1")["messages"]) == 2)
        mine = {**first, "updatedAt": 3000, "messages": [*first["messages"], message("B")]}
        page.post_chat(mine)
        self.assertEqual(set(names(page.chat("chat-1")["messages"])), set("mAB"))
        page.post_chat(mine)
        wait_until("bob has B", lambda: set(names(
            self.bob.client("look").chat("chat-1")["messages"])) == set("mAB"))
        self.assertEqual(set(names(self.ann.client("look").chat("chat-1")["messages"])),
                         set("mAB"))


if __name__ == "__main__":
    unittest.main()
