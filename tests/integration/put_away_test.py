#!/usr/bin/env python3
"""Spaces of which a device has no use any more: put away for good, and what is not counted."""

import unittest

from lanyard_process import Device, make_known, wait_until
from pairing import pair

OLD = "default before pairing"


class PutAway(unittest.TestCase):
    def device(self, name):
        device = Device(name)
        self.addCleanup(device.close)
        return device.start()

    @staticmethod
    def spaces(device):
        return {each["name"]: each for each in device.json("space", "list")["spaces"]}

    @staticmethod
    def file_of(device, space):
        return device.data / space["id"][:2] / f"{space['id']}.db"

    def test_a_default_that_was_never_used_is_not_kept(self):
        ada, pi = self.device("ada"), self.device("pi")
        before = self.spaces(ada)["default"]
        pair(ada, pi)
        wait_until("they have one default", lambda: self.spaces(ada).keys() == {"default"} and
                   self.spaces(ada)["default"]["id"] == self.spaces(pi)["default"]["id"])
        self.assertFalse(self.file_of(ada, before).exists())
        # Its id stands for the new one all the same.
        ada.ok("data", "put", before["id"], "c", "k", "{}")
        self.assertEqual(ada.ok("data", "get", "default", "c", "k"), "{}\n")

    def test_one_that_was_used_goes_for_whoever_says_so(self):
        ada, pi = self.device("ada"), self.device("pi")
        ada.ok("data", "put", "default", "c", "k", "{}")
        pair(ada, pi)
        wait_until("its record is in the new one", lambda: OLD in self.spaces(ada) and
                   ada.run("data", "get", "default", "c", "k").returncode == 0)
        file = self.file_of(ada, self.spaces(ada)[OLD])
        kept = ada.run("space", "leave", OLD, "--yes")
        self.assertEqual(kept.returncode, 6, kept.stderr)
        self.assertIn("--remove-copy", kept.stderr)
        refused = ada.run("space", "leave", OLD, "--remove-copy", "--yes")
        self.assertEqual(refused.returncode, 6, refused.stderr)
        self.assertIn("history and the trash are here alone", refused.stderr)
        self.assertTrue(file.exists())
        ada.ok("space", "leave", OLD, "--remove-copy", "--even-if-alone", "--yes")
        self.assertNotIn(OLD, self.spaces(ada))
        self.assertFalse(file.exists())
        self.assertEqual(ada.ok("data", "get", "default", "c", "k"), "{}\n")
        ada.stop()
        ada.start()
        self.assertEqual(self.spaces(ada).keys(), {"default"})

    def test_the_copy_of_a_space_that_was_left_can_still_go(self):
        ada, pi = self.device("ada"), self.device("pi")
        make_known(ada, pi)
        ada.ok("space", "create", "photos")
        ada.ok("space", "share", "photos", "pi")
        ada.ok("data", "put", "photos", "c", "k", "{}")
        wait_until("the pi has it",
                   lambda: pi.run("data", "get", "photos", "c", "k").returncode == 0)
        wait_until("and ada knows", lambda: ada.json("status")["notYetThere"] == 0)
        ada.ok("space", "leave", "photos", "--yes")
        self.assertTrue(self.spaces(ada)["photos"]["left"])
        ada.ok("space", "leave", "photos", "--remove-copy", "--yes")
        self.assertNotIn("photos", self.spaces(ada))
        # What nobody else has goes only for those who say so.
        ada.ok("space", "create", "diary")
        ada.ok("data", "put", "diary", "c", "k", "{}")
        ada.ok("space", "leave", "diary", "--yes")
        refused = ada.run("space", "leave", "diary", "--remove-copy", "--yes")
        self.assertEqual(refused.returncode, 6, refused.stderr)
        self.assertIn("on no other device", refused.stderr)
        ada.ok("space", "leave", "diary", "--remove-copy", "--even-if-alone", "--yes")
        self.assertNotIn("diary", self.spaces(ada))

    def test_a_new_space_has_no_record(self):
        ada = self.device("ada")
        ada.ok("space", "create", "notes")
        status = {each["name"]: each for each in ada.json("status")["spaces"]}
        self.assertEqual({name: each["records"] for name, each in status.items()},
                         {"default": 0, "notes": 0})
        info = ada.json("space", "info", "notes")
        self.assertEqual((info["records"], info["collections"]), (0, []))
        ada.ok("data", "put", "notes", "tasks", "t1", "{}")
        info = ada.json("space", "info", "notes")
        self.assertEqual((info["records"], info["collections"]),
                         (1, [{"name": "tasks", "records": 1}]))


if __name__ == "__main__":
    unittest.main()
