#!/usr/bin/env python3
"""What clients of the CloudAPI are told of what changed since a time, here and elsewhere."""

import time
import unittest

from cloudapi_client import chat, message
from compat_device import CloudapiDevice, CloudapiTest, TwoDevices, names
from lanyard_process import wait_until


class Since(CloudapiTest):
    """A client names the time of its last pull; the tests let a while pass before they go on."""

    def setUp(self):
        super().setUp()
        for name, at in (("c1", 1000), ("c2", 2000), ("c3", 3000)):
            self.page.create_chat(chat(name, at=at))
            self.page.create_message(message(f"m of {name}", name, at=at))
        self.page.get_chats("ann")

    def pulled(self, since, page=None) -> dict:
        return {row["id"]: row["isDeleted"] for row in (page or self.page).get_chats("ann", since)}

    def test_what_did_not_change_is_not_told_again(self):
        self.device.let_pulls_age()
        now = int(time.time())
        self.assertEqual(self.pulled(now), {})
        self.page.update_chat("c2", title="new")
        self.page.create_chat(chat("c4", at=1))
        self.assertEqual(self.pulled(now), {"c2": False, "c4": False})
        self.assertEqual(self.page.get_messages("c1", now), [])
        self.page.create_message(message("m2", "c1", at=1))
        self.page.create_message(message("m3", "c2", at=1))
        self.assertEqual(names(self.page.get_messages("c1", now)), ["m2"])

    def test_what_was_deleted_since_is_told(self):
        self.device.let_pulls_age()
        now = int(time.time())
        self.page.delete_chat("c2")
        self.page.create_chat(chat("of bob", "bob"))
        self.page.delete_chat("of bob")
        row, = self.page.get_chats("ann", now)
        self.assertEqual(row, {**chat("c2", at=2000), "isDeleted": True})
        row, = self.page.get_messages("c2", now)
        self.assertEqual((row["id"], row["isDeleted"]), ("m of c2", True))
        self.assertEqual(names(self.page.get_chats("ann")), ["c3", "c1"])

    def test_everything_is_told_to_whoever_is_not_known(self):
        self.page.delete_chat("c2")
        now = int(time.time())
        everything = {"c1": False, "c2": True, "c3": False}
        for since in (1, now, now * 1000, now + 0.5, now + 1000):
            self.assertEqual(self.pulled(since, self.device.client("other/2")), everything)
        self.device.let_pulls_age()
        self.assertEqual(self.pulled(now), {"c2": True})
        self.assertEqual(self.pulled(1), everything)
        for since in ("", "undefined", "null", "0"):
            self.assertEqual(self.pulled(since), {"c1": False, "c3": False})


class Devices(TwoDevices):
    device = CloudapiDevice

    def test_a_change_that_comes_late_is_told_whatever_its_own_time(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.create_chat(chat("first", at=5000))
        wait_until("bob has it", lambda: names(bob.get_chats("ann")) == ["first"])
        self.ann.ok("space", "mode", "talks", "local-only")
        ann.create_chat(chat("late", at=1000))
        ann.delete_chat("first")
        self.assertEqual(names(bob.get_chats("ann")), ["first"])
        self.bob.let_pulls_age()
        now = int(time.time())
        self.assertEqual(bob.get_chats("ann", now), [])
        self.bob.let_pulls_age()
        self.ann.ok("space", "mode", "talks", "hybrid")
        wait_until("bob has heard of it", lambda: len(bob.get_chats("ann", now)) == 2)
        self.assertEqual([(row["id"], row["isDeleted"]) for row in bob.get_chats("ann", now)],
                         [("first", True), ("late", False)])

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
