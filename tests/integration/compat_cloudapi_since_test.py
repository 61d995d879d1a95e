#!/usr/bin/env python3
"""What clients of the CloudAPI are told of what changed since a time, here and elsewhere."""

import time
import unittest

from cloudapi_client import chat, message
from compat_device import CloudapiDevice, CloudapiTest, TwoDevices, names
from lanyard_process import wait_until
from openchat_app import OpenChatApp


class Since(CloudapiTest):
    """A client names the time of its last pull; the tests let a while pass before they go on."""

    def setUp(self):
        super().setUp()
        for name, at in (("c1", 1000), ("c2", 2000), ("c3", 3000)):
            self.page.create_chat(chat(name, at=at))
            self.page.create_message(message(f"m of {name}", name, at=at))
        self.page.get_chats("ann")

    def pulled(self, since, page=None) -> list[str]:
        rows = (page or self.page).get_chats("ann", since)
        self.assertEqual([row for row in rows if row["isDeleted"]], [])
        return sorted(names(rows))

    def test_what_did_not_change_is_not_told_again(self):
        self.device.let_pulls_age()
        now = int(time.time())
        self.assertEqual(self.pulled(now), [])
        self.page.update_chat("c2", title="new")
        self.page.create_chat(chat("c4", at=1))
        self.assertEqual(self.pulled(now), ["c2", "c4"])
        self.assertEqual(self.page.get_messages("c1", now), [])
        self.page.create_message(message("m2", "c1", at=1))
        self.page.create_message(message("m3", "c2", at=1))
        self.assertEqual(names(self.page.get_messages("c1", now)), ["m2"])

    def test_what_was_deleted_is_told_by_events_and_not_by_lists(self):
        """The original's client inserts each row of a list that it does not show."""
        self.device.let_pulls_age()
        now = int(time.time())
        self.page.delete_chat("c2")
        self.page.delete_message("m of c3")
        self.page.create_chat(chat("of bob", "bob"))
        self.page.delete_chat("of bob")
        other = self.device.client("other/2")
        for client, since in ((self.page, now), (self.page, 1), (other, now), (other, 1)):
            self.assertNotIn("c2", self.pulled(since, client))
            for name in ("c2", "c3"):
                self.assertEqual(client.get_messages(name, since), [])
        self.assertEqual(names(self.page.get_chats("ann")), ["c3", "c1"])
        deleted = [row["id"] for row in other.get_sync_events("ann", now)
                   if row["operation"] == "delete"]
        self.assertEqual(sorted(deleted), ["chat:c2", "message:m of c2", "message:m of c3"])

    def test_everything_is_told_to_whoever_is_not_known(self):
        self.page.delete_chat("c2")
        now = int(time.time())
        everything = ["c1", "c3"]
        for since in (1, now, now * 1000, now + 0.5, now + 1000):
            self.assertEqual(self.pulled(since, self.device.client("other/2")), everything)
        self.device.let_pulls_age()
        self.assertEqual(self.pulled(now), [])
        for since in (1, "", "undefined", "null", "0"):
            self.assertEqual(self.pulled(since), everything)


class Apps(CloudapiTest):
    """The original's own app, which must never meet a row that it cannot insert."""

    def setUp(self):
        super().setUp()
        self.one = OpenChatApp(self.device.client("one/1"), "ann")
        self.two = OpenChatApp(self.device.client("two/2"), "ann")
        self.one.insert("chat", chat("c1"))
        self.one.insert("message", message("m1", "c1"))
        self.one.insert("message", message("m2", "c1"))
        self.one.sync()
        self.two.sync()

    def shown(self, app) -> dict[str, list[str]]:
        return {row["id"]: sorted(each["id"] for each in app.rows("message")
                                  if each["chatId"] == row["id"]) for row in app.rows("chat")}

    def test_both_have_what_either_writes_and_neither_stops(self):
        self.two.insert("message", message("m3", "c1"))
        self.two.delete("message", "m1")
        self.one.insert("chat", chat("c2"))
        for app in (self.two, self.one, self.two, self.one):
            app.sync()
        self.assertEqual(self.shown(self.two), {"c1": ["m2", "m3"], "c2": []})
        # As with the original's server, a delete comes to no other app by its lists.
        self.assertEqual(self.shown(self.one), {"c1": ["m1", "m2", "m3"], "c2": []})
        before = self.device.changes()
        for app in (self.one, self.two):
            app.push()  # what it was given, as the app does
        self.assertEqual([app.events for app in (self.one, self.two)], [[], []])
        self.assertEqual(self.device.changes(), before)

    def test_who_deleted_a_chat_goes_on_syncing(self):
        self.two.delete("chat", "c1")
        self.one.update_chat("c1", title="Renamed")
        for app in (self.one, self.two, self.one, self.two):
            app.sync()
        fresh = OpenChatApp(self.device.client("three/3"), "ann")
        for app in (self.one, self.two, fresh):
            app.sync()
        self.assertNotIn("c1", self.shown(self.two))
        # What it had not seen when it deleted the chat is not gone.
        self.assertEqual(self.shown(fresh)["c1"], ["m1", "m2"])
        self.assertEqual(fresh.chats["c1"]["title"], "Renamed")


class Devices(TwoDevices):
    device = CloudapiDevice

    def test_a_change_that_comes_late_is_told_whatever_its_own_time(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.create_chat(chat("first", at=5000))
        look = self.bob.client("look/2")
        wait_until("bob has it", lambda: names(look.get_chats("ann")) == ["first"])
        self.ann.ok("space", "mode", "talks", "local-only")
        ann.create_chat(chat("late", at=1000))
        ann.delete_chat("first")
        self.assertEqual(names(bob.get_chats("ann")), ["first"])
        self.bob.let_pulls_age()
        now = int(time.time())
        self.assertEqual(bob.get_chats("ann", now), [])
        self.ann.ok("space", "mode", "talks", "hybrid")
        wait_until("it has come", lambda: names(look.get_chats("ann")) == ["late"])
        self.assertEqual(names(bob.get_chats("ann", now)), ["late"])
        self.assertIn(("chat:first", "delete"), [
            (row["id"], row["operation"]) for row in bob.get_sync_events("ann", now)])

    def test_two_devices_change_one_chat_at_once(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.create_chat(chat("c1"))
        wait_until("bob has it", lambda: names(bob.get_chats("ann")) == ["c1"])
        self.ann.ok("space", "mode", "talks", "local-only")
        ann.update_chat("c1", title="of ann")
        bob.update_chat("c1", title="of bob", color="red")
        self.ann.ok("space", "mode", "talks", "hybrid")
        for device in (self.ann, self.bob):
            wait_until("it is in the inbox", lambda d=device: d.api("--space", "talks").get(
                "/v1/spaces/talks/conflicts")["conflicts"])
        self.assertEqual(ann.chat("c1")["title"], bob.chat("c1")["title"])
        self.assertEqual(ann.chat("c1")["color"], "red")

if __name__ == "__main__":
    unittest.main()
