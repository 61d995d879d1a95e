#!/usr/bin/env python3
"""Real agents: who was forgotten, what was left, and which of several is meant."""

import json
import time
import unittest

from lanyard_process import AgentError, Device, make_known, wait_until
from pairing import address, is_linked, pair


def devices(test, *names):
    made = [Device(name) for name in names]
    for device in made:
        test.addCleanup(device.close)
        device.start()
    return made


def known(device, other):
    """What the device has in its list of the other one; None where it is not in it."""
    return next((each for each in device.json("devices", "list")["devices"]
                 if each["id"] == other.info["id"]), None)


def is_forgotten(device, other):
    entry = known(device, other)
    return entry is not None and entry["forgotten"]


def put(device, key, space="default"):
    device.ok("data", "put", space, "notes", key, json.dumps({"n": 1}))


def has(device, key, space="default"):
    return device.run("data", "get", space, "notes", key).returncode == 0


class Stolen(unittest.TestCase):
    def test_a_phone_that_comes_later_refuses_the_laptop_that_was_forgotten_on_the_pi(self):
        pi, laptop, phone = devices(self, "pi", "laptop", "phone")
        pair(laptop, pi)
        wait_until("they are linked", lambda: is_linked(pi, "laptop"))
        said = pi.ok("devices", "forget", "laptop", "--yes")
        self.assertIn("your other devices refuse it once they hear so", said)
        pair(phone, pi)
        put(pi, "after")
        wait_until("the phone has it", lambda: has(phone, "after"))
        self.assertTrue(is_forgotten(phone, laptop))
        # Whoever has the laptop knows where the phone is, and calls it.
        laptop.ok("devices", "add", phone.info["id"], "--at", address(phone))
        wait_until("it hears that it is not known", lambda: "pair the two again" in
                   known(laptop, phone)["lastFailure"])
        put(phone, "secret")
        wait_until("the pi has it", lambda: has(pi, "secret"))
        self.assertTrue(is_forgotten(phone, laptop))
        self.assertFalse(has(laptop, "after") or has(laptop, "secret"))

    def test_a_desktop_that_is_linked_to_the_laptop_lets_it_go(self):
        pi, laptop, desktop = devices(self, "pi", "laptop", "desktop")
        pair(laptop, pi)
        pair(desktop, pi)
        wait_until("they know each other", lambda: known(desktop, laptop))
        make_known(desktop, laptop)
        pi.ok("devices", "forget", "laptop", "--yes")
        wait_until("the desktop has heard", lambda: is_forgotten(desktop, laptop))
        wait_until("it hangs up", lambda: not is_linked(desktop, "laptop"))
        self.assertTrue(is_linked(desktop, "pi"))
        # Found again, and paired again: the others know it again.
        pair(laptop, pi)
        wait_until("the desktop has heard", lambda: not is_forgotten(desktop, laptop))

    def test_a_forgotten_device_is_told_to_pair_again_and_calls_ever_less(self):
        pi, laptop = devices(self, "pi", "laptop")
        pair(laptop, pi)
        wait_until("they are linked", lambda: is_linked(laptop, "pi"))
        pi.ok("devices", "forget", "laptop", "--yes")
        wait_until("it was told", lambda: "pair the two again" in
                   known(laptop, pi)["lastFailure"])
        seen = known(laptop, pi)["lastSeenMs"]
        before = pi.call("status.get")["counters"]["accepted"]
        laptop.call("sync.now")
        wait_until("it has called again",
                   lambda: pi.call("status.get")["counters"]["accepted"] > before)
        self.assertEqual(known(laptop, pi)["lastSeenMs"], seen)
        self.assertIn("pair the two again", known(laptop, pi)["lastFailure"])


class LastSeen(unittest.TestCase):
    def test_a_device_was_seen_last_when_its_link_ended(self):
        one, other = devices(self, "one", "other")
        make_known(one, other)
        hello = known(one, other)["lastSeenMs"]
        wait_until("the clock goes on", lambda: time.time() * 1000 > hello + 300)
        other.kill()
        wait_until("it is gone", lambda: not known(one, other)["linked"])
        wait_until("that was noted", lambda: known(one, other)["lastSeenMs"] > hello + 250)


class SharedAgain(unittest.TestCase):
    def setUp(self):
        self.ada, self.pi = devices(self, "ada", "pi")
        make_known(self.ada, self.pi)
        self.ada.ok("space", "create", "photos")
        self.ada.ok("space", "share", "photos", "pi")
        put(self.ada, "before", "photos")
        wait_until("the pi has it", lambda: has(self.pi, "before", "photos"))
        put(self.pi, "its own", "photos")
        wait_until("ada has it", lambda: has(self.ada, "its own", "photos"))

    def is_back(self):
        put(self.ada, "after", "photos")
        wait_until("all of it is there again", lambda: all(
            has(self.pi, key, "photos") for key in ("before", "its own", "after")))
        put(self.pi, "more", "photos")
        wait_until("and it goes on", lambda: has(self.ada, "more", "photos"))

    def test_with_its_copy(self):
        self.assertIn("If a member shares it again, it is back.",
                      self.pi.ok("space", "leave", "photos", "--yes"))
        self.ada.ok("space", "share", "photos", "pi")
        self.is_back()

    def test_without_its_copy(self):
        wait_until("nothing is on one device alone", lambda: self.pi.run(
            "space", "leave", "photos", "--remove-copy", "--yes").returncode == 0)
        put(self.ada, "meanwhile", "photos")
        self.ada.ok("space", "share", "photos", "pi")
        self.is_back()
        self.assertTrue(has(self.pi, "meanwhile", "photos"))

    def test_while_it_is_off(self):
        self.pi.ok("space", "leave", "photos", "--yes")
        self.pi.kill()
        wait_until("it is gone", lambda: not known(self.ada, self.pi)["linked"])
        self.ada.ok("space", "share", "photos", "pi")
        self.ada.stop()
        self.ada.start()
        self.pi.start()
        self.pi.ok("devices", "add", self.ada.info["id"], "--at", address(self.ada))
        self.is_back()

    def test_by_the_one_that_left_it(self):
        self.pi.ok("space", "leave", "photos", "--yes")
        self.pi.ok("space", "share", "photos", "ada")
        self.is_back()

    def test_what_was_left_stays_left_until_then(self):
        self.pi.ok("space", "leave", "photos", "--yes")
        put(self.ada, "after", "photos")
        self.ada.call("sync.now")
        self.ada.ok("space", "create", "other")
        self.ada.ok("space", "share", "other", "pi")
        wait_until("the other one is there", lambda: self.pi.run(
            "space", "info", "other").returncode == 0)
        self.assertFalse(has(self.pi, "after", "photos"))


class Ids(unittest.TestCase):
    def test_a_device_that_is_called_like_anothers_id_gets_nothing_of_what_is_meant_for_it(self):
        ada, pi = devices(self, "ada", "pi")
        make_known(ada, pi)
        ada.ok("space", "create", "photos")
        for name in (pi.info["shortId"], pi.info["shortId"].lower().replace("-", ""),
                     pi.info["id"].replace("-", "")):
            with self.subTest(name=name):
                mallory = Device(name)
                self.addCleanup(mallory.close)
                try:
                    mallory.start()
                except AgentError as refused:
                    self.assertIn("reads like", str(refused))
                    mallory.name = "mallory"
                    mallory.start()
                ada.ok("devices", "add", mallory.info["id"], "--at", address(mallory))
                mallory.ok("devices", "add", ada.info["id"])
                wait_until("they are linked", lambda: known(ada, mallory)["linked"])
                self.assertNotEqual(known(ada, mallory)["name"], name)
                renamed = ada.run("devices", "rename", mallory.info["id"], name)
                self.assertEqual(renamed.returncode, 2, renamed.stderr)
                shared = ada.call("space.share", space="photos", device=name)
                self.assertEqual(shared["device"]["id"], pi.info["id"])
                ada.ok("devices", "forget", mallory.info["id"], "--yes")
        for own in (ada.name, ada.info["id"]):
            refused = ada.run("devices", "rename", own, "another")
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("lanyard config set device.name", refused.stderr)


if __name__ == "__main__":
    unittest.main()
