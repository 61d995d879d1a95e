#!/usr/bin/env python3
"""What a CloudAPI app's sync manager asks of its cloud beside rows: events, devices, settings."""

import json
import time
import unittest

from cloudapi_client import chat, message
from compat_device import CloudapiDevice, CloudapiTest, TwoDevices, names
from lanyard_process import wait_until


class Devices(CloudapiTest):
    def test_a_fingerprint_is_one_device(self):
        before = int(time.time())
        made = self.page.register_device(user_id="ann", fingerprint="f1")
        self.assertRegex(made["id"], r"^[A-Za-z0-9_-]{21}$")
        self.assertTrue(before <= made["created_at"] <= int(time.time()))
        self.assertEqual((made["user_id"], made["fingerprint"]), ("ann", "f1"))
        again = self.unchanged(self.page.register_device, userId="ann", fingerprint="f1", id="x")
        self.assertEqual(again, made)
        synced = self.page.register_device(userId="ann", fingerprint="f1", last_sync_at=5)
        self.assertEqual(synced, {**made, "last_sync_at": 5})
        self.page.register_device(id="d2", userId="ann", fingerprint="f2", created_at=7)
        self.page.register_device(id="d3", userId="bob", fingerprint="f3")
        self.assertEqual(names(self.page.devices("ann")), ["d2", made["id"]])
        self.assertEqual(self.rows("SELECT * FROM device WHERE id = 'd2'"), [
            {"id": "d2", "user_id": "ann", "fingerprint": "f2", "last_sync_at": None,
             "created_at": 7}])
        for bad in ({}, {"userId": "ann"}, {"fingerprint": "f"}, {"userId": 5, "fingerprint": "f"},
                    {"userId": "ann", "fingerprint": ""}):
            self.assertEqual(self.refused(self.page.register_device, **bad), 400, bad)
        ann = self.device.client(token=self.device.user_token("ann"))
        self.assertEqual(ann.register_device(fingerprint="f1")["id"], made["id"])
        self.assertEqual(ann.register_device(fingerprint="f4")["user_id"], "ann")
        self.assertEqual(self.refused(ann.register_device, fingerprint="f3"), 409)
        self.assertEqual(self.refused(ann.register_device, fingerprint="f5", userId="bob"), 404)
        self.assertEqual(self.refused(ann.devices, "bob"), 404)


class Config(CloudapiTest):
    def test_a_user_has_settings_from_the_start(self):
        first = {"id": "ann", "userId": "ann", "mode": "hybrid", "autoSync": True,
                 "syncInterval": 30000, "updatedAt": 0}
        self.assertEqual(self.unchanged(self.page.config, "ann"), first)
        now = self.page.update_config("ann", mode="local-only")
        self.assertGreater(now.pop("updatedAt"), 0)
        self.assertEqual(now, {**{name: first[name] for name in now}, "mode": "local-only"})
        now = self.page.update_config("ann", syncInterval=60000, autoSync=False)
        self.assertEqual(self.unchanged(self.page.update_config, "ann", autoSync=False), now)
        self.assertEqual(self.page.config("ann"), now)
        self.assertEqual([now[name] for name in ("mode", "autoSync", "syncInterval")],
                         ["local-only", False, 60000])
        self.assertEqual(self.page.config("bob")["mode"], "hybrid")
        self.assertEqual(self.rows("SELECT id, userId, mode, syncInterval FROM sync_config"), [
            {"id": "ann", "userId": "ann", "mode": "local-only", "syncInterval": 60000}])
        for bad in ({"mode": "never"}, {"autoSync": "yes"}, {"syncInterval": 0},
                    {"userId": "bob"}):
            self.assertEqual(self.refused(self.page.call, "PUT", "/api/sync-config?userId=ann",
                                          bad), 400, bad)
        self.assertEqual(self.refused(self.page.call, "GET", "/api/sync-config"), 400)


class Alone(CloudapiTest):
    def test_a_device_that_knows_no_other_is_offline(self):
        self.assertEqual(self.page.status(), {
            "isOnline": False, "lastSync": None, "pendingChanges": 0, "syncing": False,
            "error": None})


class Events(CloudapiTest):
    def events(self, since="undefined", page=None) -> dict:
        return {row["id"]: row for row in (page or self.page).get_sync_events("ann", since)}

    def test_each_row_has_one_event_its_last_change(self):
        self.page.create_user({"id": "ann", "updatedAt": 7, "apiKey": "key of ann"})
        for name in ("c1", "c2", "c3"):
            self.page.create_chat(chat(name, at=1000))
            self.page.create_message(message(f"m {name}", name, at=2000))
        self.page.create_chat(chat("of bob", "bob"))
        self.page.create_message(message("m bob", "of bob"))
        self.page.update_chat("c2", title="new", updatedAt=3000)
        self.page.delete_chat("c3")
        events = self.events()
        self.assertEqual({name: row["operation"] for name, row in events.items()}, {
            "user:ann": "create", "chat:c1": "create", "chat:c2": "update", "chat:c3": "delete",
            "message:m c1": "create", "message:m c2": "create", "message:m c3": "delete"})
        device = events["chat:c1"]["device_id"]
        self.assertRegex(device, "^[0-9a-f]{64}$")
        self.assertEqual(json.loads(events["chat:c1"].pop("data")), chat("c1", at=1000))
        self.assertEqual(events["chat:c1"], {
            "id": "chat:c1", "entity_type": "chat", "entity_id": "c1", "operation": "create",
            "timestamp": 1000, "user_id": "ann", "device_id": device, "synced": 0})
        self.assertEqual((events["chat:c3"]["data"], events["chat:c3"]["device_id"]),
                         (None, device))
        self.assertNotIn("key of ann", json.dumps(events))
        self.assertEqual(self.refused(self.page.call, "GET", "/api/sync-events"), 400)
        self.assertEqual(self.page.get_sync_events("nobody"), [])

    def test_events_since_a_pull(self):
        self.page.create_chat(chat("c1"))
        self.page.create_chat(chat("c2"))
        self.assertEqual(len(self.events()), 2)
        self.device.let_pulls_age()
        now = int(time.time())
        self.assertEqual(self.events(now), {})
        self.page.create_message(message("m1", "c1", at=5))
        self.page.create_chat(chat("of bob", "bob"))
        self.page.delete_chat("c2")
        self.assertEqual(set(self.events(now)), {"message:m1", "chat:c2"})
        self.assertEqual(set(self.events(now, self.device.client("other/2"))),
                         {"chat:c1", "message:m1", "chat:c2"})


class Between(TwoDevices):
    device = CloudapiDevice

    def test_an_event_is_synced_once_another_device_has_it(self):
        ann, bob = self.ann.client(), self.bob.client()
        self.ann.ok("space", "mode", "talks", "local-only")
        ann.create_chat(chat("c1"))
        ann.create_chat(chat("gone"))
        ann.delete_chat("gone")
        self.assertEqual([row["synced"] for row in ann.get_sync_events("ann")], [0, 0])
        self.ann.ok("space", "mode", "talks", "hybrid")
        for client in (ann, bob):
            wait_until("both have it", lambda c=client: [
                row["synced"] for row in c.get_sync_events("ann")] == [1, 1])
        self.assertEqual(ann.get_sync_events("ann"), bob.get_sync_events("ann"))
        status = ann.status()
        self.assertEqual({**status, "lastSync": 0}, {
            "isOnline": True, "lastSync": 0, "pendingChanges": 0, "syncing": False, "error": None})
        self.assertIsInstance(status["lastSync"], int)


if __name__ == "__main__":
    unittest.main()
