#!/usr/bin/env python3
"""Two agents with chatsync and cloudapi listeners and a client each: what one writes the other
reads, each writes its whole list again, and what waited while an agent was away arrives once."""

import unittest

import chatsync_client
import cloudapi_client
from compat_device import ChatsyncDevice, CloudapiDevice, TwoDevices, names, start_again
from lanyard_process import make_known, wait_until


def changes(device) -> int:
    return device.json("space", "info", "talks", "--no-hash")["changes"]


class Chatsync(TwoDevices):
    device = ChatsyncDevice

    def setUp(self):
        super().setUp()
        self.clients = [self.ann.client("ann"), self.bob.client("ann")]
        # What a client has downloaded and leaves out afterwards it means to delete: others look.
        self.lookers = [self.ann.client("ann"), self.bob.client("ann")]

    def shown(self) -> list[dict]:
        ann, bob = self.lookers
        wait_until("both show the same", lambda: ann.download() == bob.download())
        return ann.download()

    def test_what_one_uploads_the_other_downloads(self):
        ann, bob = self.clients
        ann.upload(chatsync_client.chat("c1", chatsync_client.message("m1", second=1),
                                        chatsync_client.message("m2", second=2)),
                   chatsync_client.chat("c2"))
        wait_until("bob has them", lambda: sorted(names(bob.download())) == ["c1", "c2"])
        found = {each["id"]: names(each["messages"]) for each in bob.download()}
        self.assertEqual(found, {"c1": ["m1", "m2"], "c2": []})

    def test_both_converge_after_each_uploads_its_whole_list_again(self):
        ann, bob = self.clients
        ann.upload(*(chatsync_client.chat(f"c{n}", chatsync_client.message(f"m{n}"))
                     for n in range(4)))
        wait_until("bob has them", lambda: len(bob.download()) == 4)
        lists = [ann.download(), bob.download()]
        for chats, author, second in zip(lists, ("ann", "bob"), (7, 8)):
            first = next(each for each in chats if each["id"] == "c0")
            first["messages"].append(chatsync_client.message(f"by-{author}", second=second))
            first["updatedAt"] = f"2026-03-02T10:00:0{second}.000Z"
        for client, chats in zip(self.clients, lists):
            client.upload(*chats)
        wait_until("both have both", lambda: all(
            {"by-ann", "by-bob"} <= {name for each in client.download()
                                     for name in names(each["messages"])}
            for client in self.lookers))
        merged = self.shown()
        for client, chats in zip(self.clients, lists):
            client.upload(*chats)
        self.assertEqual(self.shown(), merged)

    def test_what_was_kept_while_the_agent_was_away_arrives_once(self):
        ann, bob = self.clients
        kept = [chatsync_client.chat(f"c{n}", chatsync_client.message(f"m{n}")) for n in range(10)]
        self.ann.stop()
        with self.assertRaises(OSError):
            ann.upload(*kept)
        start_again(self.ann)
        ann.upload(*kept)
        before = changes(self.ann)
        for each in kept:
            ann.upload_chat(each)  # the client does not know that it arrived
        self.assertEqual(changes(self.ann), before)
        make_known(self.ann, self.bob)
        wait_until("bob has each once", lambda: sorted(names(bob.download())) ==
                   sorted(names(kept)))
        self.shown()


class Cloudapi(TwoDevices):
    device = CloudapiDevice

    def setUp(self):
        super().setUp()
        self.clients = [self.ann.client(), self.bob.client()]

    def everything(self, client) -> dict[str, list[dict]]:
        return {each["id"]: client.get_messages(each["id"]) for each in client.get_chats("ann")}

    def shown(self) -> dict[str, list[dict]]:
        ann, bob = self.clients
        wait_until("both show the same", lambda: self.everything(ann) == self.everything(bob))
        self.assertEqual(ann.get_chats("ann"), bob.get_chats("ann"))
        return self.everything(ann)

    def write_all(self, client, chats: list[dict], messages: list[dict]) -> None:
        for each in chats:
            client.create_chat(each)
        for each in messages:
            client.create_message(each)

    def test_what_one_creates_the_other_gets(self):
        ann, bob = self.clients
        self.write_all(ann, [cloudapi_client.chat("c1"), cloudapi_client.chat("c2")],
                       [cloudapi_client.message("m1", "c1")])
        wait_until("bob has them", lambda: sorted(self.everything(bob)) == ["c1", "c2"])
        wait_until("and the message", lambda: names(bob.get_messages("c1")) == ["m1"])
        ann.update_chat("c1", title="Renamed")
        wait_until("and the new title", lambda: bob.chat("c1")["title"] == "Renamed")

    def test_both_converge_after_each_writes_its_whole_list_again(self):
        ann, bob = self.clients
        chats = [cloudapi_client.chat(f"c{n}") for n in range(4)]
        self.write_all(ann, chats, [cloudapi_client.message(f"m{n}", f"c{n}") for n in range(4)])
        wait_until("bob has them", lambda: all(
            len(each) == 1 for each in self.everything(bob).values()) and
            len(bob.get_chats("ann")) == 4)
        own = [cloudapi_client.message("by-ann", "c0", at=1_700_000_100),
               cloudapi_client.message("by-bob", "c0", at=1_700_000_200)]
        for client, mine in zip(self.clients, own):
            self.write_all(client, chats, [mine])
        wait_until("both have both", lambda: all(
            {"by-ann", "by-bob"} <= set(names(client.get_messages("c0")))
            for client in self.clients))
        merged = self.shown()
        for client, mine in zip(self.clients, own):
            self.write_all(client, chats, [mine])
        self.assertEqual(self.shown(), merged)

    def test_what_was_kept_while_the_agent_was_away_arrives_once(self):
        ann, bob = self.clients
        chats = [cloudapi_client.chat(f"c{n}") for n in range(5)]
        messages = [cloudapi_client.message(f"m{n}", f"c{n}") for n in range(5)]
        self.ann.stop()
        with self.assertRaises(OSError):
            ann.create_chat(chats[0])
        start_again(self.ann)
        self.write_all(ann, chats, messages)
        before = changes(self.ann)
        self.write_all(ann, chats, messages)  # the client does not know that they arrived
        self.assertEqual(changes(self.ann), before)
        make_known(self.ann, self.bob)
        wait_until("bob has each once", lambda: {
            name: names(found) for name, found in self.everything(bob).items()} ==
            {f"c{n}": [f"m{n}"] for n in range(5)})


if __name__ == "__main__":
    unittest.main()
