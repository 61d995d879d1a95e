#!/usr/bin/env python3
"""Two agents with rangerplex listeners and a client each: what one posts the other reads."""

import unittest

from compat_device import RangerplexDevice, TwoDevices
from lanyard_process import make_known, wait_until
from rangerplex_client import chat, message


class Clients(TwoDevices):
    device = RangerplexDevice

    def same(self):
        wait_until("both show the same",
                   lambda: self.ann.client("look").chats() == self.bob.client("look").chats())
        return self.ann.client("look").chats()

    def test_what_one_posts_the_other_reads(self):
        posted = [chat(1, message("m1"), message("m2")), chat(2)]
        with self.bob.client().socket() as line:
            self.ann.client().post_all(posted)
            line.heard("chat_updated")
        wait_until("bob has them", lambda: self.bob.client().chats() == posted[::-1])
        self.ann.client().post_setting("a", {"b": 1})
        wait_until("bob has it", lambda: self.bob.client().settings() == {"a": {"b": 1}})

    def test_both_converge_after_each_reposts_its_whole_list(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.post_all([chat(n, message(f"m{n}")) for n in range(5)])
        wait_until("bob has them", lambda: len(bob.chats()) == 5)
        anns, bobs = ann.chats(), bob.chats()
        anns[0]["messages"].append(message("by-ann"))
        anns[0]["updatedAt"] = 3000
        bobs[0]["messages"].append(message("by-bob"))
        bobs[0]["updatedAt"] = 3001
        bobs[1]["title"] = "By bob"
        ann.post_all(anns)
        bob.post_all(bobs)
        wait_until("both have both", lambda: all(
            {"by-ann", "by-bob"} <= {each["id"] for each in device.client("look").chats()[0]
                                     ["messages"]} for device in (self.ann, self.bob)))
        merged = self.same()
        for client, mine in ((ann, anns), (bob, bobs)):
            client.post_all(mine)
        self.assertEqual(self.same(), merged)
        self.assertEqual(sorted(each["title"] for each in merged),
                         sorted(["By bob", "Chat 4", "Chat 2", "Chat 1", "Chat 0"]))

    def test_a_time_that_both_have_changed_is_no_conflict_and_the_later_counts(self):
        ann, bob = self.ann.client(), self.bob.client()
        ann.post_chat(chat(1, message("m")))
        wait_until("bob has it", lambda: len(bob.chats()) == 1)
        self.ann.ok("space", "mode", "talks", "local-only")
        ann.post_chat(chat(1, message("m"), message("a"), updatedAt=3000))
        bob.post_chat(chat(1, message("m"), message("b"), updatedAt=2000))
        self.ann.ok("space", "mode", "talks", "hybrid")
        wait_until("both show the later time", lambda: all(
            device.client("look").chat("chat-1")["updatedAt"] == 3000 and
            len(device.client("look").chat("chat-1")["messages"]) == 3 and
            "updatedAt" not in device.ok("conflicts", "list") for device in (self.ann, self.bob)))
        self.same()

    def test_a_queue_filled_offline_arrives_once(self):
        client = self.ann.client()
        client.post_chat(chat(1))
        self.ann.stop()
        for number in range(10):
            self.assertEqual(client.sync_chat(chat(number, message(f"m{number}"),
                                                   updatedAt=5000 + number)), {"queued": True})
        self.ann.start()
        wait_until("the listener serves",
                   lambda: self.ann.json("compat", "list")["listeners"][0]["serving"])
        queue = list(client.queue)
        with client.socket() as line:
            client.flush(line)
            for _ in queue:
                line.heard("chat_updated")
            before = self.ann.json("space", "info", "talks", "--no-hash")
            client.queue = queue
            client.flush(line)
            for _ in queue:
                line.heard("chat_updated")
        self.assertEqual(self.ann.json("space", "info", "talks", "--no-hash"), before)
        make_known(self.ann, self.bob)
        wait_until("bob has it once", lambda: self.bob.client().chats() == [
            frame["data"] for frame in queue[::-1]])


if __name__ == "__main__":
    unittest.main()
