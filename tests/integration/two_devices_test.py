#!/usr/bin/env python3
"""Two real agents on one machine: known to each other by hand, a space shared, both edit."""

import json
import sqlite3
import unittest

from lanyard_process import Device, make_known, wait_until


class TwoDevices(unittest.TestCase):
    def setUp(self):
        self.ada, self.pi = Device("ada"), Device("pi")
        for device in (self.ada, self.pi):
            self.addCleanup(device.close)
            device.start()

    def hash_of(self, device, space="notes"):
        return device.json("space", "info", space)["state_hash"]

    def are_equal(self):
        return self.hash_of(self.ada) == self.hash_of(self.pi)

    def record_of_pi(self, key):
        return self.pi.run("data", "get", "notes", "tasks", key)

    def synced(self):
        return self.ada.run("status", "--check", "--quiet").returncode == 0

    def share(self):
        make_known(self.ada, self.pi)
        self.ada.ok("space", "create", "notes")
        self.ada.ok("space", "share", "notes", "pi")
        wait_until("pi has the space", lambda: "notes" in self.names(self.pi))
        wait_until("all is there", self.synced)

    def names(self, device):
        return [space["name"] for space in device.json("space", "list")["spaces"]]

    def test_a_shared_space_gets_there_and_both_may_edit(self):
        self.share()
        self.ada.ok("data", "put", "notes", "tasks", "t1", '{"title":"Buy milk","done":false}')
        found = wait_until("pi has t1", lambda: self.record_of_pi("t1").stdout)
        self.assertEqual(json.loads(found), {"title": "Buy milk", "done": False})
        self.pi.ok("data", "patch", "notes", "tasks", "t1", '{"done":true}')
        wait_until("both have the same", self.are_equal)
        self.assertEqual(self.ada.json("data", "get", "notes", "tasks", "t1")["value"],
                         {"title": "Buy milk", "done": True})
        wait_until("all is there", self.synced)
        status = self.ada.json("status")["devices"][0]
        self.assertEqual((status["name"], status["linked"], status["notYetThere"]), ("pi", True, 0))
        pinged = self.ada.json("ping", "pi")
        self.assertTrue(pinged["reached"], pinged)
        self.assertEqual([step for step in pinged["steps"] if step["tried"] and not step["ok"]], [])

    def test_who_receives_is_in_sync_as_soon_as_it_has_what_came(self):
        self.share()
        self.ada.ok("data", "put", "notes", "tasks", "t1", '{"n":1}')
        wait_until("pi has t1", lambda: self.record_of_pi("t1").returncode == 0)
        wait_until("pi has caught up", lambda: self.pi.json("status")["devices"][0]["inStep"])
        self.assertEqual(self.pi.json("status")["notYetThere"], 0)
        self.assertEqual(self.pi.run("status", "--check").returncode, 0)
        self.assertRegex(self.pi.ok("status"), r"ada +in sync")
        self.pi.ok("space", "leave", "notes", "--remove-copy", "--yes")  # ada has all of it

    def test_what_was_acknowledged_into_a_cut_link_is_acknowledged_again(self):
        self.share()
        self.ada.ok("data", "put", "notes", "tasks", "t1", '{"n":1}')
        wait_until("pi has t1", lambda: self.record_of_pi("t1").returncode == 0)
        self.pi.kill()  # within a second: it has hardly said so
        self.pi.start()
        self.pi.ok("devices", "add", self.ada.info["id"], "--at",
                   f"127.0.0.1:{self.ada.info['syncPort']}")
        wait_until("all is there", self.synced)

    def test_concurrent_edits_wait_in_both_inboxes_and_one_resolution_settles_both(self):
        self.share()
        self.ada.ok("data", "put", "notes", "tasks", "t1", '{"title":"zero"}')
        wait_until("pi has t1", lambda: self.record_of_pi("t1").returncode == 0)
        wait_until("all is there", self.synced)
        self.pi.stop()
        self.ada.ok("data", "patch", "notes", "tasks", "t1", '{"title":"from ada"}')
        self.assertEqual(self.ada.run("status", "--check").returncode, 7)
        self.assertIn("1 change", self.ada.ok("status"))
        self.ada.stop()
        self.pi.start()
        self.pi.ok("data", "patch", "notes", "tasks", "t1", '{"title":"from pi"}')
        self.ada.start()
        self.pi.ok("devices", "add", self.ada.info["id"], "--at",
                   f"127.0.0.1:{self.ada.info['syncPort']}")
        both = [self.ada, self.pi]
        wait_until("the conflict is in both inboxes", lambda: all(
            len(d.json("conflicts", "list")["conflicts"]) == 1 for d in both))
        self.assertEqual(self.hash_of(self.ada), self.hash_of(self.pi))
        conflicts = [d.json("conflicts", "list")["conflicts"][0] for d in both]
        self.assertEqual(conflicts[0]["id"], conflicts[1]["id"])
        self.assertEqual([s["value"] for s in conflicts[0]["siblings"]],
                         [s["value"] for s in conflicts[1]["siblings"]])
        self.pi.ok("conflicts", "resolve", conflicts[1]["id"], "--use", "2")
        wait_until("ada's inbox is empty",
                   lambda: not self.ada.json("conflicts", "list")["conflicts"])
        self.assertEqual(self.hash_of(self.ada), self.hash_of(self.pi))

    def test_the_bytes_of_a_link_that_is_up_are_counted(self):
        self.share()
        before = self.ada.call("status.get")["counters"]["bytesOut"]
        self.ada.ok("data", "put", "notes", "tasks", "t1", json.dumps({"text": "x" * 1000}))
        wait_until("all is there", self.synced)
        after = self.ada.call("status.get")["counters"]["bytesOut"]
        self.assertGreater(after, before)

    def test_a_watcher_hears_of_the_other_devices_edits(self):
        self.share()
        with self.pi.connect() as watcher:
            watcher.send("data.watch", space="notes", collection="tasks")
            self.assertEqual(watcher.receive()["progress"], {"watching": True})
            self.ada.ok("data", "put", "notes", "tasks", "t1", '{"n":1}')
            self.assertEqual(watcher.receive()["progress"]["record"]["value"], {"n": 1})

    def test_a_forgotten_device_gets_nothing_more(self):
        self.share()
        said = self.ada.ok("devices", "forget", "pi", "--yes")
        self.assertIn("your other devices refuse it once they hear so", said)
        self.assertIn("keys are not changed", said)
        self.ada.ok("data", "put", "notes", "tasks", "after", '{"n":1}')
        self.assertEqual(self.ada.run("ping", "pi").returncode, 4)
        listed = self.ada.json("devices", "list")["devices"]
        self.assertEqual([device["forgotten"] for device in listed], [True])
        self.assertEqual(self.record_of_pi("after").returncode, 4)

    def test_the_sqlite_shell_reads_the_data_by_name(self):
        self.share()
        file = self.ada.folder / "export.json"
        file.write_text(json.dumps({"version": "2.2.0", "chats": [
            {"id": f"c{i}", "title": f"Chat {i}", "messages": [{"id": f"m{i}", "text": "x"}]}
            for i in range(50)], "settings": {}}))
        self.ada.ok("import", str(file), "--space", "notes")
        wait_until("both have the same", self.are_equal)
        for device in (self.ada, self.pi):
            stored = device.json("space", "info", "notes")["file"]
            rows = wait_until("the views are made", lambda: titles(stored))
            self.assertEqual(rows[:2], [("c0", "Chat 0"), ("c1", "Chat 1")])


def titles(file):
    """Views are made beside the merging, a moment later."""
    try:
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        return database.execute("SELECT id, title FROM chats ORDER BY id").fetchall()
    except sqlite3.OperationalError:
        return None


if __name__ == "__main__":
    unittest.main()
