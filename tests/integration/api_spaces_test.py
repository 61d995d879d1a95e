#!/usr/bin/env python3
"""Spaces as one device has them: their names, how they are synced, put away and brought back."""

import unittest
from secrets import token_hex

from api import ApiError
from api_device import ApiDevice, ApiTest, record_path
from between import Between
from lanyard_process import make_known, wait_until

LARGE = 20_000  # records; each has 100 random bytes, which nothing makes smaller
HELD_AFTER = 1 << 20


class Spaces(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = ApiDevice("other")
        cls.addClassCleanup(cls.other.close)
        cls.other.start()
        cls.between = Between(cls.other.info["syncPort"])
        cls.addClassCleanup(cls.between.close)
        make_known(cls.device, cls.other, at=cls.between.address)
        options = ("--all-spaces", "--write", "--manage")
        described = cls.api.described
        cls.here = cls.device.api(*options, described=described)
        cls.there = cls.other.api(*options, described=described)

    def shared(self, name):
        """A space that both have, with a record in it."""
        self.here.post("/v1/spaces", {"name": name})
        self.here.post(f"/v1/spaces/{name}/members", {"device": "other"})
        self.here.put(record_path("first", space=name), {"n": 1})
        wait_until("both have it", lambda: self.has(self.there, name, "first"))
        return name

    def change(self, space, **wish):
        return self.here.call("PATCH", f"/v1/spaces/{space}", wish)

    def refused(self, space, status, **wish):
        answer = self.here.ask("PATCH", f"/v1/spaces/{space}", json_body=wish)
        self.assertEqual(answer.status, status, answer.body)

    @staticmethod
    def has(api, space, key):
        return api.ask("GET", record_path(key, space=space)).status == 200

    def in_step(self, waiting=None):
        """Both have compared; for us nothing is missing, and the other one has changes that we do
        not take: so many more than before this test."""
        self.assertTrue(self.here.post("/v1/sync?waitMs=60000")["inStep"])
        self.assertFalse(self.there.post("/v1/sync?waitMs=500")["inStep"])
        if waiting is not None:
            waiting += self.not_taken_before
            wait_until(f"{waiting} changes wait", lambda: self.not_taken(500) == waiting)
            self.assertEqual(self.not_taken(500), waiting)  # and go on waiting

    def setUp(self):
        super().setUp()
        # Each test leaves nothing that waits: what is acknowledged late is waited for.
        self.not_taken_before = self.not_taken(60_000)

    def not_taken(self, wait_ms):
        report = self.there.post(f"/v1/sync?waitMs={wait_ms}")
        return sum(each["notYetThere"] for each in report["devices"])

    def large(self, name):
        """A space of the other one, of which the first records are here and the rest is on its
        way; its id."""
        # Its name comes with its data: until then it has one of its own.
        before = {each["id"] for each in self.here.get("/v1/spaces")["spaces"]}
        self.there.post("/v1/spaces", {"name": name})
        line = '{"op":"put","collection":"c","key":"k%d","value":{"s":"%s"}}\n'
        self.there.ask("POST", f"/v1/spaces/{name}/changes",
                       "".join(line % (n, token_hex(100)) for n in range(LARGE)).encode(),
                       headers={"Content-Type": "application/x-ndjson"})
        self.between.gate.close_after(HELD_AFTER)
        self.there.post(f"/v1/spaces/{name}/members", {"device": self.device.info["id"]})
        return wait_until("the space comes", lambda: {
            each["id"] for each in self.here.get("/v1/spaces")["spaces"]} - before).pop()

    def count_here(self, space):
        return self.here.get(f"/v1/spaces/{space}/collections/c/count")["count"]

    def test_a_name_is_this_devices_own(self):
        self.shared("old-name")
        changed = self.change("old-name", name="new-name")
        self.assertEqual((changed["name"], changed["syncMode"]), ("new-name", "hybrid"))
        self.assertTrue(self.has(self.here, "new-name", "first"))
        self.assertEqual(self.here.ask("GET", "/v1/spaces/old-name").status, 404)
        self.there.put(record_path("second", space="old-name"), {"n": 2})
        wait_until("it comes", lambda: self.has(self.here, "new-name", "second"))
        self.here.post("/v1/spaces", {"name": "taken"})
        self.refused("new-name", 409, name="taken")
        self.refused("new-name", 409, name="default")
        self.refused("new-name", 400, name="")
        self.refused("new-name", 400, name="x" * 65)
        self.refused("new-name", 400)
        self.refused("new-name", 400, other=1)
        self.refused("default", 403, name="mine")
        self.change("new-name", name="new-name")  # as it is

    def test_what_is_local_only_goes_nowhere_and_comes_back_with_all(self):
        name = self.shared("diary")
        self.assertEqual(self.change(name, syncMode="local-only")["syncMode"], "local-only")
        self.here.put(record_path("mine", space=name), {"n": 2})
        self.there.put(record_path("theirs", space=name), {"n": 3})
        self.in_step(waiting=2)  # the opening of its log in this space, and the record
        self.device.stop()
        self.device.start()
        self.here.port = self.api.port = self.device.info["apiPort"]
        self.other.ok("devices", "add", self.device.info["id"], "--at",
                      f"127.0.0.1:{self.device.info['syncPort']}")
        wait_until("they are linked again", lambda: any(
            each["linked"] for each in self.here.get("/v1/devices")["devices"]))
        self.in_step(waiting=2)
        self.assertFalse(self.has(self.here, name, "theirs"))
        self.assertFalse(self.has(self.there, name, "mine"))
        self.change(name, syncMode="hybrid")
        wait_until("they have all", lambda: self.has(self.there, name, "mine"))
        wait_until("we have all", lambda: self.has(self.here, name, "theirs"))
        self.here.put(record_path("later", space=name), {"n": 4})
        wait_until("live again", lambda: self.has(self.there, name, "later"))

    def test_one_that_goes_in_the_middle_is_waited_for_by_nobody(self):
        new = self.large("large")
        self.change(new, syncMode="local-only")
        self.between.gate.open()
        self.assertTrue(self.here.post("/v1/sync?waitMs=60000")["inStep"])
        taken = self.count_here(new)
        self.assertLess(taken, LARGE)
        self.in_step()
        self.assertEqual(self.count_here(new), taken)
        self.change(new, syncMode="hybrid")
        wait_until("the rest comes", lambda: self.count_here(new) == LARGE)

    def test_what_is_archived_is_read_and_no_more(self):
        name = self.shared("finished")
        self.assertTrue(self.change(name, archived=True)["archived"])
        self.assertEqual(self.here.get(record_path("first", space=name))["value"], {"n": 1})
        with self.assertRaises(ApiError) as refused:
            self.here.put(record_path("more", space=name), {"n": 2})
        self.assertEqual(refused.exception.answer.status, 403)
        self.assertIn("archived", refused.exception.answer.json["why"])
        self.there.put(record_path("theirs", space=name), {"n": 3})
        self.in_step(waiting=2)  # the opening of its log in this space, and the record
        self.assertFalse(self.has(self.here, name, "theirs"))
        self.assertIn("archived", self.device.ok("space", "list"))
        self.device.ok("space", "unarchive", name)
        wait_until("it is in step again", lambda: self.has(self.here, name, "theirs"))
        self.here.put(record_path("more", space=name), {"n": 2})
        self.refused("default", 403, archived=True)

    def test_peer_required_counts_what_nobody_else_has(self):
        self.here.post("/v1/spaces", {"name": "ledger"})
        self.assertEqual(self.change("ledger", syncMode="cloud-only")["syncMode"], "peer-required")
        self.refused("ledger", 400, syncMode="sometimes")
        self.assertGreater(self.unconfirmed("ledger"), 0)
        self.here.post("/v1/spaces/ledger/members", {"device": "other"})
        wait_until("the other has it", lambda: self.unconfirmed("ledger") == 0)
        self.other.stop()
        self.here.put(record_path("w", space="ledger"), {"n": 1})
        self.assertEqual(self.unconfirmed("ledger"), 1)
        self.other.start()
        self.there.port = self.other.info["apiPort"]
        self.device.ok("devices", "add", self.other.info["id"], "--at",
                       f"127.0.0.1:{self.other.info['syncPort']}")
        wait_until("it has that too", lambda: self.unconfirmed("ledger") == 0)

    def unconfirmed(self, name):
        return next(each["unconfirmed"] for each in self.here.get("/v1/status")["spaces"]
                    if each["name"] == name)

    def test_at_the_command_line(self):
        self.device.ok("space", "create", "cli")
        self.device.ok("space", "rename", "cli", "shell")
        self.device.ok("space", "mode", "shell", "local-only")
        listed = {line.split()[0]: line.split()[-1]
                  for line in self.device.ok("space", "list").splitlines()}
        self.assertEqual(listed["shell"], "local-only")
        wrong = self.device.run("space", "mode", "shell", "never")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("hybrid", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
