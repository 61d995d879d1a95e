#!/usr/bin/env python3
"""Devices whose identity was lost: the new one has logs of its own, and is paired as any other."""

import json
import unittest

from lanyard_process import Device, wait_until
from pairing import pair


def put(device, key, space="default", **fields):
    device.ok("data", "put", space, "notes", key, json.dumps(fields))


def records(device, space="default"):
    lines = device.ok("data", "query", space, "notes", "--json").splitlines()
    return {each["key"]: each["value"] for each in map(json.loads, lines)}


class NewIdentity(unittest.TestCase):
    def device(self, name):
        device = Device(name)
        self.addCleanup(device.close)
        return device.start()

    def lose_identity(self, device):
        device.stop()
        (device.data / "identity.key").rename(device.folder / "identity.key")
        before = device.info["id"]
        device.start()
        self.assertNotEqual(device.info["id"], before)

    def have(self, wanted, *all_devices, space="default"):
        wait_until(f"all have {sorted(wanted)} in {space}", lambda: all(
            records(device, space) == wanted for device in all_devices))

    def test_one_of_two_is_paired_again_and_goes_on_in_a_log_of_its_own(self):
        for joins in (True, False):
            with self.subTest(joins=joins):
                laptop, pi = self.device("laptop"), self.device("pi")
                pair(laptop, pi)
                put(laptop, "a", n=1)
                self.share_a_garden(laptop, pi)
                self.have({"a": {"n": 1}}, laptop, pi)
                self.lose_identity(laptop)
                self.assertEqual(records(laptop), {"a": {"n": 1}})
                done = laptop.run("data", "put", "default", "notes", "early", "{}")
                self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
                self.assertIn("lanyard pair", done.stderr)
                put(pi, "b", n=2)
                pair(*((laptop, pi) if joins else (pi, laptop)))
                self.have({"a": {"n": 1}, "b": {"n": 2}}, laptop, pi)
                put(laptop, "c", n=3)
                put(pi, "d", n=4)
                self.have({"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}, "d": {"n": 4}}, laptop, pi)
                pi.ok("space", "share", "garden", laptop.info["id"])
                wait_until("laptop may write again", lambda: laptop.run(
                    "data", "put", "garden", "notes", "h", '{"n":2}').returncode == 0)
                self.have({"g": {"n": 1}, "h": {"n": 2}}, laptop, pi, space="garden")

    def share_a_garden(self, owner, other):
        owner.ok("space", "create", "garden")
        put(owner, "g", space="garden", n=1)
        owner.ok("space", "share", "garden", other.name)
        wait_until(f"{other.name} has the garden", lambda: "garden" in [
            each["name"] for each in other.json("space", "list")["spaces"]])
        self.have({"g": {"n": 1}}, owner, other, space="garden")

    def test_a_device_that_is_alone_keeps_its_spaces_and_can_be_paired(self):
        for joins in (True, False):
            with self.subTest(joins=joins):
                laptop, pi = self.device("laptop"), self.device("pi")
                put(laptop, "a", n=1)
                laptop.ok("space", "create", "garden")
                put(laptop, "g", space="garden", n=1)
                self.lose_identity(laptop)
                self.assertEqual(records(laptop), {"a": {"n": 1}})
                self.assertEqual(records(laptop, "garden"), {"g": {"n": 1}})
                put(laptop, "b", n=2)
                put(laptop, "h", space="garden", n=2)
                pair(*((laptop, pi) if joins else (pi, laptop)))
                put(laptop, "c", n=3)
                put(pi, "d", n=4)
                self.have({"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}, "d": {"n": 4}}, laptop, pi)
                laptop.ok("space", "share", "garden", "pi")
                wait_until("pi has the garden", lambda: "garden" in [
                    each["name"] for each in pi.json("space", "list")["spaces"]])
                self.have({"g": {"n": 1}, "h": {"n": 2}}, laptop, pi, space="garden")

    def test_it_is_paired_with_a_stranger_while_the_others_are_away(self):
        laptop, pi, desktop = (self.device(name) for name in ("laptop", "pi", "desktop"))
        pair(laptop, pi)
        put(laptop, "a", n=1)
        self.have({"a": {"n": 1}}, laptop, pi)
        pi.stop()
        self.lose_identity(laptop)
        pair(desktop, laptop)
        put(laptop, "b", n=2)
        self.have({"a": {"n": 1}, "b": {"n": 2}}, laptop, desktop)


if __name__ == "__main__":
    unittest.main()
