#!/usr/bin/env python3
"""What devices are called that were not met, and how names are written."""

import unittest

from lanyard_process import Device, wait_until
from pairing import pair


class Named(unittest.TestCase):
    def devices(self, *names):
        made = [Device(name) for name in names]
        for device in made:
            self.addCleanup(device.close)
            device.start()
        return made

    @staticmethod
    def entry(device, other):
        return next((each for each in device.json("devices", "list")["devices"]
                     if each["id"] == other.info["id"]), None)

    def test_a_member_that_was_not_met_has_the_name_that_others_were_told(self):
        pi, phone, ada = self.devices("pi", "phone", "ada")
        pair(phone, pi)
        phone_id = phone.info
        phone.stop()
        pair(ada, pi)
        wait_until("ada has heard of the phone", lambda: (self.entry(ada, phone) or {}).get("name")
                   == "phone")
        self.assertTrue(self.entry(ada, phone)["namedByOthers"])
        self.assertFalse(self.entry(ada, pi)["namedByOthers"])
        self.assertIn("phone (as others say)", ada.ok("devices"))
        self.assertIn("phone (as others say)", ada.ok("status"))
        self.assertIn("phone (as others say)", [each["name"] for each in
                                ada.json("space", "info", "default")["members"]])
        # A name that only others told gives the device nothing, until its id is named.
        ada.ok("space", "create", "secret")
        refused = ada.run("space", "share", "secret", "phone")
        self.assertEqual(refused.returncode, 2, refused)
        self.assertIn("has not met it", refused.stderr)
        self.assertIn(phone.info["id"], refused.stderr)
        self.assertEqual(len(ada.json("space", "info", "secret")["members"]), 1)
        # It outlives a restart, and nobody has to be there.
        pi.stop()
        ada.stop()
        ada.start()
        self.assertEqual(self.entry(ada, phone)["name"], "phone")
        # What a device says of itself counts more, and what it is called here most.
        ada.ok("devices", "rename", "phone", "mine")
        self.assertEqual((self.entry(ada, phone)["name"], self.entry(ada, phone)["namedByOthers"]),
                         ("mine", False))
        self.assertEqual(phone_id["id"], self.entry(ada, phone)["id"])

    def test_once_it_is_met_it_says_its_name_itself(self):
        pi, phone, ada = self.devices("pi", "phone", "ada")
        pair(phone, pi)
        phone.stop()
        pair(ada, pi)
        wait_until("ada has heard of the phone", lambda: (self.entry(ada, phone) or {}).get("name")
                   == "phone")
        pi.stop()
        phone.name = "telephone"
        phone.start()
        phone.ok("devices", "add", ada.info["id"])  # the pi could not tell it
        make_known_by_address(ada, phone)
        wait_until("it is met", lambda: self.entry(ada, phone)["name"] == "telephone")
        self.assertFalse(self.entry(ada, phone)["namedByOthers"])

    def test_a_name_is_composed_however_it_is_typed(self):
        ada, = self.devices("ada")
        ada.ok("space", "create", "Cafe\u0301")
        self.assertIn("Caf\u00e9", [each["name"] for each in
                                    ada.json("space", "list")["spaces"]])
        self.assertEqual(ada.run("space", "create", "Caf\u00e9").returncode, 1)
        ada.ok("data", "put", "Cafe\u0301", "c", "k", "{}")
        self.assertEqual(ada.ok("data", "get", "Caf\u00e9", "c", "k"), "{}\n")


def make_known_by_address(device, other):
    device.ok("devices", "add", other.info["id"], "--at",
              f"127.0.0.1:{other.info['syncPort']}")


if __name__ == "__main__":
    unittest.main()
