#!/usr/bin/env python3
"""A device whose sync is switched off speaks with no other, and everything else goes on."""

import json
import unittest

from chatsync_client import chat
from compat_device import ChatsyncDevice, TwoDevices, start_again
from lanyard_process import wait_until


class SyncOff(TwoDevices):
    device = ChatsyncDevice

    def titles(self, device):
        return sorted(each["title"] for each in device.client("ann").download())

    def restart(self, device, **variables):
        device.stop()
        before = device.environment
        device.environment = {**before, **variables}
        start_again(device)
        device.environment = before

    def test_nobody_is_dialled_or_answered_until_it_is_on_again(self):
        self.ann.client("ann").upload(chat("before"))
        wait_until("bob has it", lambda: self.titles(self.bob) == ["Chat before"])
        for off in ({"SYNC_ENABLED": "false"}, {"LANYARD_SYNC_ENABLED": "false"}):
            self.restart(self.bob, **off)
            self.restart(self.ann)
            self.bob.client("ann").upload(chat("by bob"))  # what is local goes on
            self.ann.client("ann").upload(chat("by ann"))
            parts = [each["part"] for each in self.bob.json("status")["degraded"]]
            self.assertIn("sync", parts)
            self.assertTrue(self.bob.ok("status").startswith("sync: sync is switched off"))
            self.assertEqual(self.bob.run("status", "--check").returncode, 7)
            self.assertIn("sync is switched off", self.bob.output.read_text())
            self.assertFalse(self.bob.client("ann").status()["syncEnabled"])
            self.ann.ok("devices", "add", self.bob.info["id"], "--at",
                        f"127.0.0.1:{self.bob.info['syncPort']}")
            self.bob.ok("devices", "add", self.ann.info["id"], "--at",
                        f"127.0.0.1:{self.ann.info['syncPort']}")
            wait_until("ann was turned away", lambda: any(
                each["lastFailure"] for each in self.ann.json("status")["devices"]))
            for words in (("pair",), ("pair", "123456789", "--at", "127.0.0.1:9", "--yes")):
                refused = self.bob.run(*words)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn("sync is switched off", refused.stderr)
            self.assertEqual(self.titles(self.bob), ["Chat before", "Chat by bob"])
        # What says more wins over what older servers' variables say.
        self.restart(self.bob, SYNC_ENABLED="false", LANYARD_SYNC_ENABLED="true")
        self.ann.ok("devices", "add", self.bob.info["id"], "--at",
                    f"127.0.0.1:{self.bob.info['syncPort']}")
        for device in (self.ann, self.bob):
            wait_until("both have everything", lambda d=device: self.titles(d) ==
                       ["Chat before", "Chat by ann", "Chat by bob"])
        self.assertTrue(self.bob.client("ann").status()["syncEnabled"])

    def test_the_name_of_this_device_for_older_servers_clients(self):
        def ids():
            answer = json.loads(self.bob.ok("sql", "talks", "SELECT device_id FROM sync_status",
                                            "--json"))
            return [row[0] for row in answer["rows"]]
        self.restart(self.bob, DEVICE_ID="the-pi")
        self.bob.client("ann").upload(chat("c1"))
        wait_until("it is written", lambda: ids() == ["the-pi"])


if __name__ == "__main__":
    unittest.main()
