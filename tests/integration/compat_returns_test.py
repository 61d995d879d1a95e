#!/usr/bin/env python3
"""Who goes on with a chat that somebody else has deleted has it back, whole."""

import unittest

import chatsync_client
import cloudapi_client
from compat_device import (ChatsyncDevice, CloudapiDevice, OneDevice, RangerplexDevice, TwoDevices,
                           names)
from lanyard_process import wait_until
from rangerplex_client import Refused, chat, message

MESSAGES = [message(name) for name in "abc"]


class OneAgent(OneDevice):
    def test_a_chat_that_another_browser_deleted(self):
        one, two = self.client, self.device.client("client/2")
        one.post_chat(chat(1, *MESSAGES))
        two.chats()
        one.call("DELETE", "/api/chat/chat-1")
        self.assertEqual(two.chats(), [])
        two.post_chat(chat(1, *MESSAGES, message("d"), updatedAt=2000))
        self.assertEqual(names(one.chat("chat-1")["messages"]), list("abcd"))

    def test_also_what_its_poster_had_not_read_of_it(self):
        one, two = self.client, self.device.client("client/2")
        one.post_chat(chat(1, *MESSAGES))
        two.chats()
        one.post_chat(chat(1, *MESSAGES, message("unread"), updatedAt=1500))
        one.call("DELETE", "/api/chat/chat-1")
        two.post_chat(chat(1, *MESSAGES, message("d"), updatedAt=2000))
        self.assertEqual(set(names(one.chat("chat-1")["messages"])), {*"abcd", "unread"})

    def test_what_was_deleted_by_itself_before_stays_deleted(self):
        one, two = self.client, self.device.client("client/2")
        one.post_chat(chat(1, *MESSAGES))
        one.post_chat(chat(1, *MESSAGES[:2], updatedAt=1500))
        two.chats()
        one.call("DELETE", "/api/chat/chat-1")
        two.post_chat(chat(1, *MESSAGES[:2], message("d"), updatedAt=2000))
        self.assertEqual(names(one.chat("chat-1")["messages"]), list("abd"))

    def test_one_that_is_made_anew_does_not_bring_back_the_old(self):
        self.client.post_chat(chat(1, *MESSAGES))
        self.client.call("DELETE", "/api/chat/chat-1")
        self.client.post_chat(chat(1, message("d"), title="Another", updatedAt=2000))
        self.assertEqual(names(self.client.chat("chat-1")["messages"]), ["d"])


class Apart(TwoDevices):
    """Two devices that do not hear each other for a while."""

    def apart(self):
        self.ann.ok("space", "mode", "talks", "local-only")

    def together(self):
        self.ann.ok("space", "mode", "talks", "hybrid")

    def both(self, what, shown, wanted):
        wait_until(what, lambda: all(shown(device) == wanted for device in (self.ann, self.bob)))


class Rangerplex(Apart):
    device = RangerplexDevice

    def shown(self, device) -> dict[str, set[str]]:
        return {each["id"]: set(names(each["messages"])) for each in device.client("look").chats()}

    def begin(self, *chats):
        self.a, self.b = self.ann.client(), self.bob.client()
        self.a.post_all(list(chats))
        wait_until("bob has them", lambda: self.shown(self.bob) == self.shown(self.ann))
        self.b.chats()
        self.apart()

    def test_a_chat_that_one_deletes_and_the_other_goes_on_with(self):
        self.begin(chat(1, *MESSAGES))
        self.a.call("DELETE", "/api/chat/chat-1")
        whole = chat(1, *MESSAGES, message("d"), updatedAt=2000)
        self.b.post_chat(whole)
        self.together()
        self.both("both show all of it", self.shown, {"chat-1": set("abcd")})
        self.b.post_chat(whole)
        self.assertEqual(names(self.a.chat("chat-1")["messages"]), list("abcd"))
        self.assertEqual(names(self.b.chat("chat-1")["messages"]), list("abcd"))

    def test_going_on_is_also_the_edit_of_one_message_alone(self):
        self.begin(chat(1, *MESSAGES))
        self.a.call("DELETE", "/api/chat/chat-1")
        self.b.post_chat(chat(1, message("a", "edited"), *MESSAGES[1:]))
        self.together()
        self.both("both show all of it", self.shown, {"chat-1": set("abc")})
        self.assertEqual(self.a.chat("chat-1")["messages"][0]["text"], "edited")

    def test_what_was_deleted_by_itself_stays_deleted(self):
        self.begin(chat(1, *MESSAGES))
        self.a.post_chat(chat(1, *MESSAGES[1:], updatedAt=1500))
        self.a.call("DELETE", "/api/chat/chat-1")
        self.b.post_chat(chat(1, *MESSAGES, message("d"), updatedAt=2000))
        self.together()
        self.both("both show the rest", self.shown, {"chat-1": set("bcd")})

    def test_after_all_was_cleared(self):
        self.begin(chat(1, *MESSAGES), chat(2, *(message(f"m{n}") for n in range(1500))),
                   chat(3, message("x")))
        self.a.clear()
        self.b.post_chat({**self.b.chat("chat-2"), "title": "Mine", "updatedAt": 2000})
        self.together()
        self.both("both show the one that went on", self.shown,
                  {"chat-2": {f"m{n}" for n in range(1500)}})

    def test_after_an_import_without_it(self):
        self.begin(chat(1, *MESSAGES), chat(2))
        self.a.import_all({"chats": [chat(2)], "settings": {}})
        self.b.post_chat(chat(1, *MESSAGES, message("d"), updatedAt=2000))
        self.together()
        self.both("both show both", self.shown, {"chat-1": set("abcd"), "chat-2": set()})

    def test_also_on_a_device_that_was_away_when_they_met(self):
        self.begin(chat(1, *MESSAGES))
        self.bob.ok("compat", "disable", "rangerplex")
        self.bob.ok("data", "patch", "talks", "chats", "chat-1", '{"title":"Mine"}')
        self.a.call("DELETE", "/api/chat/chat-1")
        self.ann.ok("compat", "disable", "rangerplex")
        self.together()
        wait_until("ann has it back", lambda: "Mine" in
                   self.ann.run("data", "get", "talks", "chats", "chat-1").stdout)
        self.ann.enable("--space", "talks")
        wait_until("it is whole", lambda: self.shown(self.ann) == {"chat-1": set("abc")})


class Chatsync(Apart):
    device = ChatsyncDevice

    def test_a_chat_that_one_deletes_and_the_other_goes_on_with(self):
        a, b = self.ann.client("ann"), self.bob.client("ann")
        looks = {device: device.client("ann") for device in (self.ann, self.bob)}

        def shown(device):
            return {row["id"]: set(names(row["messages"])) for row in looks[device].download()}
        said = [chatsync_client.message(name, second=n) for n, name in enumerate("abc")]
        a.upload(chatsync_client.chat("c", *said))
        wait_until("bob has it", lambda: shown(self.bob) == {"c": set("abc")})
        b.download()
        self.apart()
        a.delete("c")
        b.upload_chat({**chatsync_client.chat("c", *said, chatsync_client.message("d", second=9)),
                       "updatedAt": "2026-03-05T10:00:00.000Z"})
        self.together()
        self.both("both show all of it", shown, {"c": set("abcd")})


class Cloudapi(Apart):
    device = CloudapiDevice

    def shown(self, device):
        client = device.client("look")
        return {row["id"]: set(names(client.get_messages(row["id"])))
                for row in client.get_chats("ann")}

    def test_a_message_for_a_chat_that_the_other_deletes(self):
        a, b = self.ann.client(), self.bob.client()
        a.create_chat(cloudapi_client.chat("c"))
        for name in "abc":
            a.create_message(cloudapi_client.message(name, "c"))
        wait_until("bob has them", lambda: self.shown(self.bob) == {"c": set("abc")})
        self.apart()
        a.delete_chat("c")
        b.create_message(cloudapi_client.message("d", "c"))
        self.together()
        self.both("both show all of it", self.shown, {"c": set("abcd")})

    def test_a_chat_that_the_other_deletes_as_it_is_stays_deleted(self):
        a, b = self.ann.client(), self.bob.client()
        a.create_chat(cloudapi_client.chat("c"))
        a.create_message(cloudapi_client.message("a", "c"))
        wait_until("bob has it", lambda: self.shown(self.bob) == {"c": {"a"}})
        a.delete_chat("c")
        self.both("both have none", self.shown, {})
        with self.assertRaises(Refused):
            b.create_message(cloudapi_client.message("b", "c"))


class Unread(unittest.TestCase):
    """A client's delete takes nothing that the client has not read."""

    def device(self, kind):
        device = kind()
        self.addCleanup(device.close)
        device.start()
        return device.enable()

    def test_a_chat_of_chatsync(self):
        device = self.device(ChatsyncDevice)
        one, two = device.client("ann"), device.client("ann")
        one.upload(chatsync_client.chat("c", chatsync_client.message("a")))
        two.download()
        one.upload(chatsync_client.chat("c", chatsync_client.message("unread", second=2)))
        with self.assertRaises(Refused) as caught:
            two.delete("c")
        self.assertEqual(caught.exception.status, 409)
        self.assertEqual(names(two.download()[0]["messages"]), ["a", "unread"])
        two.delete("c")
        self.assertEqual(one.download(), [])

    def test_a_chat_of_cloudapi(self):
        device = self.device(CloudapiDevice)
        one, two = device.client("client/1"), device.client("client/2")
        one.create_chat(cloudapi_client.chat("c"))
        two.get_chats("ann")
        two.get_messages("c")
        one.create_message(cloudapi_client.message("unread", "c"))
        with self.assertRaises(Refused) as caught:
            two.delete_chat("c")
        self.assertEqual(caught.exception.status, 409)
        self.assertEqual(names(two.get_messages("c")), ["unread"])
        two.delete_chat("c")
        self.assertEqual(one.get_chats("ann"), [])


if __name__ == "__main__":
    unittest.main()
